package irtest

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
)

// Compare gives the largest absolute difference between elements of got and
// want, relative to the largest finite magnitude in want (absolute where that is 0).
// Elements that are both NaN, or the same infinity, do not differ.  It is
// +Inf if the shapes differ, or a NaN or an infinity stands in one only.
func Compare(got, want *interp.Tensor) float64 {
	if !slices.Equal(got.Shape, want.Shape) || len(got.Data) != len(want.Data) {
		return math.Inf(1)
	}
	largest, worst := 0.0, 0.0
	for i, w := range want.Data {
		g := got.Data[i]
		if !math.IsNaN(w) && !math.IsInf(w, 0) {
			largest = max(largest, math.Abs(w))
		}
		switch {
		case g == w || math.IsNaN(g) && math.IsNaN(w):
		case math.IsNaN(g) || math.IsNaN(w):
			return math.Inf(1)
		default:
			worst = max(worst, math.Abs(g-w))
		}
	}
	if largest == 0 {
		return worst
	}
	return worst / largest
}

// RandomInput gives every input of g normally distributed float32 numbers, and
// zeros where it takes integers, for what is in range there it cannot know.
func RandomInput(rng *rand.Rand, g *ir.Graph, batch int) map[string]*interp.Tensor {
	out := map[string]*interp.Tensor{}
	for _, v := range g.Inputs {
		shape := slices.Clone([]int(v.Type.Shape))
		if len(shape) > 0 {
			shape[0] = batch
		}
		t := interp.New(shape...)
		for i := range t.Data {
			if v.Type.DType == ir.F32 {
				t.Data[i] = float64(float32(rng.NormFloat64()))
			}
		}
		out[v.Name] = t
	}
	return out
}
