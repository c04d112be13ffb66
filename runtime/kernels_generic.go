package runtime

import (
	"math"
	"unsafe"
)

// genericKernels returns the pure-Go kernels, which define what the assembly
// must compute: bit for bit in pooling and elementwise kernels (but for which
// of several NaNs survives), and up to the rounding of unfused multiply-adds in
// convolutions.  No kernel is missing.
func genericKernels() *kernelSet {
	set := &kernelSet{
		level:   PureGo,
		maxPool: maxPoolGeneric,
		sumPool: sumPoolGeneric,
		add:     addGeneric,
		affine:  affineGeneric,
		relu:    reluGeneric,

		polyphaseIn:  polyphaseInGeneric,
		polyphaseOut: polyphaseOutGeneric,

		stemIn: stemInGeneric,
		stem:   stemGeneric,

		strassenIn: strassenInGeneric,
	}
	for class := range convClasses {
		most := maxBlocks
		if class >= convGroup4S1 {
			most = 1
		}
		for blocks := 1; blocks <= most; blocks++ {
			for pixels := 1; pixels <= maxTile; pixels++ {
				kernel := convGeneric
				switch {
				case class >= convGroup4S1:
					kernel = convGroupGeneric
				case class >= convHalfS1:
					kernel = convHalfGeneric
				}
				set.conv[class][blocks][pixels] = func(a *convArgs) { kernel(a, class, blocks, pixels) }
			}
		}
	}
	for _, m := range []int{2, maxWinograd} {
		set.winogradIn[m], set.winogradOut[m] = winogradInGeneric(m), winogradOutGeneric(m)
	}
	return set
}

// convStep is the distance in bytes between the inputs of neighbouring output
// pixels.
var convStep = [convClasses]int{
	convBlockedS1: 64, convBlockedS2: 128,
	convPlanarS1: 4, convPlanarS2: 8,
	convHalfS1: 64, convHalfS2: 128,
	convGroup4S1: 64, convGroup4S2: 128,
	convGroup8S1: 64, convGroup8S2: 128,
}

// convGeneric is the convKernel of tiles of pixels by blocks.
func convGeneric(a *convArgs, class, blocks, pixels int) {
	one := *a
	for convTilesGeneric(&one, class, blocks, pixels); one.nextProduct(pixels); {
		convTilesGeneric(&one, class, blocks, pixels)
	}
}

// nextProduct makes a the arguments of the next product, if there is one.
func (a *convArgs) nextProduct(pixels int) bool {
	if a.products--; a.products <= 0 {
		return false
	}
	move := func(p **float32, bytes int) {
		if *p != nil {
			*p = (*float32)(unsafe.Add(unsafe.Pointer(*p), bytes))
		}
	}
	done := a.tiles * pixels * 4 * block
	move(&a.in, done+a.inNext)
	move(&a.out, done+a.outNext)
	move(&a.res, done+a.outNext)
	move(&a.w, a.wNext)
	return true
}

// convTilesGeneric computes one product.
func convTilesGeneric(a *convArgs, class, blocks, pixels int) {
	planar := class == convPlanarS1 || class == convPlanarS2
	for p := range a.tiles * pixels {
		in := p * convStep[class]
		for b := range blocks {
			w := b * a.wBlock
			acc := convStart(a, b, p)
			// Eight sums at a time are what stays in registers.  The calls are
			// direct: a func value would move acc to the heap.
			for half := 0; half < block; half += 8 {
				if planar {
					convSumPlanar(a, in, w+4*half, (*[8]float32)(acc[half:]))
				} else {
					convSumBlocked(a, in, w+4*half, (*[8]float32)(acc[half:]))
				}
			}
			convFinish(a, b, p, &acc)
		}
	}
}

// convStart is what the sums of block b of pixel p start at.
func convStart(a *convArgs, b, p int) (acc [block]float32) {
	switch {
	case a.flags&flagAccumulate != 0:
		acc = *pixelAt(a.out, b*a.outPlane+p*64)
	case a.bias != nil:
		acc = *pixelAt(a.bias, b*64)
	}
	return acc
}

// convFinish stores the sums of block b of pixel p with the residual and the ReLU.
func convFinish(a *convArgs, b, p int, acc *[block]float32) {
	if a.res != nil {
		for o, r := range pixelAt(a.res, b*a.resPlane+p*64) {
			acc[o] += r
		}
	}
	if a.flags&flagReLU != 0 {
		clamp(acc)
	}
	*pixelAt(a.out, b*a.outPlane+p*64) = *acc
}

// convSumBlocked adds to acc the products of one pixel's window, which starts
// in bytes into a.in, with the weights of 8 output channels, w bytes into a.w.
func convSumBlocked(a *convArgs, in, w int, acc *[8]float32) {
	s0, s1, s2, s3, s4, s5, s6, s7 := acc[0], acc[1], acc[2], acc[3], acc[4], acc[5], acc[6], acc[7]
	for i := range a.blocks {
		for y := range a.kh {
			at := in + i*a.inPlane + y*a.inRow
			for range a.kw {
				// A running offset and not a running pointer: past the last
				// element a pointer would point outside of its object.
				for c, v := range pixelAt(a.in, at) {
					k := (*[8]float32)(unsafe.Add(unsafe.Pointer(a.w), w+c*64))
					s0 += v * k[0]
					s1 += v * k[1]
					s2 += v * k[2]
					s3 += v * k[3]
					s4 += v * k[4]
					s5 += v * k[5]
					s6 += v * k[6]
					s7 += v * k[7]
				}
				at += a.inCol
				w += block * 64
			}
		}
	}
	*acc = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// convSumPlanar is convSumBlocked for an input in planes of single channels.
func convSumPlanar(a *convArgs, in, w int, acc *[8]float32) {
	s0, s1, s2, s3, s4, s5, s6, s7 := acc[0], acc[1], acc[2], acc[3], acc[4], acc[5], acc[6], acc[7]
	for i := range a.blocks {
		for y := range a.kh {
			at := in + i*a.inPlane + y*a.inRow
			for range a.kw {
				v := *(*float32)(unsafe.Add(unsafe.Pointer(a.in), at))
				k := (*[8]float32)(unsafe.Add(unsafe.Pointer(a.w), w))
				s0 += v * k[0]
				s1 += v * k[1]
				s2 += v * k[2]
				s3 += v * k[3]
				s4 += v * k[4]
				s5 += v * k[5]
				s6 += v * k[6]
				s7 += v * k[7]
				at += a.inCol
				w += 64
			}
		}
	}
	*acc = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// pixelAt returns the 16 channels that lie offset bytes after p.
func pixelAt(p *float32, offset int) *[block]float32 {
	return (*[block]float32)(unsafe.Add(unsafe.Pointer(p), offset))
}

// clamp is the ReLU of one pixel: NaN and -0 are not less than 0 and stay.
func clamp(x *[block]float32) {
	for c, v := range x {
		if v < 0 {
			x[c] = 0
		}
	}
}

// maxPoolGeneric takes the maximum of every window, starting from -Inf.  Of
// +0 and -0 the first stays; a NaN stays whatever follows.
func maxPoolGeneric(a *poolArgs) {
	for p := range a.pixels {
		var m [block]float32
		for c := range m {
			m[c] = float32(math.Inf(-1))
		}
		for y := range a.kh {
			for x := range a.kw {
				for c, v := range pixelAt(a.in, p*a.inStep+y*a.inRow+x*64) {
					if v > m[c] || v != v {
						m[c] = v
					}
				}
			}
		}
		*pixelAt(a.out, p*64) = m
	}
}

// sumPoolGeneric sums every window by rows, starting from 0, and scales the sum.
func sumPoolGeneric(a *poolArgs) {
	for p := range a.pixels {
		var s [block]float32
		for y := range a.kh {
			for x := range a.kw {
				for c, v := range pixelAt(a.in, p*a.inStep+y*a.inRow+x*64) {
					s[c] += v
				}
			}
		}
		for c := range s {
			s[c] *= a.scale
		}
		*pixelAt(a.out, p*64) = s
	}
}

func addGeneric(a *eltwiseArgs) {
	for p := range a.pixels {
		s := *pixelAt(a.a, p*64)
		for c, v := range pixelAt(a.b, p*64) {
			s[c] += v
		}
		if a.flags&flagReLU != 0 {
			clamp(&s)
		}
		*pixelAt(a.out, p*64) = s
	}
}

func affineGeneric(a *eltwiseArgs) {
	scale, bias := pixelAt(a.scale, 0), pixelAt(a.bias, 0)
	for p := range a.pixels {
		s := *pixelAt(a.a, p*64)
		for c, v := range s {
			s[c] = fma32(v, scale[c], bias[c])
		}
		if a.flags&flagReLU != 0 {
			clamp(&s)
		}
		*pixelAt(a.out, p*64) = s
	}
}

func reluGeneric(a *eltwiseArgs) {
	for p := range a.pixels {
		s := *pixelAt(a.a, p*64)
		clamp(&s)
		*pixelAt(a.out, p*64) = s
	}
}

// fma32 returns x*y+z, rounded once.
//
// The product is exact in float64.  The sum is rounded to odd there, which
// keeps the second rounding, to float32, from going wrong (Boldo and
// Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms
// using rounding to odd", 2008).
func fma32(x, y, z float32) float32 {
	p, q := float64(x)*float64(y), float64(z)
	s := p + q
	t := s - p
	err := (p - (s - t)) + (q - t) // exact, or NaN with an infinite sum
	if err < 0 || err > 0 {
		if bits := math.Float64bits(s); bits&1 == 0 {
			if (err > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}
