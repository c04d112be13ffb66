package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFMA32 compares fma32 with exact arithmetic, on random numbers and on
// those that lie next to the middle of two float32s, normal or subnormal.
func TestFMA32(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	random := func() float32 {
		for {
			if x := math.Float32frombits(r.Uint32()); x-x == 0 { // finite
				return x
			}
		}
	}
	exact := func(x, y, z float32) float32 {
		f := func(x float32) *big.Float { return new(big.Float).SetPrec(700).SetFloat64(float64(x)) }
		s := f(x)
		s.Mul(s, f(y)).Add(s, f(z))
		if s.Sign() == 0 {
			return x*y + z // for the sign of zero
		}
		v, _ := s.Float32()
		return v
	}
	check := func(x, y, z float32) {
		t.Helper()
		if got, want := fma32(x, y, z), exact(x, y, z); !same(got, want) {
			t.Fatalf("fma32(%b, %b, %b) = %b, want %b", x, y, z, got, want)
		}
	}
	for range 200_000 {
		x, y, z := random(), random(), random()
		check(x, y, z)
		check(x, y, -x*y) // cancels but for the product's rounding
		// A half and a little of z's last place, from a product.
		sign := float32(1 - 2*r.IntN(2))
		_, e := math.Frexp(float64(z))
		half := math.Ldexp(1, max(e-24, -149)-1)
		split := math.Ldexp(1, -r.IntN(60))
		check(float32(half/split*(1+0x1p-23)), sign*float32(split*(1-0x1p-23)), z)
		check(float32(half/split*(1+0x1p-23)), sign*float32(split*(1+0x1p-23)), z)
	}
	check(0x1p-100, 0x1p-50*(1+0x1p-23), 0x1p-127)
	for _, x := range specials {
		for _, y := range specials {
			for _, z := range specials {
				if got, want := fma32(x, y, z), float32(math.FMA(float64(x), float64(y), float64(z))); !same(got, want) {
					t.Errorf("fma32(%g, %g, %g) = %g, want %g", x, y, z, got, want)
				}
			}
		}
	}
}
