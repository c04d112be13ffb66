package runtime

import (
	"math"
	"unsafe"
)

// genericTrainKernels returns the pure-Go kernels of training.  No kernel is missing.
func genericTrainKernels() *trainKernelSet {
	s := &trainKernelSet{
		level:     PureGo,
		moments:   momentsGeneric,
		gradSums:  gradSumsGeneric,
		gradSweep: gradSweepGeneric,
		maskGrad:  maskGradGeneric,
		normalize: normalizeGeneric,

		maxPoolGrad: maxPoolGradGeneric,

		weightGradPair: func(a *weightGradArgs) { weightGradGenericMany(a, 2, 0, a.dyPlane, a.accPlane) },
		weightGradTaps: func(a *weightGradArgs) { weightGradGenericMany(a, 3, a.xStep, 0, 4*block*block) },
	}
	for _, m := range []int{2, maxWinograd} {
		s.winogradWeight[m] = func(a *winogradArgs) { winogradWeightGeneric(a, m) }
		s.winogradGradIn[m] = func(a *winogradArgs) { winogradGradInGeneric(a, m) }
		s.winogradGradOut[m] = func(a *winogradArgs) { winogradGradOutGeneric(a, m) }
	}
	for n := 1; n <= block; n++ {
		s.weightGrad[n] = func(a *weightGradArgs) { weightGradGeneric(a, n) }
	}
	return s
}

// chooseTrainKernels gives the kernels of a level; those that it lacks are
// their pure-Go twins, but for those that only save time.
func chooseTrainKernels(level Level) *trainKernelSet {
	set := genericTrainKernels()
	for _, s := range assemblyTrainKernels() {
		if s.level == level {
			merged := *s
			for n, k := range merged.weightGrad {
				if k == nil {
					merged.weightGrad[n] = set.weightGrad[n]
				}
			}
			if merged.maxPoolGrad == nil {
				merged.maxPoolGrad = set.maxPoolGrad
			}
			for m := range merged.winogradWeight {
				for _, k := range []struct{ mine, twin *winogradKernel }{
					{&merged.winogradWeight[m], &set.winogradWeight[m]},
					{&merged.winogradGradIn[m], &set.winogradGradIn[m]},
					{&merged.winogradGradOut[m], &set.winogradGradOut[m]},
				} {
					if *k.mine == nil {
						*k.mine = *k.twin
					}
				}
			}
			return &merged
		}
	}
	set.level = level
	return set
}

// weightGradGeneric rounds products apart, also where Go would fuse them: a
// width that no level has a kernel for then gives the same bits everywhere.
func weightGradGeneric(a *weightGradArgs, n int) {
	for i := range n {
		acc := pixelAt(a.acc, i*64)
		// Eight sums at a time are what stays in registers.
		for half := 0; half < block; half += 8 {
			var s [8]float32
			for row := range a.rows {
				for p := range a.pixels {
					x := *(*float32)(unsafe.Add(unsafe.Pointer(a.x), row*a.xRow+p*a.xStep+4*i))
					d := (*[8]float32)(unsafe.Add(unsafe.Pointer(a.dy), row*a.dyRow+p*a.dyStep+4*half))
					s[0] += float32(x * d[0])
					s[1] += float32(x * d[1])
					s[2] += float32(x * d[2])
					s[3] += float32(x * d[3])
					s[4] += float32(x * d[4])
					s[5] += float32(x * d[5])
					s[6] += float32(x * d[6])
					s[7] += float32(x * d[7])
				}
			}
			for o, v := range s {
				acc[half+o] += v
			}
		}
	}
}

// weightGradGenericMany does the work of n calls, each of which moves on.
func weightGradGenericMany(a *weightGradArgs, n, x, dy, acc int) {
	for i := range n {
		one := *a
		one.x = (*float32)(unsafe.Add(unsafe.Pointer(a.x), i*x))
		one.dy = (*float32)(unsafe.Add(unsafe.Pointer(a.dy), i*dy))
		one.acc = (*float32)(unsafe.Add(unsafe.Pointer(a.acc), i*acc))
		weightGradGeneric(&one, block)
	}
}

// masked is a pixel of dy, 0 where the ReLU clamped; a NaN lets it pass, as in
// PyTorch.  Under flagFromX row is that of the scale in a.coef.
func masked(a *channelArgs, p, row int) [block]float32 {
	g := *pixelAt(a.dy, p*64)
	switch {
	case a.flags&flagFromX != 0:
		scale, bias := pixelAt(a.coef, row*64), pixelAt(a.coef, (row+1)*64)
		for c, x := range pixelAt(a.x, p*64) {
			if fma32(x, scale[c], bias[c]) <= 0 {
				g[c] = 0
			}
		}
	case a.mask != nil:
		for c, y := range pixelAt(a.mask, p*64) {
			if y <= 0 {
				g[c] = 0
			}
		}
	}
	return g
}

func momentsGeneric(a *channelArgs) {
	shift := pixelAt(a.coef, 0)
	var first, second [block]float32
	for p := range a.pixels {
		for c, x := range pixelAt(a.x, p*64) {
			d := x - shift[c]
			first[c] += d
			second[c] += d * d
		}
	}
	*pixelAt(a.out, 0), *pixelAt(a.out, 64) = first, second
}

func gradSumsGeneric(a *channelArgs) {
	mean := pixelAt(a.coef, 0)
	var first, second [block]float32
	for p := range a.pixels {
		g, x := masked(a, p, 1), pixelAt(a.x, p*64)
		for c, v := range g {
			first[c] += v
			second[c] += v * (x[c] - mean[c])
		}
	}
	*pixelAt(a.out, 0), *pixelAt(a.out, 64) = first, second
}

func gradSweepGeneric(a *channelArgs) {
	fa, fb, fc, mean := pixelAt(a.coef, 0), pixelAt(a.coef, 64), pixelAt(a.coef, 128), pixelAt(a.coef, 192)
	for p := range a.pixels {
		g, x := masked(a, p, 4), *pixelAt(a.x, p*64)
		for c, v := range g {
			g[c] = fa[c]*v + (fb[c]*(x[c]-mean[c]) + fc[c])
		}
		*pixelAt(a.out, p*64) = g
	}
}

func maskGradGeneric(a *channelArgs) {
	for p := range a.pixels {
		*pixelAt(a.out, p*64) = masked(a, p, 0)
	}
}

func normalizeGeneric(a *channelArgs) {
	scale, bias := pixelAt(a.coef, 0), pixelAt(a.coef, 64)
	for p := range a.pixels {
		y, res := *pixelAt(a.x, p*64), pixelAt(a.dy, p*64)
		for c, v := range y {
			y[c] = fma32(v, scale[c], bias[c]) + res[c]
		}
		if a.flags&flagReLU != 0 {
			clamp(&y)
		}
		*pixelAt(a.out, p*64) = y
	}
}

func maxPoolGradGeneric(a *maxPoolGradArgs) {
	for p := range a.pixels {
		var best [block]float32
		var at [block]int // bytes from the window's first element of dx
		for c := range best {
			best[c] = float32(math.Inf(-1))
		}
		for j := range a.kh {
			for k := range a.kw {
				for c, v := range pixelAt(a.x, p*a.step+j*a.xRow+k*64) {
					if v > best[c] || v != v {
						best[c], at[c] = v, j*a.dxRow+k*64
					}
				}
			}
		}
		for c, g := range pixelAt(a.dy, p*64) {
			pixelAt(a.dx, p*a.step+at[c])[c] += g
		}
	}
}
