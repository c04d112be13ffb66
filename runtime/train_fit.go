package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// FitOptions say how a network is trained.  The zero value of a field is its
// default, where one is named.
type FitOptions struct {
	Dir  string // of the run: metrics, checkpoints, curves and final weights
	Name string // of the network, for titles; "training" without it

	Epochs int // over the data
	Steps  int // in place of Epochs
	Seed   uint64

	Schedule   Schedule
	Augment    Augment
	Preprocess Preprocess // mean and standard deviation, of test pictures also resize and crop
	// Optimizer describes what the compiled step does with gradients: a
	// checkpoint of another description is not gone on with.
	Optimizer string
	// Network identifies what the network computes: a checkpoint of another is
	// not gone on with.
	Network string

	Test      *Dataset // evaluated after every EvalEvery epochs, and at the end; nil for none
	EvalEvery int      // 1

	// EMA is the decay of exponential averages of the weights, taken every
	// EMAEvery steps (1); 0 for none.  Where there are averages, they are what
	// is evaluated, and saved at the end.
	EMA      float64
	EMAEvery int
	// Patience is after how many evaluations without a better accuracy the
	// training stops; 0 for never.
	Patience int

	SaveSteps int // a checkpoint every so many steps; 0 for one after each epoch
	Keep      int // checkpoints to keep beside the best one; 3
	// Resume goes on from "last", a step's number, or the path of a checkpoint
	// (step-N.json) in Dir; "" begins anew, in a folder without a run.  With
	// "auto" it is "last" if there is one, and a beginning if not.
	Resume string
	// Change lets a resumed run go on with another recipe (seed, augmentation,
	// schedule …) than its checkpoint's, and with other test data, which begin
	// to tell the best step anew; never with another network or other data to
	// learn from.
	Change bool
	// Again is the command that goes on with the run, for messages.
	Again string

	Workers  int       // goroutines that prepare data; half of the processors
	Progress io.Writer // nil for none: a bar on a terminal, lines elsewhere
	About    string    // what Progress begins with
}

// ErrInterrupted is what Fit ends with when its context does: the last step is
// finished and saved.
var ErrInterrupted = errors.New("interrupted")

// FitResult is what has been reached.
type FitResult struct {
	Step    int             // steps done
	Loss    float64         // of the last step
	Test    *BestEvaluation // the last evaluation; nil for none
	Best    *BestEvaluation // nil without test data
	Stopped string          // why the training ended early; "" if it did not
}

// Fit trains until the steps are done, the accuracy stops rising (Patience),
// ctx ends, or an error.  In o.Dir it writes metrics.jsonl, metrics.csv,
// curves.svg, final.safetensors, best.safetensors (with test data) and
// checkpoints/.  Resumed from any checkpoint, on the same machine, it gives the
// bits that it would have given without a break.
//
// A loss that is not finite ends the training with an error that names where it
// came from; the checkpoints from before stay.
func Fit(ctx context.Context, s Stepper, data *Dataset, o FitOptions) (FitResult, error) {
	f, err := newFitting(s, data, o)
	if err != nil {
		return FitResult{}, fmt.Errorf("training: %w", err)
	}
	if err := f.start(); err != nil {
		return FitResult{}, fmt.Errorf("training: %w", err)
	}
	err = f.run(ctx)
	err = errors.Join(err, f.finish(err))
	result := FitResult{Step: f.step, Loss: f.loss, Test: f.last, Best: f.best, Stopped: f.stopped}
	if err != nil {
		return result, fmt.Errorf("training: %w", err)
	}
	return result, nil
}

// fitting is a training in progress.
type fitting struct {
	o     FitOptions
	s     Stepper
	data  *Dataset
	saved *checkpoints

	perEpoch, total int
	recipe          Recipe
	network         NetworkFingerprint

	step      int // steps done
	loss      float64
	savedAt   int // the step of the last checkpoint
	evaluated int
	stale     int
	best      *BestEvaluation
	last      *BestEvaluation
	stopped   string
	average   *weightAverage // nil for none

	unlock   func() error // gives the folder free
	metrics  *metricsLog
	flushed  time.Time
	progress *progress
}

// newFitting checks everything that can be checked before anything is written.
func newFitting(s Stepper, data *Dataset, o FitOptions) (*fitting, error) {
	if o.Name == "" {
		o.Name = "training"
	}
	if err := o.check(s); err != nil {
		return nil, err
	}
	o.EvalEvery, o.EMAEvery, o.Keep = cmp.Or(o.EvalEvery, 1), cmp.Or(o.EMAEvery, 1), cmp.Or(o.Keep, 3)
	if err := data.fits(s.InputShape(), s.Classes(), s.Batch(), o.Augment, o.Preprocess, true); err != nil {
		return nil, err
	}
	if o.Test != nil {
		if err := data.sameClasses(o.Test); err != nil {
			return nil, err
		}
		if err := o.Test.fits(s.InputShape(), s.Classes(), s.Batch(), Augment{}, o.Preprocess, false); err != nil {
			return nil, fmt.Errorf("test data: %w", err)
		}
	}
	f := &fitting{o: o, s: s, data: data, savedAt: -1, perEpoch: stepsPerEpoch(data, s.Batch())}
	if f.total = o.Steps; f.total == 0 {
		f.total = o.Epochs * f.perEpoch
	}
	parameters := s.Parameters()
	f.network = NetworkFingerprint{o.Name, s.InputShape(), o.Network}
	f.recipe = Recipe{
		Seed: o.Seed, Batch: s.Batch(), Augment: o.Augment, Mean: o.Preprocess.Mean, Std: o.Preprocess.Std,
		Schedule: o.Schedule, EMA: o.EMA, EMAEvery: o.EMAEvery, Optimizer: o.Optimizer,
		Preprocess: [2]int{o.Preprocess.Resize, o.Preprocess.Crop},
	}
	if o.EMA > 0 {
		f.average = newWeightAverage(o.EMA, parameters)
	}
	return f, nil
}

func (o FitOptions) check(s Stepper) error {
	switch {
	case o.Dir == "":
		return errors.New("no folder for the run (-o)")
	case o.Epochs < 0 || o.Steps < 0 || o.Epochs == 0 && o.Steps == 0:
		return fmt.Errorf("%d epochs and %d steps, want one of them above 0", o.Epochs, o.Steps)
	case o.Epochs > 0 && o.Steps > 0:
		return fmt.Errorf("both %d epochs and %d steps, want one of them", o.Epochs, o.Steps)
	case o.EMA < 0 || o.EMA >= 1:
		return fmt.Errorf("averages of the weights with a decay of %v, want 0 (none) up to 1, such as 0.999", o.EMA)
	case o.EvalEvery < 0 || o.EMAEvery < 0 || o.Keep < 0:
		return fmt.Errorf("an evaluation every %d epochs, averages every %d steps, the last %d checkpoints: want 1 or more, or 0 for the default", o.EvalEvery, o.EMAEvery, o.Keep)
	case o.SaveSteps < 0 || o.Patience < 0:
		return fmt.Errorf("a checkpoint every %d steps, patience for %d evaluations: want 0 or more", o.SaveSteps, o.Patience)
	case o.Patience > 0 && o.Test == nil:
		return errors.New("early stopping (patience) needs test data")
	case o.Test != nil && !isEvaluator(s):
		return errors.New("this trainer was compiled without evaluation: leave the test data out, or compile it again")
	}
	if err := o.Schedule.check(); err != nil {
		return err
	}
	return o.Augment.check()
}

func isEvaluator(s Stepper) bool { _, ok := s.(Evaluator); return ok }
