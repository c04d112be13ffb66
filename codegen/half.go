package codegen

import "math"

// halfBits is the IEEE 754 binary16 that is nearest to x, of two the one whose
// last bit is 0; an infinity from 65520 on, which lies halfway between the
// largest number, 65504, and the next power of two.
func halfBits(x float64) uint16 {
	sign := uint16(math.Float64bits(x) >> 63 << 15)
	x = math.Abs(x)
	switch {
	case x != x:
		return sign | 0x7e00
	case x >= 65520:
		return sign | 0x7c00
	case x < 0x1p-14: // subnormal, a multiple of 2^-24
		return sign | uint16(math.RoundToEven(x*0x1p24))
	}
	const (
		dropped = 52 - 10 // bits of the fraction
		bias    = 1023 - 15
	)
	b := math.Float64bits(x)
	b += 1<<(dropped-1) - 1 + b>>dropped&1 // a carry goes into the exponent
	return sign | uint16(b>>dropped-bias<<10)
}
