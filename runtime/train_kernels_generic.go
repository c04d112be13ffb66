package runtime

import "unsafe"

// genericTrainKernels returns the pure-Go kernels of training.  No kernel is missing.
func genericTrainKernels() *trainKernelSet {
	s := &trainKernelSet{
		level:     PureGo,
		moments:   momentsGeneric,
		gradSums:  gradSumsGeneric,
		gradSweep: gradSweepGeneric,
		maskGrad:  maskGradGeneric,
		normalize: normalizeGeneric,

		weightGradPair: func(a *weightGradArgs) { weightGradGenericMany(a, 2, 0, a.dyPlane, a.accPlane) },
		weightGradTaps: func(a *weightGradArgs) { weightGradGenericMany(a, 3, a.xStep, 0, 4*block*block) },
	}
	for _, m := range []int{2, maxWinograd} {
		s.winogradWeight[m] = func(a *winogradArgs) { winogradWeightGeneric(a, m) }
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
			for m, k := range merged.winogradWeight {
				if k == nil {
					merged.winogradWeight[m] = set.winogradWeight[m]
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

// masked is a pixel of dy, 0 where the ReLU clamped; a NaN lets it pass, as in PyTorch.
func masked(a *channelArgs, p int) [block]float32 {
	g := *pixelAt(a.dy, p*64)
	if a.mask != nil {
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
		g, x := masked(a, p), pixelAt(a.x, p*64)
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
		g, x := masked(a, p), *pixelAt(a.x, p*64)
		for c, v := range g {
			g[c] = fa[c]*v + (fb[c]*(x[c]-mean[c]) + fc[c])
		}
		*pixelAt(a.out, p*64) = g
	}
}

func maskGradGeneric(a *channelArgs) {
	for p := range a.pixels {
		*pixelAt(a.out, p*64) = masked(a, p)
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

// winogradWeightGeneric rounds products and sums apart, also where Go would
// fuse them: levels without a kernel of their own use it.
func winogradWeightGeneric(a *winogradArgs, m int) {
	n := m + 2
	var rows [6][3]float32
	for t := range a.tiles * block {
		tap := func(k int) float32 { return *(*float32)(unsafe.Add(unsafe.Pointer(a.in), k*a.row+4*t)) }
		for x := range 3 {
			for y, v := range timesG([3]float32{tap(x), tap(3 + x), tap(6 + x)}, m) {
				rows[y][x] = v
			}
		}
		for y := range n {
			for x, v := range timesG(rows[y], m) {
				if x < n {
					*(*float32)(unsafe.Add(unsafe.Pointer(a.out), (y*n+x)*a.matrix+4*t)) = v
				}
			}
		}
	}
}

// timesG is G g, for the matrix G of F(m×m, 3×3) of Lavin and Gray; of m 2 only
// the first four elements count.
func timesG(g [3]float32, m int) [6]float32 {
	if m == 2 {
		s, u := float32((g[0]+g[2])*0.5), float32(g[1]*0.5)
		return [6]float32{g[0], s + u, s - u, g[2]}
	}
	s, t, u := g[0]+g[2], float32(g[0]*(1./24))+float32(g[2]*(1./6)), float32(g[1]*(1./12))
	return [6]float32{g[0] * (1. / 4), (s + g[1]) * (-1. / 6), (s - g[1]) * (-1. / 6), t + u, t - u, g[2]}
}
