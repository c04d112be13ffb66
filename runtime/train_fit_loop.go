package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"
)

// run takes steps until the training ends.  A checkpoint is the state between
// two turns of the loop, so that a resumed run begins with what would have come.
func (f *fitting) run(ctx context.Context) error {
	l := newLoader(f.data, f.s.InputShape(), loaderOptions{
		Augment: f.o.Augment, Preprocess: f.o.Preprocess, Seed: f.o.Seed,
		Batch: f.s.Batch(), Training: true, From: f.step, Workers: f.o.Workers,
	})
	defer l.stop()
	for {
		better := false
		if f.evaluationDue() {
			var err error
			f.savedAt = min(f.savedAt, f.step-1) // what is saved lacks the result
			if better, err = f.evaluate(ctx); err != nil && !errors.Is(err, ErrInterrupted) {
				return err
			}
		}
		interrupted := ctx.Err() != nil
		done := f.step >= f.total || f.stopped != ""
		if (better || done || interrupted || f.saveDue()) && f.savedAt != f.step {
			if err := f.save(); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
		if interrupted {
			return f.interruption()
		}
		if err := f.one(l); err != nil {
			return err
		}
	}
}

// evaluationDue says whether the test data come next.
func (f *fitting) evaluationDue() bool {
	if f.o.Test == nil || f.step == 0 || f.evaluated == f.step {
		return false
	}
	return f.step%(f.perEpoch*f.o.EvalEvery) == 0 || f.step >= f.total
}

func (f *fitting) saveDue() bool {
	switch {
	case f.step == 0:
		return false
	case f.o.SaveSteps > 0:
		return f.step%f.o.SaveSteps == 0
	}
	return f.data.formula == nil && f.step%f.perEpoch == 0
}

// one takes a step.
func (f *fitting) one(l *loader) error {
	begin := time.Now()
	b, err := l.next()
	if err != nil {
		return err
	}
	rate := f.o.Schedule.At(f.step)
	loss, err := f.s.Step(b.images, b.labels, rate)
	if err != nil {
		return fmt.Errorf("step %d: %w", f.step+1, err)
	}
	f.loss = float64(loss)
	accuracy := float64(countRight(f.s.Logits(), b.labels, f.s.Classes())) / float64(len(b.labels))
	l.release(b)
	f.step++
	now := time.Now()
	row := Metric{
		Kind: "train", Step: f.step, Epoch: f.epochs(), Loss: f.loss, Accuracy: accuracy,
		LR: float64(rate), Rate: float64(len(b.labels)) / max(now.Sub(begin).Seconds(), 1e-9),
	}
	if err := f.metrics.add(row); err != nil {
		return err
	}
	if now.Sub(f.flushed) > time.Second { // for those who look on
		f.flushed = now
		if err := f.metrics.flush(false); err != nil {
			return err
		}
	}
	if !finite(f.loss) {
		return f.notFinite()
	}
	if f.average != nil && f.step%f.o.EMAEvery == 0 {
		f.average.update(f.s)
	}
	f.progress.step(f, row)
	return nil
}

// epochs is how many epochs are done, with fractions.
func (f *fitting) epochs() float64 {
	if f.data.formula != nil {
		return 0
	}
	return float64(f.step) / float64(f.perEpoch)
}

// countRight is the number of rows whose largest logit is the label's, the
// first one of equals.
func countRight(logits []float32, labels []int32, classes int) int {
	right := 0
	for i, label := range labels {
		row := logits[i*classes:][:classes]
		best := 0
		for c, v := range row {
			if v > row[best] {
				best = c
			}
		}
		if best == int(label) {
			right++
		}
	}
	return right
}

// notFinite says where a loss that is not a number came from.
func (f *fitting) notFinite() error {
	if finder, ok := f.s.(NonFiniteFinder); ok {
		if layer := finder.NonFinite(); layer != "" {
			return f.diverged("the first layer with values that are not finite is " + layer)
		}
	}
	name, largest := extreme(f.s.Parameters(), f.s.OptimizerState())
	if !finite(largest) {
		return f.diverged("the first parameter with values that are not finite is " + name)
	}
	return f.diverged(fmt.Sprintf("all parameters are finite, the largest magnitude is in %s (%g)", name, largest))
}

// extreme names the first tensor with a value that is not finite, or the one
// with the largest magnitude.
func extreme(lists ...[]Tensor) (name string, magnitude float64) {
	magnitude = -1
	for _, list := range lists {
		for _, t := range list {
			for _, v := range t.Data {
				m := math.Abs(float64(v))
				if !finite(m) {
					return t.Name, m
				}
				if m > magnitude {
					name, magnitude = t.Name, m
				}
			}
		}
	}
	return name, magnitude
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func (f *fitting) diverged(where string) error {
	return fmt.Errorf("the loss of step %d is %v: %s; try a smaller learning rate (now %g), a warm-up or gradient clipping%s",
		f.step, f.loss, where, f.o.Schedule.At(f.step-1), f.lastGood())
}

// lastGood names the checkpoint to go back to.
func (f *fitting) lastGood() string {
	if f.savedAt < 0 {
		return ""
	}
	return "; the last checkpoint is " + filepath.Join(f.saved.dir, checkpointName(f.savedAt)+".json")
}

// save writes a checkpoint.
func (f *fitting) save() error {
	if err := f.metrics.flush(true); err != nil { // the rows before the state that claims them
		return err
	}
	state := TrainState{
		Step: f.step, Epoch: f.step / f.perEpoch, Recipe: f.recipe, Network: f.network, Data: f.data.Fingerprint(), Test: f.testFingerprint(),
		Best: f.best, Evaluated: f.evaluated, Stale: f.stale,
	}
	parameters := f.s.Parameters()
	if name, v := extreme(parameters); !finite(v) {
		return f.diverged("the update left values that are not finite in " + name)
	}
	rest := prefixTensors(f.s.OptimizerState(), optimizerPrefix)
	if f.average != nil {
		rest = append(rest, prefixTensors(f.average.tensors, averagePrefix)...)
	}
	if _, err := f.saved.save(state, parameters, rest); err != nil {
		return fmt.Errorf("saving step %d: %w%s", f.step, err, f.lastGood())
	}
	f.savedAt = f.step
	best := -1
	if f.best != nil {
		best = f.best.Step
	}
	if err := f.saved.prune(f.step, f.o.Keep, best); err != nil {
		return fmt.Errorf("removing old checkpoints: %w", err)
	}
	return nil
}

// interruption says how to go on.
func (f *fitting) interruption() error {
	again := "the same options and Resume \"last\""
	if f.o.Again != "" {
		again = f.o.Again
	}
	return fmt.Errorf("%w after step %d of %d, which is saved; go on with: %s", ErrInterrupted, f.step, f.total, again)
}
