package runtime

import (
	"fmt"
	"math"
)

var (
	_ Stepper         = (*Trainer)(nil)
	_ StepCounter     = (*Trainer)(nil)
	_ Evaluator       = (*Trainer)(nil)
	_ NonFiniteFinder = (*Trainer)(nil)
	_ ParameterReader = (*Trainer)(nil)
)

// Evaluate writes the logits of one or more images, at most Batch, as
// inference computes them: with the running statistics of batch norms and
// without dropout.  The lengths of both say how many images there are.  It
// changes nothing that a step depends on.
func (t *Trainer) Evaluate(logits, images []float32) error {
	p := t.program
	size, each := p.Input[0]*p.Input[1]*p.Input[2], p.Logits.elements()
	n := len(images) / size
	if n < 1 || n > t.batch || len(images) != n*size || len(logits) != n*each {
		return fmt.Errorf("%s: %d values for %d logits, want %d (%d×%d×%d) for each of 1 to %d images and %d logits each",
			p.Name, len(images), len(logits), size, p.Input[0], p.Input[1], p.Input[2], t.batch, each)
	}
	if err := t.acquire(); err != nil {
		return err
	}
	defer t.w.team.release()
	t.evaluating = true
	t.w.see(images, 0, n)
	for i := range p.Layers {
		r := &p.Layers[i]
		if r.Op == TrainLoss {
			break
		}
		if r.Op != TrainRunningAverage {
			t.runLayer(r)
		}
	}
	for i := range n {
		unpack(logits[i*each:(i+1)*each], t.w.arena[t.w.base(p.Logits, i):], p.Logits)
	}
	t.w.src, t.evaluating = nil, false
	return nil
}

// runningFactors gives what a batch norm multiplies and adds by the running
// statistics of the channels of a plane.
func (t *Trainer) runningFactors(r *TrainLayer, plane int) {
	for c := range block {
		at := plane*block + c
		scale := float64(t.store[r.Gamma+at]) / math.Sqrt(float64(t.store[r.RunningVar+at])+r.Eps)
		t.store[r.Layer.Weight+at] = float32(scale)
		t.store[r.Layer.Bias+at] = float32(float64(t.store[r.Beta+at]) - float64(float64(t.store[r.RunningMean+at])*scale))
	}
}

// NonFinite names the first layer of the last step, in order of computation,
// whose result is not finite, as far as that shows in what a step leaves: the
// statistics of a batch norm's input, the loss, a gradient, a parameter.  It
// gives "" if there is none.
func (t *Trainer) NonFinite() string {
	for i := range t.program.Layers {
		r := &t.program.Layers[i]
		var offset, size int
		switch r.Op {
		case TrainBatchNorm:
			offset, size = r.Var, r.Layer.In.Channels // a mean that is not finite makes the variance so
		case TrainLoss:
			offset, size = r.Param, 1
		case TrainWeightGrad:
			offset, size = r.Slot.Offset, r.Slot.Stored()
		case TrainChannelGrad:
			offset, size = r.DGamma, r.Layer.In.Channels
		case TrainSGD, TrainAdamW:
			offset, size = r.Param, r.Size
		}
		for _, x := range t.store[offset:][:size] {
			if x-x != 0 {
				return r.Layer.Name
			}
		}
	}
	return ""
}
