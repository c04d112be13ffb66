package runtime

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"testing"
	"time"
)

// readableModel copies its parameters, as a compiled trainer does.
type readableModel struct{ *softmaxRegression }

func (m readableModel) ReadParameter(i int, dst []float32) {
	copy(dst, [][]float32{m.w, m.b, m.mean}[i])
}

// TestFitAllocates wants steps that allocate nothing, with averages of the
// weights and without.
func TestFitAllocates(t *testing.T) {
	for _, decay := range []float64{0, 0.9} {
		o := fitOptions(t, t.TempDir())
		o.EMA, o.EMAEvery, o.Epochs = decay, 1, 1000
		f, err := newFitting(readableModel{fitModel()}, blobs(t, 100, 1), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.start(); err != nil {
			t.Fatal(err)
		}
		l := newLoader(f.data, f.s.InputShape(), loaderOptions{Augment: o.Augment, Preprocess: o.Preprocess, Batch: f.s.Batch(), Training: true})
		if n := testing.AllocsPerRun(100, func() { err = errors.Join(err, f.one(l)) }); n != 0 || err != nil {
			t.Errorf("%v allocations for a step with averages of decay %v, %v", n, decay, err)
		}
		l.stop()
		if err := f.metrics.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFitAverages wants the same averages of a model that copies its parameters
// and of one that shows them.
func TestFitAverages(t *testing.T) {
	var want string
	for _, m := range []Stepper{fitModel(), readableModel{fitModel()}} {
		dir := t.TempDir()
		if _, err := Fit(context.Background(), m, blobs(t, 100, 1), fitOptions(t, dir)); err != nil {
			t.Fatal(err)
		}
		got := outcome(t, dir)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%.3000s\nwant\n%.3000s", got, want)
		}
	}
}

// countingFS counts the files that are opened.
type countingFS struct {
	fs.FS
	opened atomic.Int64
}

func (c *countingFS) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	return c.FS.Open(name)
}

// TestFitOverlaps lets every step wait until the pictures of the next two have
// been opened, which nobody does if loading waits for the step.
func TestFitOverlaps(t *testing.T) {
	const steps, batch = 6, 2
	data, err := OpenDataset(writeFolder(t, photoFiles(t)), "train", PictureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	counter := &countingFS{FS: data.pictures.tree.fsys}
	data.pictures.tree.fsys = counter
	m := newSoftmaxRegression(batch, [3]int{3, 6, 8}, 2)
	m.onStep = func(step int) {
		for deadline := time.Now().Add(10 * time.Second); counter.opened.Load() < int64(batch*(step+3)); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("in step %d %d pictures have been opened, want those of two more steps", step, counter.opened.Load())
			}
		}
	}
	for _, workers := range []int{1, 2} {
		counter.opened.Store(0)
		m.steps = 0
		o := FitOptions{Dir: t.TempDir(), Steps: steps, Workers: workers, Schedule: Schedule{Kind: "constant", LR: 0.01}, Preprocess: rawPixels}
		if _, err := Fit(context.Background(), m, data, o); err != nil {
			t.Fatal(err)
		}
	}
}
