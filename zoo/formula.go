package zoo

import (
	"math"
	"strings"

	"github.com/resnetc/resnetc/ir"
)

// Formula fills every parameter of g with numbers that depend on salt and the
// parameter's name only, so that networks can be compared between programs
// without any weight file.  See [FormulaTensor] for the numbers.
func Formula(g *ir.Graph, salt string) {
	for _, p := range g.Params {
		p.Data = FormulaTensor(p.Name, p.Type.Shape, salt)
	}
}

// FormulaTensor gives the elements, in row-major order, of the parameter or
// input called name: draws v, uniform in [-1, 1), from the stream that
// FNV-1a-64(salt+name) seeds, scaled by what the tensor is for:
//
//	"input" and "input/…"        v
//	4 axes (conv weight)         v * sqrt(6 / fan_in)    fan_in = I/groups * H * W
//	2 axes (linear weight)       v * sqrt(3 / fan_in)
//	…running_mean                0.1 * v
//	…running_var                 1 + 0.5 * v
//	…weight (BN gamma)           0.25 + 0.1 * v
//	else (biases, BN beta)       0.1 * v
//
// computed in float64 and rounded to float32.  The same rule, in Python, made
// PyTorch's results in zoo/golden.
func FormulaTensor(name string, shape []int, salt string) []float32 {
	scale, offset := 0.1, 0.0
	switch {
	case name == "input" || strings.HasPrefix(name, "input/"):
		scale = 1
	case len(shape) == 4:
		scale = math.Sqrt(6 / float64(shape[1]*shape[2]*shape[3]))
	case len(shape) == 2:
		scale = math.Sqrt(3 / float64(shape[1]))
	case strings.HasSuffix(name, "running_mean"):
	case strings.HasSuffix(name, "running_var"):
		scale, offset = 0.5, 1
	case strings.HasSuffix(name, "weight"):
		offset = 0.25
	}
	s := newStream(salt + name)
	data := make([]float32, ir.Shape(shape).Elems())
	for i := range data {
		v := float64(s.next())*(2.0/(1<<53)) - 1
		// The conversion forbids a fused multiply-add, which would round
		// differently from PyTorch on some machines.
		data[i] = float32(float64(v*scale) + offset)
	}
	return data
}

// FormulaLabels gives n class labels: the same draws, as integers of 53 bits,
// modulo the number of classes.  Those of a batch "input/…" are called "labels/…".
func FormulaLabels(name string, n, classes int, salt string) []int32 {
	s := newStream(salt + name)
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(s.next() % uint64(classes))
	}
	return labels
}

// stream is the random number generator splitmix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", OOPSLA 2014).
type stream uint64

// newStream seeds the stream with FNV-1a-64 of the seed.
func newStream(seed string) *stream {
	h := uint64(0xCBF29CE484222325)
	for i := range len(seed) {
		h = (h ^ uint64(seed[i])) * 0x100000001B3
	}
	return (*stream)(&h)
}

// next returns the high 53 bits of the next draw.
func (s *stream) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return (z ^ z>>31) >> 11
}
