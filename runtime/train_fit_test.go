package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func fitOptions(t testing.TB, dir string) FitOptions {
	return FitOptions{
		Dir: dir, Name: "blobs", Epochs: 4, Seed: 7,
		Schedule:   Schedule{Kind: "cosine", LR: 0.05, Total: 48, Warmup: 4},
		Augment:    Augment{Pad: 1, Flip: false, Jitter: ColorJitter{0.2, 0.2, 0.2, 0.1}},
		Preprocess: Preprocess{Mean: [3]float32{0.4, 0.4, 0.4}, Std: [3]float32{0.25, 0.25, 0.25}},
		Test:       blobs(t, 53, 99), EMA: 0.9, EMAEvery: 2, SaveSteps: 5, Keep: 100,
	}
}

func fitModel() *softmaxRegression { return newSoftmaxRegression(8, [3]int{3, 6, 6}, 4) }

// outcome is what a run must give again: final weights and best ones, every
// metric but the rate.
func outcome(t testing.TB, dir string) string {
	t.Helper()
	var s strings.Builder
	rows, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		r.Rate = 0
		fmt.Fprintf(&s, "%+v\n", r)
	}
	csv, err := os.ReadFile(filepath.Join(dir, "metrics.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(csv)) {
		s.WriteString(line[:strings.LastIndexByte(line, ',')] + "\n")
	}
	for _, name := range []string{"final.safetensors", "best.safetensors"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&s, "%s %x\n", name, b)
	}
	return s.String()
}

func TestFitLearns(t *testing.T) {
	dir := t.TempDir()
	o := fitOptions(t, dir)
	var lines strings.Builder
	o.Progress = &lines
	result, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Step != 48 || result.Best == nil || result.Best.Accuracy < 0.5 {
		t.Errorf("after %d steps %+v, want 48 with an accuracy above 0.5", result.Step, result.Best)
	}
	rows, err := ReadMetrics(dir)
	if err != nil || len(rows) != 48+4 || rows[12].Kind != "test" || rows[12].Epoch != 1 {
		t.Errorf("%d rows of metrics, %v, want 52", len(rows), err)
	}
	if !strings.Contains(lines.String(), "(best)") || strings.Contains(lines.String(), "\r") {
		t.Errorf("progress is %q", lines.String())
	}
	svg, err := os.ReadFile(filepath.Join(dir, "curves.svg"))
	if err != nil || !strings.Contains(string(svg), "blobs: loss") {
		t.Errorf("curves: %v", err)
	}
}

// TestFitResumes goes on from every checkpoint of a run, and gets its bits.
func TestFitResumes(t *testing.T) {
	dir := t.TempDir()
	data := blobs(t, 100, 1)
	if _, err := Fit(context.Background(), fitModel(), data, fitOptions(t, dir)); err != nil {
		t.Fatal(err)
	}
	want := outcome(t, dir)
	steps, _ := newCheckpoints(filepath.Join(dir, "checkpoints")).list()
	if len(steps) < 10 {
		t.Fatalf("checkpoints of steps %v, want 10 or more", steps)
	}
	for i := len(steps) - 1; i >= 0; i-- {
		o := fitOptions(t, dir)
		o.Resume = fmt.Sprint(steps[i])
		o.Workers = 1 + i%3
		if _, err := Fit(context.Background(), fitModel(), data, o); err != nil {
			t.Fatal(err)
		}
		if got := outcome(t, dir); got != want {
			t.Fatalf("from step %d:\n%.3000s\nwant\n%.3000s", steps[i], got, want)
		}
	}
}

// TestFitInterrupted ends the context in steps and between them.
func TestFitInterrupted(t *testing.T) {
	data := blobs(t, 100, 1)
	whole := t.TempDir()
	if _, err := Fit(context.Background(), fitModel(), data, fitOptions(t, whole)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		m := fitModel()
		m.onStep = func(step int) {
			if step == 6 {
				cancel()
			}
		}
		o := fitOptions(t, dir)
		o.Resume, o.Again = "auto", "resnetc train -resume last"
		result, err := Fit(ctx, m, data, o)
		cancel()
		if err == nil {
			if i != 6 {
				t.Errorf("%d interruptions, want 6", i)
			}
			break
		}
		if want := 7 * (i + 1); !errors.Is(err, ErrInterrupted) || result.Step != want || !strings.Contains(err.Error(), o.Again) {
			t.Fatalf("step %d, %v, want an interruption at step %d that says how to go on", result.Step, err, want)
		}
	}
	if got, want := outcome(t, dir), outcome(t, whole); got != want {
		t.Errorf("interrupted:\n%.3000s\nwant\n%.3000s", got, want)
	}
}

// momentless is a model whose optimizer keeps nothing.
type momentless struct{ *softmaxRegression }

func (momentless) OptimizerState() []Tensor { return nil }

func TestFitRefuses(t *testing.T) {
	dir := t.TempDir()
	o := fitOptions(t, dir)
	o.Epochs, o.Steps = 0, 10
	if _, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	o.Dir = other
	if _, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o); err != nil {
		t.Fatal(err)
	}
	o.Dir = dir
	cases := []struct {
		name   string
		model  Stepper
		data   *Dataset
		change func(*FitOptions)
		want   string
	}{
		{"again", nil, nil, func(o *FitOptions) { o.Resume = "" }, "already holds a run"},
		{"other pictures", nil, blobs(t, 100, 2), nil, "other contents, labels or order"},
		{"more pictures", nil, blobs(t, 101, 1), nil, "101 images, before 100"},
		{"other shape", newSoftmaxRegression(8, [3]int{3, 5, 5}, 4), nil, nil, "for images of 3×5×5, before blobs for images of 3×6×6"},
		{"classes", newSoftmaxRegression(8, [3]int{3, 6, 6}, 5), nil, nil, "has 4 classes, the network 5"},
		{"batch", newSoftmaxRegression(101, [3]int{3, 6, 6}, 4), nil, nil, "has 100 images, a batch takes 101"},
		{"other batch", newSoftmaxRegression(4, [3]int{3, 6, 6}, 4), nil, nil, "batch is 4, before 8"},
		{"seed", nil, nil, func(o *FitOptions) { o.Seed = 8 }, "seed is 8, before 7"},
		{"schedule", nil, nil, func(o *FitOptions) { o.Schedule.LR = 0.1 }, `"lr":0.1`},
		{"step", nil, nil, func(o *FitOptions) { o.Resume = "7" }, "has checkpoints of the steps"},
		{"resume", nil, nil, func(o *FitOptions) { o.Resume = "yesterday" }, "want last, auto"},
		{"nothing", nil, nil, func(o *FitOptions) { o.Dir = filepath.Join(t.TempDir(), "new") }, "nothing to resume"},
		{"nothing there", nil, nil, func(o *FitOptions) { o.Dir, o.Resume = filepath.Join(t.TempDir(), "new"), "3" }, "has no checkpoints"},
		{"another run", nil, nil, func(o *FitOptions) { o.Resume = filepath.Join(other, "checkpoints", "step-00000010.json") }, "no checkpoint of the run " + dir},
		{"no such run", nil, nil, func(o *FitOptions) { o.Resume = filepath.Join(other, "none", "step-00000010.json") }, "no such file"},
		{"optimizer", momentless{fitModel()}, nil, func(o *FitOptions) { o.Optimizer = "plain" }, `the optimizer is "plain", before "", which keeps other tensors`},
		{"negative", nil, nil, func(o *FitOptions) { o.EvalEvery = -2 }, "an evaluation every -2 epochs"},
		{"rate", nil, nil, func(o *FitOptions) { o.Schedule.LR = 0 }, "learning rate 0"},
		{"length", nil, nil, func(o *FitOptions) { o.Epochs = 3 }, "want one of them"},
		{"folder", nil, nil, func(o *FitOptions) { o.Dir = "" }, "no folder"},
		{"missing class", nil, nil, func(o *FitOptions) {
			o.Test = blobs(t, 20, 1)
			o.Test.classes, o.Test.count = []string{"a", "b", "c"}, 3
		}, "class 3, d, is missing"},
		{"class too many", nil, nil, func(o *FitOptions) {
			o.Test = blobs(t, 20, 1)
			o.Test.classes, o.Test.count = []string{"a", "b", "c", "d", "e"}, 5
		}, "class 4, e, is not in the training data"},
		{"class names", nil, nil, func(o *FitOptions) {
			o.Test = blobs(t, 20, 1)
			o.Test.classes = []string{"a", "b", "x", "d"}
		}, "class 2 is x, in the training data c"},
	}
	for _, c := range cases {
		o := o
		o.Resume = "last"
		if c.change != nil {
			c.change(&o)
		}
		if c.model == nil {
			c.model = fitModel()
		}
		if c.data == nil {
			c.data = blobs(t, 100, 1)
		}
		c.data.classes = []string{"a", "b", "c", "d"}
		if _, err := Fit(context.Background(), c.model, c.data, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if entries, err := os.ReadDir(o.Dir); strings.HasSuffix(o.Dir, "new") && err == nil {
			t.Errorf("%s: it left a folder with %v", c.name, entries)
		}
	}
	// A checkpoint of the run may be named by its path, by its file or by its step.
	for _, resume := range []string{filepath.Join(dir, "checkpoints", "step-00000010.json"), "step-00000010.json", "10"} {
		o := o
		o.Resume = resume
		if r, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o); err != nil || r.Step != 10 {
			t.Errorf("resume %s: step %d, %v", resume, r.Step, err)
		}
	}
	// A change of the recipe may be allowed, one of the network may not.
	for _, change := range []bool{false, true} {
		o := o
		o.Resume, o.Change, o.Network = "last", change, "1234"
		_, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o)
		if want := "of another network: it is blobs for images of 3×6×6 with other layers"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("another network, change %v: %v, want %q", change, err, want)
		}
		o.Name = "other"
		_, err = Fit(context.Background(), fitModel(), blobs(t, 100, 1), o)
		if want := "it is other for images of 3×6×6, before blobs"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("another name, change %v: %v, want %q", change, err, want)
		}
	}
	// The same seed with an allowed change goes on.
	o.Resume, o.Change, o.Seed, o.Steps = "last", true, 8, 12
	if r, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o); err != nil || r.Step != 12 {
		t.Errorf("changed: step %d, %v", r.Step, err)
	}
}

// TestFitOtherTest goes on with other test data: only where that is allowed, and
// then no result is compared with those before.
func TestFitOtherTest(t *testing.T) {
	o := fitOptions(t, t.TempDir())
	data := blobs(t, 100, 1)
	if _, err := Fit(context.Background(), fitModel(), data, o); err != nil {
		t.Fatal(err)
	}
	o.Resume, o.Epochs, o.Test = "last", 5, blobs(t, 53, 98)
	_, err := Fit(context.Background(), fitModel(), data, o)
	if err == nil || !strings.Contains(err.Error(), "the test data are not those of the checkpoint: blobs now has as many pictures") {
		t.Errorf("other test data: %v", err)
	}
	none := o
	none.Test = nil
	if _, err := Fit(context.Background(), fitModel(), data, none); err == nil || !strings.Contains(err.Error(), "there are none, before 53 images") {
		t.Errorf("no test data: %v", err)
	}
	o.Change = true
	r, err := Fit(context.Background(), fitModel(), data, o)
	if err != nil || r.Best == nil || r.Best.Step < 48 {
		t.Errorf("best %+v, %v, want one on the new test data", r.Best, err)
	}
}

func TestFitNotFinite(t *testing.T) {
	o := fitOptions(t, t.TempDir())
	m := fitModel()
	m.onStep = func(step int) {
		if step == 8 {
			m.b[1] = float32(math.NaN())
		}
	}
	_, err := Fit(context.Background(), m, blobs(t, 100, 1), o)
	if err == nil || !strings.Contains(err.Error(), "linear.") || !strings.Contains(err.Error(), "step 9") || !strings.Contains(err.Error(), "step-00000005.json") {
		t.Errorf("%v, want step 9, the parameter and the last checkpoint", err)
	}
	rows, err := ReadMetrics(o.Dir)
	if err != nil || len(rows) != 9 || !math.IsNaN(rows[8].Loss) {
		t.Errorf("%d rows, %v, want 9 with a loss that is not a number", len(rows), err)
	}
	o.Resume = "last"
	if _, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o); err != nil {
		t.Errorf("resumed: %v", err)
	}
}

func TestFitPatience(t *testing.T) {
	o := fitOptions(t, t.TempDir())
	o.Patience, o.Epochs = 2, 50
	o.Schedule = Schedule{Kind: "constant", LR: 1e-30} // nothing improves
	for _, resume := range []string{"", "last"} {
		o.Resume = resume
		r, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o)
		if err != nil || r.Stopped == "" || r.Step != 36 || r.Best.Step != 12 {
			t.Errorf("%+v, %v, want a stop after 3 epochs of 12 steps", r, err)
		}
	}
}

func TestFitFormula(t *testing.T) {
	o := FitOptions{Dir: t.TempDir(), Steps: 5, Schedule: Schedule{Kind: "constant", LR: 0.1}}
	d := FormulaDataset("", [3]int{3, 6, 6}, 4)
	if _, err := Fit(context.Background(), fitModel(), d, o); err != nil {
		t.Fatal(err)
	}
	rows, err := ReadMetrics(o.Dir)
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v, want 5", len(rows), err)
	}
	o.Dir, o.Test, o.Preprocess = t.TempDir(), d, rawPixels
	if _, err := Fit(context.Background(), fitModel(), d, o); err == nil || !strings.Contains(err.Error(), "no end") {
		t.Errorf("a formula as test data: %v", err)
	}
}

// TestInterruptible sends the process the signal of Ctrl-C.
func TestInterruptible(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send itself the signal of Ctrl-C here")
	}
	ctx, stop := Interruptible(context.Background())
	defer stop()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	m := fitModel()
	m.onStep = func(step int) {
		if step == 2 {
			if err := self.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
		}
	}
	r, err := Fit(ctx, m, blobs(t, 100, 1), fitOptions(t, t.TempDir()))
	if !errors.Is(err, ErrInterrupted) || r.Step != 3 {
		t.Errorf("step %d, %v, want an interruption after step 3", r.Step, err)
	}
}

// brokenStepper fails at a step.
type brokenStepper struct{ *softmaxRegression }

func (b brokenStepper) Step(images []float32, labels []int32, lr float32) (float32, error) {
	if b.steps == 7 {
		return 0, errors.New("layer3.0.conv1: out of luck")
	}
	return b.softmaxRegression.Step(images, labels, lr)
}

func (brokenStepper) NonFinite() string { return "layer3.0.bn1" }

func TestFitStepFails(t *testing.T) {
	o := fitOptions(t, t.TempDir())
	_, err := Fit(context.Background(), brokenStepper{fitModel()}, blobs(t, 100, 1), o)
	if err == nil || !strings.Contains(err.Error(), "step 8: layer3.0.conv1") {
		t.Errorf("%v, want step 8 and the layer", err)
	}
	o.Resume = "last"
	m := fitModel()
	m.onStep = func(int) { m.w[0] = float32(math.Inf(1)) }
	if _, err := Fit(context.Background(), brokenStepper{m}, blobs(t, 100, 1), o); err == nil || !strings.Contains(err.Error(), "layer3.0.bn1") {
		t.Errorf("%v, want the layer that the stepper names", err)
	}
}

// TestFitFullDisk fills the disk in the middle of a run: it ends with an error,
// and goes on from the last good checkpoint when there is room again.
func TestFitFullDisk(t *testing.T) {
	data := blobs(t, 100, 1)
	whole, dir := t.TempDir(), t.TempDir()
	if _, err := Fit(context.Background(), fitModel(), data, fitOptions(t, whole)); err != nil {
		t.Fatal(err)
	}
	f, err := newFitting(fitModel(), data, fitOptions(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.start(); err != nil {
		t.Fatal(err)
	}
	left := 60_000
	create := f.saved.create
	f.saved.create = func(dir, pattern string) (syncedFile, error) {
		file, err := create(dir, pattern)
		return fullDisk{file, &left}, err
	}
	err = f.run(context.Background())
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the last checkpoint is ") {
		t.Fatalf("%v, want no space left and the last checkpoint", err)
	}
	if err := f.finish(err); err != nil {
		t.Fatal(err)
	}
	o := fitOptions(t, dir)
	o.Resume = "last"
	if _, err := Fit(context.Background(), fitModel(), data, o); err != nil {
		t.Fatal(err)
	}
	if got, want := outcome(t, dir), outcome(t, whole); got != want {
		t.Errorf("after a full disk:\n%.3000s\nwant\n%.3000s", got, want)
	}
}
