package runtime

import (
	"context"
	"fmt"
	"math"
)

// Evaluate computes the mean cross-entropy and the accuracy (0 to 1) of a
// trainer's network on a dataset, as inference sees it.  It ends with
// ErrInterrupted when ctx does.
func Evaluate(ctx context.Context, s Stepper, data *Dataset, p Preprocess) (loss, accuracy float64, err error) {
	e, ok := s.(Evaluator)
	if !ok {
		return 0, 0, fmt.Errorf("evaluation: this trainer was compiled without it")
	}
	in, classes := s.InputShape(), s.Classes()
	if err := data.fits(in, classes, s.Batch(), Augment{}, p, false); err != nil {
		return 0, 0, fmt.Errorf("evaluation: %w", err)
	}
	logits := make([]float32, s.Batch()*classes)
	right, count := 0, 0
	err = data.Batches(ctx, in, p, s.Batch(), func(images []float32, labels []int32) error {
		if err := e.Evaluate(logits[:len(labels)*classes], images); err != nil {
			return err
		}
		for i, label := range labels {
			loss += CrossEntropy(logits[i*classes:][:classes], int(label))
		}
		right += countRight(logits, labels, classes)
		count += len(labels)
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("evaluation: %w", err)
	}
	if count == 0 {
		return 0, 0, fmt.Errorf("evaluation: none of the pictures in %s can be decoded", data.name)
	}
	return loss / float64(count), float64(right) / float64(count), nil
}

// CrossEntropy is -log softmax(logits)[label].
func CrossEntropy(logits []float32, label int) float64 {
	top := math.Inf(-1)
	for _, v := range logits {
		top = max(top, float64(v))
	}
	var sum float64
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return math.Log(sum) - (float64(logits[label]) - top)
}

// evaluate runs the test data, and says whether the result is the best so far.
func (f *fitting) evaluate(ctx context.Context) (better bool, err error) {
	now := &BestEvaluation{Step: f.step}
	pass := func() (err error) {
		now.Loss, now.Accuracy, err = Evaluate(ctx, f.s, f.o.Test, f.o.Preprocess)
		return err
	}
	if f.average != nil {
		err = f.average.during(f.s, pass)
	} else {
		err = pass()
	}
	if err != nil {
		return false, err
	}
	f.last, f.evaluated = now, f.step
	row := Metric{Kind: "test", Step: f.step, Epoch: f.epochs(), Loss: now.Loss, Accuracy: now.Accuracy}
	if err := f.metrics.add(row); err != nil {
		return false, err
	}
	if f.stale++; f.best == nil || now.Accuracy > f.best.Accuracy {
		f.best, f.stale, better = now, 0, true
	}
	f.progress.evaluation(f, now, better)
	f.losePatience()
	return better, nil
}

// losePatience ends the training if it is time.
func (f *fitting) losePatience() {
	if f.o.Patience > 0 && f.stale >= f.o.Patience && f.best != nil {
		f.stopped = fmt.Sprintf("no better accuracy than %.2f%% (step %d) in %d evaluations", 100*f.best.Accuracy, f.best.Step, f.stale)
	}
}
