package progress

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar shows the progress of one job.
type Bar struct {
	bar   *progressbar.ProgressBar // nil where there is no terminal
	start time.Time
	delay time.Duration
	done  int
	shown bool
}

// New makes a bar of total steps that appears on out once the job has taken
// longer than delay.  Where out is no terminal it never does.
func New(out *os.File, total int, delay time.Duration) *Bar {
	b := &Bar{start: time.Now(), delay: delay}
	if term.IsTerminal(int(out.Fd())) {
		b.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(out),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionShowCount())
	}
	return b
}

// Terminal says whether anybody may see the bar.
func (b *Bar) Terminal() bool { return b.bar != nil }

// Step says that the next step, which is called name, begins.
func (b *Bar) Step(name string) {
	b.done++
	if b.bar != nil && time.Since(b.start) > b.delay {
		b.shown = true
		b.bar.Describe(name)
		// A terminal that cannot be written to is no reason to stop.
		_ = b.bar.Set(b.done - 1)
	}
}

// Close takes the bar off the terminal; a second call does nothing.
func (b *Bar) Close() {
	if b.shown {
		b.shown = false
		_ = b.bar.Clear()
	}
}
