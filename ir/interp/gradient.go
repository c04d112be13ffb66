package interp

import "math"

// span gives the output positions, from first to before end, whose tap at that
// offset reads one of size input positions.
func span(out, size, stride, offset int) (first, end int) {
	if offset < 0 {
		first = (-offset + stride - 1) / stride
	}
	if offset < size {
		end = min(out, (size-1-offset)/stride+1)
	}
	return min(first, end), end
}

// convolution is what both gradients of a convolution share.
type convolution struct {
	batch, groups            int
	out, in                  int // channels of a group
	outH, outW, inH, inW     int
	kernelH, kernelW         int
	stride, padding, spacing []int
}

// geometry takes the shapes of dy, the input and the weight.
func (c call) geometry(dy, in, weight []int) convolution {
	groups := c.Int("groups")
	return convolution{
		dy[0], groups, dy[1] / groups, in[1] / groups, dy[2], dy[3], in[2], in[3], weight[2], weight[3],
		c.Ints("stride"), c.Ints("padding"), c.Ints("dilation"),
	}
}

// eachRow calls f for every pair of rows, of dy and of the input, that the tap
// ky, kx connects: the first pixel of each that takes part, and their number.
func (k *convolution) eachRow(ky, kx int, f func(dy, in, count int)) {
	oy, ox := ky*k.spacing[0]-k.padding[0], kx*k.spacing[1]-k.padding[1]
	top, bottom := span(k.outH, k.inH, k.stride[0], oy)
	left, right := span(k.outW, k.inW, k.stride[1], ox)
	if left == right {
		return
	}
	for y := top; y < bottom; y++ {
		f(y*k.outW+left, (y*k.stride[0]+oy)*k.inW+left*k.stride[1]+ox, right-left)
	}
}

// conv2dGradInput adds up, plane by plane, what each tap sent from the input
// pixel to the result.
func conv2dGradInput(c call, out *Tensor) {
	dy, weight := c.in("dy"), c.in("weight")
	k := c.geometry(dy.Shape, out.Shape, weight.Shape)
	parallel(k.batch*k.groups*k.in, func(next func() int) {
		for i := next(); i >= 0; i = next() {
			n, g, ch := i/(k.groups*k.in), i/k.in%k.groups, i%k.in
			dx := out.Data[i*k.inH*k.inW:][:k.inH*k.inW]
			for o := g * k.out; o < (g+1)*k.out; o++ {
				plane := dy.Data[(n*k.groups*k.out+o)*k.outH*k.outW:][:k.outH*k.outW]
				taps := weight.Data[(o*k.in+ch)*k.kernelH*k.kernelW:]
				for t := range k.kernelH * k.kernelW {
					k.eachRow(t/k.kernelW, t%k.kernelW, func(from, to, count int) {
						for x := range count {
							dx[to+x*k.stride[1]] += taps[t] * plane[from+x]
						}
					})
				}
			}
		}
	})
}

// conv2dGradWeight adds up the products that each weight was part of.
func conv2dGradWeight(c call, out *Tensor) {
	dy, in := c.in("dy"), c.in("input")
	k := c.geometry(dy.Shape, in.Shape, out.Shape)
	parallel(k.groups*k.out*k.in, func(next func() int) {
		for i := next(); i >= 0; i = next() {
			o, ch := i/k.in, i%k.in
			g := o / k.out
			taps := out.Data[i*k.kernelH*k.kernelW:]
			for n := range k.batch {
				plane := dy.Data[(n*k.groups*k.out+o)*k.outH*k.outW:][:k.outH*k.outW]
				image := in.Data[((n*k.groups+g)*k.in+ch)*k.inH*k.inW:][:k.inH*k.inW]
				for t := range k.kernelH * k.kernelW {
					k.eachRow(t/k.kernelW, t%k.kernelW, func(a, b, count int) {
						if k.stride[1] == 1 {
							taps[t] += dot(plane[a:a+count], image[b:b+count])
							return
						}
						for x := range count {
							taps[t] += plane[a+x] * image[b+x*k.stride[1]]
						}
					})
				}
			}
		}
	})
}

func biasGrad(c call, out *Tensor) {
	dy := c.in("dy")
	eachChannel(dy, func(ch, i int) { out.Data[ch] += dy.Data[i] })
}

func affineGrad(c call, results []*Tensor) error {
	in, dy, scale := c.in("input"), c.in("dy").Data, c.in("scale").Data
	eachChannel(in, func(ch, i int) {
		results[0].Data[i] = dy[i] * scale[ch]
		results[1].Data[ch] += dy[i] * in.Data[i]
		results[2].Data[ch] += dy[i]
	})
	return nil
}

// reluGrad lets dy pass where y is NaN, as PyTorch does.
func reluGrad(c call, out *Tensor) {
	y := c.in("y").Data
	for i, d := range c.in("dy").Data {
		if !(y[i] <= 0) {
			out.Data[i] = d
		}
	}
}

func linearGradInput(c call, out *Tensor) {
	dy, weight := c.in("dy"), c.in("weight")
	outputs, inputs := weight.Shape[0], weight.Shape[1]
	for i := range out.Data {
		for o := range outputs {
			out.Data[i] += dy.Data[i/inputs*outputs+o] * weight.Data[o*inputs+i%inputs]
		}
	}
}

func linearGradWeight(c call, out *Tensor) {
	dy, in := c.in("dy"), c.in("input")
	outputs, inputs := out.Shape[0], out.Shape[1]
	for i := range out.Data {
		for n := range dy.Shape[0] {
			out.Data[i] += dy.Data[n*outputs+i/inputs] * in.Data[n*inputs+i%inputs]
		}
	}
}

func softmaxGrad(c call, out *Tensor) {
	dy, y := c.in("dy").Data, c.in("y").Data
	before, channels, behind := axis1(out)
	for n := range before {
		for p := range behind {
			at := func(ch int) int { return (n*channels+ch)*behind + p }
			sum := 0.0
			for ch := range channels {
				sum += dy[at(ch)] * y[at(ch)]
			}
			for ch := range channels {
				out.Data[at(ch)] = y[at(ch)] * (dy[at(ch)] - sum)
			}
		}
	}
}

func subsampleGrad(c call, out *Tensor) {
	dy, s := c.in("dy"), c.Ints("stride")
	oh, ow, h, w := dy.Shape[2], dy.Shape[3], out.Shape[2], out.Shape[3]
	for i, d := range dy.Data {
		plane, y, x := i/(oh*ow), i/ow%oh, i%ow
		out.Data[(plane*h+y*s[0])*w+x*s[1]] = d
	}
}

func sliceChannels(c call, out *Tensor) {
	in := c.in("input")
	before, channels, behind := axis1(in)
	size := out.Shape[1] * behind
	for n := range before {
		copy(out.Data[n*size:(n+1)*size], in.Data[(n*channels+c.Int("begin"))*behind:])
	}
}

// maxPoolGrad finds the maximum again, as PyTorch does: the first of equals,
// and the last NaN.
func maxPoolGrad(c call, out *Tensor) {
	dy, in := c.in("dy"), c.in("input").Data
	c.windows(out.Shape, dy.Shape, func(at int, elements []int, _ int) {
		best, where := math.Inf(-1), elements[0]
		for _, i := range elements {
			if x := in[i]; x > best || math.IsNaN(x) {
				best, where = x, i
			}
		}
		out.Data[where] += dy.Data[at]
	})
}

func avgPoolGrad(c call, out *Tensor) {
	dy, countPad := c.in("dy"), c.Bool("count_include_pad")
	c.windows(out.Shape, dy.Shape, func(at int, elements []int, padded int) {
		if !countPad {
			padded = len(elements)
		}
		for _, i := range elements {
			out.Data[i] += dy.Data[at] / float64(padded)
		}
	})
}
