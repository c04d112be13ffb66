package codegen

import (
	"math"

	"github.com/resnetc/resnetc/ir"
)

// packStrassen stores the combinations of a weight [O,I,1,1] that Strassen's
// algorithm multiplies, as [O/64][7][2][I/32][16 in][16 out], in the order of
// runtime's strassenProducts; of an odd number of O/32 blocks the last stands alone.  They are computed in float64 and rounded once.
func (l *lowering) packStrassen(v *ir.Value) (int, error) {
	o, i := v.Type.Shape[0]/2, v.Type.Shape[1]/2
	planes := i / ir.Block
	at, packed := l.reserveTensor(7*o*i, false)
	for oc := range o {
		b := oc / ir.Block
		pair := b &^ 1
		width := min(2, o/ir.Block-pair)
		for ic := range i {
			a := func(lower, right int) float64 { return float64(v.Data[(oc+lower*o)*2*i+ic+right*i]) }
			s1 := a(1, 0) + a(1, 1)
			s2 := s1 - a(0, 0)
			for k, x := range [7]float64{a(0, 0), a(0, 1), s2, a(0, 0) - a(1, 0), a(1, 1), s1, a(0, 1) - s2} {
				to := ((7*pair+k*width+b-pair)*planes+ic/ir.Block)*ir.Block + ic%ir.Block
				packed.set(to*ir.Block+oc%ir.Block, x)
			}
		}
	}
	return at, packed.check(v, "a weight")
}

// strassenBias takes the first half of a packed bias from its second half:
// sums of the second half of the output channels contain those of the first.
func (l *lowering) strassenBias(at, half int) {
	for i := at; i < at+half; i++ {
		first, second := math.Float32frombits(l.weights[i]), math.Float32frombits(l.weights[i+half])
		l.weights[i+half] = math.Float32bits(second - first)
	}
}
