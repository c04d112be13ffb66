package runtime

import (
	"math"
	"unsafe"
)

// halfBytes is the size of the half weights of one input channel in a block.
const halfBytes = 2 * block

// convHalfGeneric is convGeneric for half weights.  It goes through all pixels
// of a tile with a window column's weights before the next ones, so that these are
// converted once per tile.
func convHalfGeneric(a *convArgs, class, blocks, pixels int) {
	one := *a
	for convHalfTilesGeneric(&one, class, blocks, pixels); one.nextProduct(pixels); {
		convHalfTilesGeneric(&one, class, blocks, pixels)
	}
}

// convHalfTilesGeneric computes one product.
func convHalfTilesGeneric(a *convArgs, class, blocks, pixels int) {
	var acc [maxTile][block]float32
	var w [block][block]float32
	for t := range a.tiles {
		for b := range blocks {
			for p := range pixels {
				acc[p] = convStart(a, b, t*pixels+p)
			}
			next := b * a.wBlock
			for i := range a.blocks {
				for y := range a.kh {
					at := i*a.inPlane + y*a.inRow + t*pixels*convStep[class]
					for range a.kw {
						for c := range w {
							widen(unsafe.Add(unsafe.Pointer(a.w), next), &w[c])
							next += halfBytes
						}
						for p := range pixels {
							in := pixelAt(a.in, at+p*convStep[class])
							convSumHalf(in, &w, (*[8]float32)(acc[p][:]), 0)
							convSumHalf(in, &w, (*[8]float32)(acc[p][8:]), 8)
						}
						at += a.inCol
					}
				}
			}
			for p := range pixels {
				convFinish(a, b, t*pixels+p, &acc[p])
			}
		}
	}
}

// convSumHalf adds to acc the products of 16 input channels with their weights
// for 8 output channels, from one on.
func convSumHalf(in *[block]float32, w *[block][block]float32, acc *[8]float32, from int) {
	s0, s1, s2, s3, s4, s5, s6, s7 := acc[0], acc[1], acc[2], acc[3], acc[4], acc[5], acc[6], acc[7]
	for c, v := range in {
		k := (*[8]float32)(w[c][from:])
		s0 += v * k[0]
		s1 += v * k[1]
		s2 += v * k[2]
		s3 += v * k[3]
		s4 += v * k[4]
		s5 += v * k[5]
		s6 += v * k[6]
		s7 += v * k[7]
	}
	*acc = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// widen converts the half weights of one input channel at p.  Two halves share
// the word of a float32, the first one in its lower bits: so they are right
// where loading has swapped the bytes of each word.
func widen(p unsafe.Pointer, to *[block]float32) {
	for i, word := range (*[block / 2]uint32)(p) {
		to[2*i], to[2*i+1] = halfFloat(uint16(word)), halfFloat(uint16(word>>16))
	}
}

// halfFloat is the value of an IEEE 754 binary16, exactly.
func halfFloat(h uint16) float32 {
	// As exponent and fraction of a float32 the number is 2^(127-15) times too
	// small, subnormals too.
	x := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	if h&0x7c00 == 0x7c00 { // infinity or NaN
		x = math.Float32frombits(math.Float32bits(x) | 0x7f800000)
	}
	return math.Float32frombits(math.Float32bits(x) | uint32(h&0x8000)<<16)
}
