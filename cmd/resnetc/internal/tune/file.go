package tune

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
)

// Settings are what times in a file depend on beside the layer.
type Settings struct {
	Network string
	CPU     string
	Kernels string
	Threads string
	Batch   string
	Weights string // f32 or f16
	Exact   string // yes or no
	Code    string
}

// fields gives the settings by their names in a file.
func (s *Settings) fields() []setting {
	return []setting{
		{"network", &s.Network}, {"cpu", &s.CPU}, {"kernels", &s.Kernels},
		{"threads", &s.Threads}, {"batch", &s.Batch}, {"weights", &s.Weights},
		{"exact", &s.Exact}, {"code", &s.Code},
	}
}

type setting struct {
	name  string
	value *string
}

// Line is what was found out about a convolution.
type Line struct {
	Key    string // of passes.ConvKey
	Choice passes.Choice
	Time   time.Duration
	// What the cost model chooses, and how long that takes.
	Model     passes.Choice
	ModelTime time.Duration

	Number int // in the file
}

// File is what a tuning file says.
type File struct {
	Path string
	Settings
	Lines []Line
}

// Line gives the line for a key, or nil.
func (f *File) Line(key string) *Line {
	for i := range f.Lines {
		if f.Lines[i].Key == key {
			return &f.Lines[i]
		}
	}
	return nil
}

// Empty reports whether the file says nothing.
func (f *File) Empty() bool { return f.Settings == Settings{Exact: "no"} && len(f.Lines) == 0 }

// Differences lists in what the file's settings differ from others, without what
// either does not say.
func (f *File) Differences(from Settings) (list []string) {
	for i, s := range f.fields() {
		if now := *from.fields()[i].value; now != "" && *s.value != "" && *s.value != now {
			list = append(list, fmt.Sprintf("%s %s, not %s", s.name, *s.value, now))
		}
	}
	return list
}

// Choices gives the choices by key, for passes.Options.
func (f *File) Choices() map[string]passes.Choice {
	m := map[string]passes.Choice{}
	for _, l := range f.Lines {
		m[l.Key] = l.Choice
	}
	return m
}

// ReadFile reads the named file.  Errors tell the file and the line.
func ReadFile(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// Parse reads a tuning file: settings, "name: value", and lines of seven words,
// those of [Line].  What begins with # and what is empty does not count.  A file
// that does not say whether it is exact is not.
func Parse(path string, text []byte) (*File, error) {
	f := &File{Path: path, Settings: Settings{Exact: "no"}}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		words := strings.Fields(string(line))
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if err := f.parseLine(words, number); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
	return f, nil
}

func (f *File) parseLine(words []string, number int) error {
	if name, ok := strings.CutSuffix(words[0], ":"); ok {
		for _, s := range f.fields() {
			if s.name == name {
				*s.value = strings.Join(words[1:], " ")
				return nil
			}
		}
		return fmt.Errorf("unknown setting %q", name)
	}
	if len(words) != 7 {
		return fmt.Errorf("%d words, want 7: convolution, algorithm, schedule, ms, and algorithm, schedule, ms of the cost model's choice", len(words))
	}
	l := Line{Key: words[0], Number: number}
	var err, modelErr error
	l.Choice, l.Time, err = parseChoice(words[1:4])
	l.Model, l.ModelTime, modelErr = parseChoice(words[4:7])
	if err := cmp.Or(err, modelErr); err != nil {
		return err
	}
	if before := f.Line(l.Key); before != nil {
		return fmt.Errorf("%s again, it is in line %d already", l.Key, before.Number)
	}
	f.Lines = append(f.Lines, l)
	return nil
}

// parseChoice reads an algorithm, a schedule and milliseconds.
func parseChoice(words []string) (passes.Choice, time.Duration, error) {
	c := passes.Choice{Algorithm: words[0], Schedule: words[1]}
	s, err := ir.ParseSchedule(c.Schedule)
	if err != nil {
		return c, 0, err
	}
	a, ok := ir.FindAlgorithm(c.Algorithm)
	if !ok {
		return c, 0, fmt.Errorf("unknown algorithm %q, want one of %s", c.Algorithm, ir.AlgorithmNames())
	}
	if s.Winograd() != (a.Tile > 0) {
		return c, 0, fmt.Errorf("schedule %q is not one of algorithm %s", c.Schedule, c.Algorithm)
	}
	ms, err := strconv.ParseFloat(words[2], 64)
	if err != nil || !(ms >= 0 && ms < 1e9) {
		return c, 0, fmt.Errorf("time %q, want milliseconds", words[2])
	}
	return c, time.Duration(ms * 1e6), nil
}

// Write writes the file's text form.
func (f *File) Write(w io.Writer) error {
	if _, err := fmt.Fprintln(w, "# How to compute each convolution, as resnetc tune measured it: resnetc compile -tune reads this.\n"+
		"# Any line may be left out; then the cost model decides."); err != nil {
		return err
	}
	for _, s := range f.fields() {
		fmt.Fprintf(w, "%s: %s\n", s.name, *s.value)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\n# convolution\talgorithm\tschedule\tms\tcost model's\tschedule\tms\n")
	for _, l := range f.Lines {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Key, l.Choice.Algorithm, l.Choice.Schedule, ms(l.Time),
			l.Model.Algorithm, l.Model.Schedule, ms(l.ModelTime))
	}
	return t.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.4f", float64(d.Nanoseconds())/1e6) }
