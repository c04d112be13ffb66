package weights

import (
	"math"

	"github.com/resnetc/resnetc/ir"
)

// Tensor is one named array of a file.
type Tensor struct {
	Name  string
	Shape []int // outermost axis first; empty for a scalar
	// DType is the element type in the file, in safetensors' spelling: F32,
	// F16, BF16 or F64, or an integer type.
	DType string
	// Data holds the elements, row-major, converted to float32; nil for
	// integer types, such as batch norm's num_batches_tracked.
	Data []float32
}

// Params returns the parameters of g as tensors that share its data.
func Params(g *ir.Graph) []Tensor {
	list := make([]Tensor, len(g.Params))
	for i, p := range g.Params {
		list[i] = Tensor{Name: p.Name, Shape: p.Type.Shape, DType: "F32", Data: p.Data}
	}
	return list
}

// elems multiplies the sizes of shape; ok is false if one is negative or the
// product is more than limit.
func elems(shape []int, limit int) (n int, ok bool) {
	n = 1
	empty := false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, false
		case d == 0:
			empty = true // but a later axis may still be absurd
		case n > limit/d:
			return 0, false
		default:
			n *= d
		}
	}
	if empty {
		return 0, true
	}
	return n, n <= limit
}

// maxElems bounds a tensor's elements so that its size in bytes cannot overflow.
const maxElems = math.MaxInt / 16
