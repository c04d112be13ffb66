package interp

import "math"

// windows calls f for each pixel of each channel of a pool's result: its index,
// the indices of the elements of its window inside the input, row by row, and
// the size of the window inside the padded input.  It takes the shapes of the
// pool's input and of its result.
func (c call) windows(in, out []int, f func(at int, elements []int, padded int)) {
	k, s, p := c.Ints("kernel"), c.Ints("stride"), c.Ints("padding")
	h, w, oh, ow := in[2], in[3], out[2], out[3]
	var elements []int
	for plane := range out[0] * out[1] {
		for oy := range oh {
			for ox := range ow {
				top, left := oy*s[0]-p[0], ox*s[1]-p[1]
				bottom, right := min(top+k[0], h+p[2]), min(left+k[1], w+p[3])
				padded := (bottom - top) * (right - left)
				elements = elements[:0]
				for y := max(top, 0); y < min(bottom, h); y++ {
					for x := max(left, 0); x < min(right, w); x++ {
						elements = append(elements, (plane*h+y)*w+x)
					}
				}
				f((plane*oh+oy)*ow+ox, elements, padded)
			}
		}
	}
}

func maxPool(c call, out *Tensor) {
	in := c.in("input")
	c.windows(in.Shape, out.Shape, func(at int, elements []int, _ int) {
		largest := math.Inf(-1)
		for _, i := range elements {
			largest = math.Max(largest, in.Data[i]) // NaN if either is
		}
		out.Data[at] = largest
	})
}

func avgPool(c call, out *Tensor) {
	in, countPad := c.in("input"), c.Bool("count_include_pad")
	c.windows(in.Shape, out.Shape, func(at int, elements []int, padded int) {
		if !countPad {
			padded = len(elements)
		}
		sum := 0.0
		for _, i := range elements {
			sum += in.Data[i]
		}
		out.Data[at] = sum / float64(padded)
	})
}

func globalAvgPool(c call, out *Tensor) {
	in := c.in("input").Data
	pixels := len(in) / len(out.Data)
	for i := range out.Data {
		out.Data[i] = sum(in[i*pixels:(i+1)*pixels]) / float64(pixels)
	}
}

func sum(xs []float64) float64 {
	s := 0.0
	for _, x := range xs {
		s += x
	}
	return s
}
