package zoo

import (
	"math"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
)

// The bits are what numpy computes with the rule in Python that made the goldens.
func TestFormulaTensor(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shape []int
		salt  string
		want  map[int]uint32
	}{
		{"conv1.weight", []int{16, 3, 3, 3}, "", map[int]uint32{0: 0x3d2e1170, 1: 0x3e6cb027, 431: 0x3ed56b51}},
		{"layer2.0.conv2.weight", []int{128, 4, 3, 3}, "", map[int]uint32{0: 0xbeb37ee4, 4607: 0xbe9afd7f}},
		{"fc.weight", []int{1000, 512}, "", map[int]uint32{0: 0xbb1a0cdc, 511999: 0xbd1bf96c}},
		{"fc.weight", []int{1000, 512}, "pepper", map[int]uint32{0: 0xbd013d72, 511999: 0x3cdd882a}},
		{"fc.bias", []int{1000}, "", map[int]uint32{0: 0xbb9276e3, 999: 0xbd09b40a}},
		{"bn1.weight", []int{64}, "", map[int]uint32{0: 0x3e635eaa, 63: 0x3e7cd402}},
		{"bn1.bias", []int{64}, "", map[int]uint32{0: 0xbd8644b8, 63: 0xbcf19206}},
		{"bn1.running_mean", []int{64}, "", map[int]uint32{0: 0x3d400fb9, 63: 0xbd927935}},
		{"bn1.running_var", []int{64}, "", map[int]uint32{0: 0x3f923723, 63: 0x3fa0cdcf}},
		{"input", []int{2, 3, 32, 32}, "", map[int]uint32{0: 0xbf4deac1, 6143: 0xbf2469bf}},
	} {
		data := FormulaTensor(tt.name, tt.shape, tt.salt)
		if want := ir.Shape(tt.shape).Elems(); len(data) != want {
			t.Fatalf("%s: %d elements, want %d", tt.name, len(data), want)
		}
		for i, want := range tt.want {
			if got := math.Float32bits(data[i]); got != want {
				t.Errorf("%s (salt %q): element %d is %v (%#08x), want %v (%#08x)", tt.name, tt.salt,
					i, data[i], got, math.Float32frombits(want), want)
			}
		}
	}
}

// The labels are what Python's integers give.
func TestFormulaLabels(t *testing.T) {
	if got, want := FormulaLabels("labels/0", 8, 10, ""), []int32{2, 7, 5, 7, 8, 1, 0, 5}; !slices.Equal(got, want) {
		t.Errorf("labels/0 of 10 classes: %v, want %v", got, want)
	}
	if got, want := FormulaLabels("labels/3", 4, 1000, "pepper"), []int32{517, 673, 673, 56}; !slices.Equal(got, want) {
		t.Errorf("labels/3 of 1000 classes with salt: %v, want %v", got, want)
	}
}

func TestFormulaFillsEveryParameter(t *testing.T) {
	g := graph(t, "resnext50_32x4d", Options{Classes: 7})
	Formula(g, "s")
	for _, p := range g.Params {
		if len(p.Data) != p.Type.Shape.Elems() {
			t.Errorf("%s has %d elements, want %d", p.Name, len(p.Data), p.Type.Shape.Elems())
		}
	}
}
