package runtime

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// start makes the folder, or goes back to a checkpoint.
func (f *fitting) start() (err error) {
	f.saved = newCheckpoints(filepath.Join(f.o.Dir, "checkpoints"))
	if _, err := f.resumeStep(); err != nil {
		return err // before there is a folder
	}
	if err := os.MkdirAll(f.o.Dir, 0o777); err != nil {
		return err
	}
	if f.unlock, err = lockRun(f.o.Dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.unlock())
		}
	}()
	step, err := f.resumeStep() // another process may have come further meanwhile
	if err != nil {
		return err
	}
	if step >= 0 {
		if err := f.resume(step); err != nil {
			return err
		}
	}
	if c, ok := f.s.(StepCounter); ok {
		c.SetSteps(f.step)
	}
	if f.metrics, err = openMetrics(f.o.Dir, f.step, f.evaluated == f.step); err != nil {
		return err
	}
	f.progress = newProgress(f.o.Progress, f)
	return nil
}

// resumeStep is the checkpoint to go on from, -1 for a new beginning.
func (f *fitting) resumeStep() (int, error) {
	steps, err := f.saved.list()
	if err != nil {
		return 0, err
	}
	last := -1
	if len(steps) > 0 {
		last = steps[len(steps)-1]
	}
	switch f.o.Resume {
	case "":
		if _, err := os.Stat(filepath.Join(f.o.Dir, "metrics.jsonl")); err == nil || last >= 0 {
			return 0, fmt.Errorf("%s already holds a run: resume it (-resume last), or choose another folder", f.o.Dir)
		}
		return -1, nil
	case "auto":
		return last, nil
	case "last":
		if last < 0 {
			return 0, fmt.Errorf("nothing to resume: there is no checkpoint in %s", f.saved.dir)
		}
		return last, nil
	}
	if dir := filepath.Dir(f.o.Resume); dir != "." {
		there, err := os.Stat(dir)
		if err != nil {
			return 0, fmt.Errorf("resume from %q: %w", f.o.Resume, err)
		}
		if own, err := os.Stat(f.saved.dir); err != nil || !os.SameFile(there, own) {
			return 0, fmt.Errorf("resume from %q: that is no checkpoint of the run %s: go on in its own folder (-o), or begin a new run with its weights (-params, the file .safetensors beside it)", f.o.Resume, f.o.Dir)
		}
	}
	name := strings.TrimSuffix(filepath.Base(f.o.Resume), filepath.Ext(f.o.Resume))
	step, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(name, ".state"), "step-"))
	if err != nil {
		return 0, fmt.Errorf("resume from %q: want last, auto, the number of a step or a file step-N.json", f.o.Resume)
	}
	for _, s := range steps {
		if s == step {
			return step, nil
		}
	}
	if len(steps) == 0 {
		return 0, fmt.Errorf("resume from %q: %s has no checkpoints", f.o.Resume, f.saved.dir)
	}
	return 0, fmt.Errorf("resume from %q: %s has checkpoints of the steps %v", f.o.Resume, f.saved.dir, steps)
}

// resume puts everything back as it was after a step.
func (f *fitting) resume(step int) error {
	state, weights, rest, err := f.saved.load(step)
	if err != nil {
		if others := f.saved.whole(step); len(others) > 0 {
			err = fmt.Errorf("%w; the checkpoints of the steps %v are whole: -resume goes on from one of them", err, others)
		}
		return err
	}
	if d := f.network.difference(state.Network); d != "" {
		return fmt.Errorf("the checkpoint is of another network: it is %s; choose another folder (-o), or the same network", d)
	}
	parameters, optimizer := f.s.Parameters(), f.s.OptimizerState()
	momentum, averages := splitTensors(rest, optimizerPrefix), splitTensors(rest, averagePrefix)
	if err := compareTensors("weights", parameters, weights); err != nil {
		return err
	}
	if d := f.data.Fingerprint().difference(state.Data); d != "" {
		return fmt.Errorf("the data are not those of the checkpoint: %s now has %s", f.data.name, d)
	}
	if err := compareTensors("optimizer state", optimizer, momentum); err != nil {
		if f.recipe.Optimizer != state.Recipe.Optimizer {
			return fmt.Errorf("the optimizer is %q, before %q, which keeps other tensors: give the same, or begin a new run, in another folder, with the weights (-params %s)",
				f.recipe.Optimizer, state.Recipe.Optimizer, filepath.Join(f.saved.dir, checkpointName(step)+".safetensors"))
		}
		return err
	}
	if d := f.recipe.difference(state.Recipe); d != "" && !f.o.Change {
		return fmt.Errorf("not the recipe of the checkpoint: %s; give the same, or allow a change (-change)", d)
	}
	if err := f.compareTest(&state); err != nil {
		return err
	}
	if err := setTensors(f.s.SetParameter, weights); err != nil {
		return err
	}
	if err := setTensors(f.s.SetOptimizerState, momentum); err != nil {
		return err
	}
	if f.average != nil {
		f.average = newWeightAverage(f.o.EMA, weights) // of a changed recipe
		if len(averages) > 0 {
			if err := compareTensors("averages", parameters, averages); err != nil {
				return err
			}
			f.average.tensors = averages
		}
	}
	f.step, f.savedAt, f.evaluated, f.stale, f.best = state.Step, state.Step, state.Evaluated, state.Stale, state.Best
	f.losePatience()
	return nil
}

// testFingerprint identifies the test data; nil for none.
func (f *fitting) testFingerprint() *DataFingerprint {
	if f.o.Test == nil {
		return nil
	}
	print := f.o.Test.Fingerprint()
	return &print
}

// compareTest makes sure that results on the test data can be compared with
// those of the checkpoint, or with Change forgets those.
func (f *fitting) compareTest(state *TrainState) error {
	if state.Test == nil {
		return nil
	}
	d := "there are none, before " + strconv.Itoa(state.Test.Images) + " images"
	if now := f.testFingerprint(); now != nil {
		if d = now.difference(*state.Test); d == "" {
			return nil
		}
		d = f.o.Test.name + " now has " + d
	}
	if !f.o.Change {
		return fmt.Errorf("the test data are not those of the checkpoint: %s; results would not compare: give the same, or begin to look for the best step anew (-change)", d)
	}
	state.Best, state.Stale, state.Evaluated = nil, 0, 0
	return nil
}

// finish closes the files, and writes what a run leaves behind.
func (f *fitting) finish(failed error) (err error) {
	defer func() { err = errors.Join(err, f.unlock()) }()
	f.progress.end(f, failed)
	if err := f.metrics.close(); err != nil {
		return err
	}
	err = DrawCurves(f.o.Dir, f.o.Name)
	if failed != nil {
		return err
	}
	final := f.s.Parameters()
	if f.average != nil {
		final = f.average.tensors
	}
	files := newCheckpoints(f.o.Dir)
	write := func(name string, tensors []Tensor) error {
		_, err := files.writeFile(name, func(w io.Writer) error { return writeTensors(w, tensors) })
		return err
	}
	err = errors.Join(err, write("final.safetensors", final))
	if f.best == nil {
		return err
	}
	_, weights, rest, berr := f.saved.load(f.best.Step)
	if errors.Is(berr, fs.ErrNotExist) { // it was removed before the run went back
		f.progress.line("the checkpoint of the best step, %d, is gone: best.safetensors is not written", f.best.Step)
		return err
	}
	if berr != nil {
		return errors.Join(err, berr)
	}
	if averages := splitTensors(rest, averagePrefix); len(averages) > 0 {
		weights = averages
	}
	return errors.Join(err, write("best.safetensors", weights))
}
