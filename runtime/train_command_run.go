package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// Run trains a network as the command line says.  What comes out is told on
// out, progress on log.
func (c *TrainCommand) Run(ctx context.Context, p *TrainProgram, out, log io.Writer) (err error) {
	if err := c.Check(); err != nil {
		return err
	}
	var about strings.Builder // said when nothing is wrong
	data, test, err := c.open(p, log, &about)
	if err != nil {
		return err
	}
	defer func() {
		for _, d := range []*Dataset{data, test} {
			if d != nil {
				err = errors.Join(err, d.Close())
			}
		}
	}()
	t, err := c.trainer(p, &about)
	if err != nil {
		return err
	}
	defer t.Close()
	defer limitGarbage(t.Bytes())()
	o := FitOptions{
		Dir: c.Out, Epochs: c.epochs(), Steps: c.Steps, Seed: c.Seed, Test: test, EvalEvery: c.EvalEvery,
		EMA: c.EMA, EMAEvery: c.EMAEvery, Patience: c.Patience, SaveSteps: c.SaveSteps, Keep: c.Keep,
		Resume: c.Resume, Change: c.Change, Again: "the same command", Workers: c.Workers, Progress: log,
	}
	// The data may be fewer than a batch, which Fit refuses.
	if o.Schedule, err = c.schedule(max(1, stepsPerEpoch(data, c.Batch))); err != nil {
		return err
	}
	if data.formula == nil {
		if o.Augment, err = c.augment(data.Shape(), p.Input); err != nil {
			return err
		}
		fmt.Fprintf(&about, "%d pictures of %d classes in %s, %d steps an epoch", data.Len(), data.Classes(), c.Data, stepsPerEpoch(data, c.Batch))
		if test != nil {
			fmt.Fprintf(&about, ", %d to test", test.Len())
		}
		about.WriteByte('\n')
	}
	fmt.Fprintf(&about, "%s, %s: %s kernels, threads: %d, %.4g MB for a batch of %d", p.Name, p.Recipe, t.Kernels(), t.Threads(), float64(t.Bytes())/1e6, c.Batch)
	o.About = about.String()
	r, err := t.Fit(ctx, data, o)
	if err != nil {
		return err
	}
	if names := data.ClassNames(); names != nil {
		if _, err := newCheckpoints(c.Out).writeFile("labels.txt", func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Join(names, "\n")+"\n")
			return err
		}); err != nil {
			return err
		}
	}
	return c.report(out, r)
}

// limitGarbage lets a program that holds so many bytes leave no more than some
// 16 MiB to the garbage collector, and not as much again, which is what Go allows
// unless the environment says otherwise: nearly all that the program holds has no
// pointers, and to collect costs little.  It returns what undoes that.
func limitGarbage(held int) (undo func()) {
	const garbage = 16 << 20
	if os.Getenv("GOGC") != "" || held <= garbage {
		return func() {}
	}
	before := debug.SetGCPercent(max(1, 100*garbage/held))
	debug.FreeOSMemory() // of what it took to begin
	return func() { debug.SetGCPercent(before) }
}

// report says what has come out.
func (c *TrainCommand) report(w io.Writer, r FitResult) error {
	fmt.Fprintf(w, "%d steps", r.Step)
	if r.Loss != 0 { // a run that was complete already has taken none
		fmt.Fprintf(w, ", last loss %.6g", r.Loss)
	}
	weights := "weights in " + filepath.Join(c.Out, "final.safetensors")
	if r.Best != nil {
		fmt.Fprintf(w, "; test accuracy %.2f %%", 100*r.Best.Accuracy)
		if r.Test != nil && r.Test.Step != r.Best.Step {
			fmt.Fprintf(w, " at best, after step %d, %.2f %% at the end", r.Best.Step, 100*r.Test.Accuracy)
		}
		weights += " and best.safetensors"
	}
	_, err := fmt.Fprintf(w, "\n%s, curves in curves.svg\n", weights)
	return err
}

// open reads the data to learn from and to test with; nil for none.
func (c *TrainCommand) open(p *TrainProgram, log, about io.Writer) (data, test *Dataset, err error) {
	if c.Data == "formula" {
		return FormulaDataset(c.Salt, p.Input, p.Classes), nil, nil
	}
	o := PictureOptions{SkipCorrupt: c.SkipCorrupt, Warn: func(err error) { fmt.Fprintf(log, "skipped: %v\n", err) }}
	if data, err = OpenDataset(c.Data, "train", o); err != nil {
		return nil, nil, err
	}
	if c.Subset > 0 {
		data = data.Head(c.Subset)
	}
	switch c.Val {
	case "none":
		return data, nil, nil
	case "":
		if test, err = OpenDataset(c.Data, "test", o); errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(about, "%s has no test pictures: the training goes without (name some with -val)\n", c.Data)
			return data, nil, nil
		}
	default:
		test, err = OpenTestDataset(c.Val, o)
	}
	if err != nil {
		return nil, nil, errors.Join(err, data.Close())
	}
	if c.ValSubset > 0 {
		test = test.Head(c.ValSubset)
	}
	return data, test, nil
}

// trainer makes the trainer, with the parameters to begin with.
func (c *TrainCommand) trainer(p *TrainProgram, about io.Writer) (*Trainer, error) {
	var opts []Option
	if c.Threads > 0 {
		opts = append(opts, WithThreads(c.Threads))
	}
	if c.Kernels != "" {
		opts = append(opts, func(o *options) { o.kernels = c.Kernels })
	}
	t, err := NewTrainer(p, c.Batch, opts...)
	if err != nil {
		return nil, err
	}
	t.Initialize(c.Seed)
	if c.Params != "init" && c.Params != "" {
		err = t.loadFile(c.Params, about)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// loadFile takes the parameters from a file, but those of a classifier for
// another number of classes.
func (t *Trainer) loadFile(path string, about io.Writer) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	tensors, err := readTensors(b)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	parameters := t.Parameters()
	tensors = slices.DeleteFunc(tensors, func(x Tensor) bool {
		i := slices.IndexFunc(parameters, func(p Tensor) bool { return p.Name == x.Name })
		if i < 0 || len(x.Shape) == 0 || len(x.Shape) != len(parameters[i].Shape) || !slices.Equal(x.Shape[1:], parameters[i].Shape[1:]) {
			return false
		}
		if x.Shape[0] == parameters[i].Shape[0] || parameters[i].Shape[0] != t.Classes() {
			return false
		}
		fmt.Fprintf(about, "%s is for %d classes in %s, for %d here: it begins with random numbers\n", x.Name, x.Shape[0], path, t.Classes())
		parameters = slices.Delete(parameters, i, i+1)
		return true
	})
	if err := compareTensors("parameters", parameters, tensors); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return setTensors(t.SetParameter, tensors)
}
