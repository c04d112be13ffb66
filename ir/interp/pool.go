package interp

import "math"

// windows calls f for each output pixel of each channel: its place in out, the
// elements of its window inside the input, and the size of the window inside
// the padded input.
func windows(c call, out *Tensor, f func(at int, elements []float64, padded int)) {
	in, k, s, p := c.in("input"), c.Ints("kernel"), c.Ints("stride"), c.Ints("padding")
	h, w := in.Shape[2], in.Shape[3]
	planes, oh, ow := out.Shape[0]*out.Shape[1], out.Shape[2], out.Shape[3]
	var elements []float64
	for plane := range planes {
		for oy := range oh {
			for ox := range ow {
				top, left := oy*s[0]-p[0], ox*s[1]-p[1]
				bottom, right := min(top+k[0], h+p[2]), min(left+k[1], w+p[3])
				padded := (bottom - top) * (right - left)
				elements = elements[:0]
				for y := max(top, 0); y < min(bottom, h); y++ {
					row := (plane*h + y) * w
					elements = append(elements, in.Data[row+max(left, 0):row+min(right, w)]...)
				}
				f((plane*oh+oy)*ow+ox, elements, padded)
			}
		}
	}
}

func maxPool(c call, out *Tensor) {
	windows(c, out, func(at int, elements []float64, _ int) {
		largest := math.Inf(-1)
		for _, x := range elements {
			largest = math.Max(largest, x) // NaN if either is
		}
		out.Data[at] = largest
	})
}

func avgPool(c call, out *Tensor) {
	countPad := c.Bool("count_include_pad")
	windows(c, out, func(at int, elements []float64, padded int) {
		if !countPad {
			padded = len(elements)
		}
		out.Data[at] = sum(elements) / float64(padded)
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
