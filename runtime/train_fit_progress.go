package runtime

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// progress tells a person how far the training is: one line that changes on a
// terminal, a line every ten seconds and after each evaluation elsewhere.
type progress struct {
	w        io.Writer // nil for nobody
	terminal bool
	columns  int
	begin    time.Time
	first    int // the step that it began with
	shown    time.Time
	// Means over the last steps, which weigh less and less.
	loss, accuracy float64
	steps          int
}

func newProgress(w io.Writer, f *fitting) *progress {
	p := &progress{w: w, begin: time.Now(), first: f.step, columns: 80}
	p.shown = p.begin
	if file, ok := w.(*os.File); ok && os.Getenv("TERM") != "dumb" {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		p.columns = n
	}
	if f.o.About != "" {
		p.line("%s", f.o.About)
	}
	if f.step > 0 {
		p.line("going on after step %d of %d", f.step, f.total)
	}
	return p
}

// line prints a line that stays, above the bar.
func (p *progress) line(format string, args ...any) {
	if p.w == nil {
		return
	}
	if p.terminal {
		io.WriteString(p.w, "\r\x1b[K") // clears the bar
	}
	fmt.Fprintf(p.w, format+"\n", args...)
}

// step shows a step, unless it comes too soon after the last one shown.
func (p *progress) step(f *fitting, row Metric) {
	if p.w == nil {
		return
	}
	p.steps++
	part := max(0.02, 1/float64(p.steps)) // a mean of about 50 steps
	p.loss += part * (row.Loss - p.loss)
	p.accuracy += part * (row.Accuracy - p.accuracy)
	now := time.Now()
	every := lineEvery
	if p.terminal {
		every = barEvery
	}
	if now.Sub(p.shown) < every && !(p.terminal && f.step == f.total) {
		return
	}
	p.shown = now
	status := p.status(f, now)
	if !p.terminal {
		p.line("%s", status)
		return
	}
	io.WriteString(p.w, "\r"+bar(f.step, f.total, p.columns-1-len([]rune(status))-1)+" "+status+"\x1b[K")
}

// status is where the training is.
func (p *progress) status(f *fitting, now time.Time) string {
	elapsed := now.Sub(p.begin).Seconds()
	done := f.step - p.first
	rate := float64(done*f.s.Batch()) / max(elapsed, 1e-9)
	left := time.Duration(elapsed / float64(max(done, 1)) * float64(f.total-f.step) * float64(time.Second))
	where := fmt.Sprintf("step %d/%d", f.step, f.total)
	if f.data.formula == nil && f.perEpoch > 1 && f.o.Steps == 0 {
		where = fmt.Sprintf("epoch %.2f/%d", f.epochs(), f.o.Epochs)
	}
	return fmt.Sprintf("%s  loss %.4f  acc %.1f%%  %.0f img/s  %s left", where, p.loss, 100*p.accuracy, rate, short(left))
}

// bar is a bar of n characters, of the eighths that Unicode has; "" where
// there is no room.
func bar(done, total, n int) string {
	if n = min(n, 30) - 2; n < 3 {
		return ""
	}
	eighths := 8 * n * done / max(total, 1)
	s := strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[part-1])
	}
	return "▕" + s + strings.Repeat(" ", n-len([]rune(s))) + "▏"
}

// short is a duration in two units.
func short(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d/time.Hour%24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d/time.Minute%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d/time.Second%60)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// evaluation shows a result on the test data.
func (p *progress) evaluation(f *fitting, e *BestEvaluation, better bool) {
	mark := ""
	if better {
		mark = "  (best)"
	}
	p.line("epoch %.4g  step %d  train loss %.4f acc %.1f%%  test loss %.4f acc %.2f%%%s",
		f.epochs(), f.step, p.loss, 100*p.accuracy, e.Loss, 100*e.Accuracy, mark)
}

// end says what came out.
func (p *progress) end(f *fitting, failed error) {
	switch {
	case failed != nil:
		p.line("stopped after step %d of %d", f.step, f.total)
	case f.stopped != "":
		p.line("stopped early after step %d: %s", f.step, f.stopped)
	default:
		p.line("done: %d steps in %s", f.step-p.first, short(time.Since(p.begin)))
	}
}
