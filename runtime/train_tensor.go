package runtime

import (
	"fmt"
	"slices"
)

// Parameters are copies of the weights and of the statistics of batch norms.
func (t *Trainer) Parameters() []Tensor { return t.tensors(t.program.Parameters) }

// ReadParameter copies the i-th of Parameters into dst, which must have its size.
func (t *Trainer) ReadParameter(i int, dst []float32) { t.program.Parameters[i].save(dst, t.store) }

// OptimizerState is copies of what the optimizer keeps; beside it the next step
// depends on [Trainer.Steps].
func (t *Trainer) OptimizerState() []Tensor { return t.tensors(t.program.State) }

// Gradients are copies of the last step's gradients, before clipping, under the
// names of their parameters.
func (t *Trainer) Gradients() []Tensor { return t.tensors(t.program.Gradients) }

// GradientNorm is the norm of all gradients of the last step together, where
// they are clipped; 0 where they are not.
func (t *Trainer) GradientNorm() float32 {
	if t.program.GradNorm < 0 {
		return 0
	}
	return t.store[t.program.GradNorm]
}

// SetParameter replaces a weight or statistic; it copies data.
func (t *Trainer) SetParameter(name string, data []float32) error {
	return t.set("parameter", t.program.Parameters, name, data)
}

// SetOptimizerState replaces a tensor of OptimizerState; it copies data.
func (t *Trainer) SetOptimizerState(name string, data []float32) error {
	return t.set("tensor of the optimizer's state", t.program.State, name, data)
}

func (t *Trainer) tensors(slots []Slot) []Tensor {
	list := make([]Tensor, len(slots))
	for i := range slots {
		s := &slots[i]
		list[i] = Tensor{s.Name, slices.Clone(s.Shape), make([]float32, s.elements())}
		s.save(list[i].Data, t.store)
	}
	return list
}

func (t *Trainer) set(kind string, slots []Slot, name string, data []float32) error {
	for i := range slots {
		s := &slots[i]
		if s.Name != name {
			continue
		}
		if len(data) != s.elements() {
			return fmt.Errorf("%s: %s %q has %d values, want %d for its shape %v", t.program.Name, kind, name, len(data), s.elements(), s.Shape)
		}
		s.load(t.store, data)
		return nil
	}
	return fmt.Errorf("%s: the network has no %s %q", t.program.Name, kind, name)
}
