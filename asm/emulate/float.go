package emulate

import "math"

// defaultNaN is the result of an invalid operation.
const defaultNaN = 0xffc00000

// quiet returns x, a NaN, as a result has it.
func quiet(x float32) float32 { return math.Float32frombits(math.Float32bits(x) | 1<<22) }

// nan returns the NaN that an operation on x and y, its first and second
// source, gives.
func nan(x, y float32) float32 {
	switch {
	case x != x:
		return quiet(x)
	case y != y:
		return quiet(y)
	}
	return math.Float32frombits(defaultNaN)
}

// fma sets n lanes of d to x*y + z, rounded once.
//
// The product is exact in float64.  Rounding their sum there first, and then to
// float32, goes wrong only where the first rounding hits the middle of two
// float32s, which lies elsewhere for subnormals.
func fma(d, x, y, z *vec, n int) {
	for i := range n {
		i &= 15
		s := float64(x[i])*float64(y[i]) + float64(z[i])
		b := math.Float64bits(s)
		if exponent := b >> 52 & 2047; exponent-897 < 2047-897 && b&(1<<29-1) != 1<<28 {
			d[i] = float32(s)
		} else {
			d[i] = fmaExact(x[i], y[i], z[i], 1, 1)
		}
	}
}

// signedFMA returns what sets n lanes of d to product*x*y + sum*z, rounded once,
// with signs.
func signedFMA(product, sum float64) func(d, x, y, z *vec, n int) {
	return func(d, x, y, z *vec, n int) {
		for i := range n {
			i &= 15
			d[i] = fmaExact(x[i], y[i], z[i], product, sum)
		}
	}
}

// The other multiply-adds.
var (
	fms  = signedFMA(1, -1)
	fnma = signedFMA(-1, 1)
	fnms = signedFMA(-1, -1)
)

// fmaExact returns product*x*y + sum*z, with signs, rounded once: as runtime's
// fma32, by rounding to odd before the second rounding.  A NaN keeps its sign.
func fmaExact(x, y, z float32, product, sum float64) float32 {
	p, q := product*float64(x)*float64(y), sum*float64(z)
	s := p + q
	if s != s {
		if x == x && y == y {
			return nan(z, z)
		}
		return nan(x, y)
	}
	t := s - p
	err := (p - (s - t)) + (q - t) // exact, or NaN with an infinite sum
	if b := math.Float64bits(s); b&1 == 0 && (err < 0 || err > 0) {
		if (err > 0) == (s > 0) {
			b++
		} else {
			b--
		}
		s = math.Float64frombits(b)
	}
	return float32(s)
}

// halfToSingle converts a binary16.
func halfToSingle(h uint16) float32 {
	sign, exponent, fraction := uint32(h)>>15<<31, uint32(h)>>10&31, uint32(h)&1023
	switch {
	case exponent == 31 && fraction != 0:
		return quiet(math.Float32frombits(sign | 255<<23 | fraction<<13))
	case exponent == 31:
		return math.Float32frombits(sign | 255<<23)
	case exponent == 0:
		x := float32(fraction) * 0x1p-24 // exact
		return math.Float32frombits(sign | math.Float32bits(x))
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// Outcomes of a comparison.
const (
	less = 1 << iota
	equal
	greater
	unordered
)

// predicates are the outcomes for which a predicate of VCMPPS is true.  Those
// from 16 on differ in the exceptions only.
var predicates = [16]int{
	equal, less, less | equal, unordered,
	less | greater | unordered, equal | greater | unordered, greater | unordered, less | equal | greater,
	equal | unordered, less | unordered, less | equal | unordered, 0,
	less | greater, equal | greater, greater, less | equal | greater | unordered,
}

// compare returns the outcome of comparing x with y.
func compare(x, y float32) int {
	switch {
	case x < y:
		return less
	case x == y:
		return equal
	case x > y:
		return greater
	}
	return unordered
}
