package interp

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// Tensor is a dense array in row-major order.
type Tensor struct {
	Shape []int // size of each axis, outermost first; no [ir.Batch]
	Data  []float64
}

// New makes a tensor of zeros.
func New(shape ...int) *Tensor {
	return &Tensor{Shape: shape, Data: make([]float64, elems(shape))}
}

// FromFloat32 makes a tensor of the elements, whose number must be that of the shape.
func FromFloat32(shape []int, data []float32) (*Tensor, error) {
	if len(data) != elems(shape) {
		return nil, fmt.Errorf("interp: %d elements, want %d for the shape %v", len(data), elems(shape), ir.Shape(shape))
	}
	t := New(slices.Clone(shape)...)
	for i, x := range data {
		t.Data[i] = float64(x)
	}
	return t, nil
}

// Float32 gives the elements rounded to float32.
func (t *Tensor) Float32() []float32 {
	out := make([]float32, len(t.Data))
	for i, x := range t.Data {
		out[i] = float32(x)
	}
	return out
}

// round rounds every element to float32.
func (t *Tensor) round() {
	for i, x := range t.Data {
		t.Data[i] = float64(float32(x))
	}
}

func elems(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// check says what is wrong with a tensor that stands for v: a nil, a shape
// other than v's, or another batch than the tensors before it, which is *batch
// (0 before the first one).
func check(t *Tensor, v *ir.Value, batch *int) error {
	if t == nil {
		return fmt.Errorf("interp: no tensor for %q, want shape %v", v.Name, v.Type.Shape)
	}
	want := slices.Clone([]int(v.Type.Shape))
	if len(want) > 0 && want[0] == ir.Batch && len(t.Shape) > 0 && t.Shape[0] > 0 {
		if *batch == 0 {
			*batch = t.Shape[0]
		}
		want[0] = *batch
	}
	if !slices.Equal(t.Shape, want) {
		return fmt.Errorf("interp: the tensor for %q has shape %v, want %v", v.Name, ir.Shape(t.Shape), ir.Shape(want))
	}
	if len(t.Data) != elems(t.Shape) {
		return fmt.Errorf("interp: the tensor for %q has %d elements, want %d for its shape %v", v.Name, len(t.Data), elems(t.Shape), ir.Shape(t.Shape))
	}
	if v.Type.DType == ir.I32 {
		for i, x := range t.Data {
			if x != float64(int32(x)) {
				return fmt.Errorf("interp: element %d of the tensor for %q is %v, want an integer of 32 bits", i, v.Name, x)
			}
		}
	}
	return nil
}

// output makes the tensor of a result.
func output(v *ir.Value, batch int) *Tensor {
	shape := slices.Clone([]int(v.Type.Shape))
	if len(shape) > 0 && shape[0] == ir.Batch {
		shape[0] = batch
	}
	return New(shape...)
}
