package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

// isHalf reports whether a convolution class has half weights.
func isHalf(class int) bool { return class == convHalfS1 || class == convHalfS2 }

// convChannels is the number of input channels that a class has in a block.
func convChannels(class int) int {
	if class == convPlanarS1 || class == convPlanarS2 {
		return 1
	}
	return 16
}

// groupOf is the number of channels of a block that a sum of the class is over.
func groupOf(class int) int {
	switch {
	case class >= convGroup8S1:
		return 8
	case class >= convGroup4S1:
		return 4
	}
	return 16
}

// convWeights is the size in bytes of an input channel's weights in a block.
func convWeights(class int) int {
	if isHalf(class) {
		return 32
	}
	return 64
}

// halves are the values of all binary16 numbers, by the definition in IEEE 754
// section 3.4.
var halves = func() (values [1 << 16]float32) {
	for h := range values {
		sign, exponent, fraction := h>>15, h>>10&31, h&1023
		var x float64
		switch {
		case exponent == 31 && fraction != 0:
			x = math.NaN()
		case exponent == 31:
			x = math.Inf(1)
		case exponent == 0:
			x = math.Ldexp(float64(fraction)/1024, -14)
		default:
			x = math.Ldexp(1+float64(fraction)/1024, exponent-15)
		}
		values[h] = float32(x)
		if sign == 1 {
			values[h] = -float32(x)
		}
	}
	return values
}()

// TestHalfFloat converts every binary16.
func TestHalfFloat(t *testing.T) {
	for h, want := range halves {
		if got := halfFloat(uint16(h)); !same(got, want) {
			t.Errorf("half %#04x is %g, want %g", h, got, want)
		}
	}
}

// specialHalves are NaNs, infinities, zeros, the least and the largest
// subnormal, the least normal and the largest number.
var specialHalves = []uint16{0x7c01, 0x7e00, 0xffff, 0x7c00, 0xfc00, 0, 0x8000, 1, 0x8001, 0x03ff, 0x83ff, 0x0400, 0x7bff, 0xfbff}

// fillHalf writes the case's kind of data, two halves in place of a float32.
func (c convCase) fillHalf(r *rand.Rand, x []float32) {
	half := func() uint32 {
		switch {
		case c.data == "zero":
			return uint32(r.IntN(2)) << 15
		case c.data == "special" && r.IntN(150) == 0:
			return uint32(specialHalves[r.IntN(len(specialHalves))])
		case r.IntN(20) == 0: // subnormal
			return uint32(r.IntN(2)<<15 | r.IntN(1<<10))
		}
		return uint32(r.IntN(2)<<15 | (8+r.IntN(7))<<10 | r.IntN(1<<10)) // from 2^-7 to 1
	}
	for i := range x {
		x[i] = math.Float32frombits(half() | half()<<16)
	}
}
