package interp

import (
	"runtime"
	"sync"
)

// taps says where a convolution reads: what gather needs of the node.
type taps struct {
	channels, height, width   int // of a filter
	stride, padding, dilation []int
}

// conv2d computes each output pixel as the dot product of a filter with the
// pixel's window, gathered into one slice; adds bias and residual; clamps.
func conv2d(c call, out *Tensor) {
	in, weight := c.in("input"), c.in("weight")
	batch, rows, groups := out.Shape[0], out.Shape[2], c.Int("groups")
	filters := out.Shape[1] / groups // per group
	width, size := out.Shape[3], len(weight.Data)/weight.Shape[0]
	k := taps{weight.Shape[1], weight.Shape[2], weight.Shape[3], c.Ints("stride"), c.Ints("padding"), c.Ints("dilation")}
	bias, residual := c.in("bias"), c.in("residual")
	parallel(batch*groups*rows, func(next func() int) {
		window := make([]float64, width*size)
		for i := next(); i >= 0; i = next() {
			n, g, y := i/(groups*rows), i/rows%groups, i%rows
			for x := range width {
				k.gather(in, n, g, y, x, window[x*size:(x+1)*size])
			}
			for o := g * filters; o < (g+1)*filters; o++ {
				filter := weight.Data[o*size : (o+1)*size]
				at := ((n*out.Shape[1]+o)*rows + y) * width
				for x := range width {
					v := dot(filter, window[x*size:(x+1)*size])
					if bias != nil {
						v += bias.Data[o]
					}
					if residual != nil {
						v += residual.Data[at+x]
					}
					out.Data[at+x] = v
				}
			}
		}
	})
	fused(c, out)
}

// gather copies what the filters of group g read for the output pixel oy, ox of
// image n, in the order of a filter's taps: channel, row, column.
func (k taps) gather(in *Tensor, n, g, oy, ox int, window []float64) {
	h, w := in.Shape[2], in.Shape[3]
	for ch := range k.channels {
		plane := in.Data[(n*in.Shape[1]+g*k.channels+ch)*h*w:]
		for ky := range k.height {
			y := oy*k.stride[0] - k.padding[0] + ky*k.dilation[0]
			for kx := range k.width {
				x := ox*k.stride[1] - k.padding[1] + kx*k.dilation[1]
				v := 0.0
				if 0 <= y && y < h && 0 <= x && x < w {
					v = plane[y*w+x]
				}
				window[(ch*k.height+ky)*k.width+kx] = v
			}
		}
	}
}

func linear(c call, out *Tensor) {
	in, weight, bias := c.in("input"), c.in("weight"), c.in("bias")
	inputs, outputs := weight.Shape[1], weight.Shape[0]
	for i := range out.Data {
		n, o := i/outputs, i%outputs
		v := dot(weight.Data[o*inputs:(o+1)*inputs], in.Data[n*inputs:(n+1)*inputs])
		if bias != nil {
			v += bias.Data[o]
		}
		out.Data[i] = v
	}
	fused(c, out)
}

// dot has four sums, so that an addition need not wait for the one before it.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += x * b[i]
	}
	return s0 + s1 + (s2 + s3)
}

// parallel runs work on every processor; next gives each of the numbers from 0
// to n-1 to one of them, and then -1.
func parallel(n int, work func(next func() int)) {
	var mu sync.Mutex
	i := -1
	next := func() int {
		mu.Lock()
		defer mu.Unlock()
		if i++; i < n {
			return i
		}
		return -1
	}
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() { work(next) })
	}
	wg.Wait()
}
