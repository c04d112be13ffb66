package runtime

import (
	"image"
	"math"
)

// Resampling is Pillow's (src/libImaging/Resample.c): one pass over columns and
// one over rows, each with coefficients of 22 binary places, and rounded to 8
// bits after each.  Sums of integers do not depend on their order, so the rows
// can be added as they come and the result is the same, bit for bit, with no
// more memory than the window takes.

const filterBits = 32 - 8 - 2 // 8 bits of the pixel, two for the sign and overshoot

// resample resizes a picture of the given size and writes the window of it, as
// R, G, B bytes, to dst, which is all zeros.
func resample(dst []uint8, rows rowReader, size, resized image.Point, window image.Rectangle) {
	seen := window.Intersect(image.Rectangle{Max: resized})
	if seen.Empty() {
		return
	}
	stride, n := 3*window.Dx(), 3*seen.Dx()
	dst = dst[(seen.Min.Y-window.Min.Y)*stride+3*(seen.Min.X-window.Min.X):]
	if size == resized {
		for y := range seen.Dy() {
			rows(dst[y*stride:][:n], seen.Min.X, seen.Min.Y+y)
		}
		return
	}
	columns := newFilter(size.X, resized.X, seen.Min.X, seen.Max.X)
	lines := newFilter(size.Y, resized.Y, seen.Min.Y, seen.Max.Y)
	left, right := columns.span()
	source := make([]uint8, 3*(right-left))
	line := make([]uint8, n)
	sums := make([]int32, n*seen.Dy())
	for i := range sums {
		sums[i] = 1 << (filterBits - 1)
	}
	first := 0 // output rows before it are ready
	for y, bottom := lines.span(); y < bottom; y++ {
		rows(source, left, y)
		columns.apply(line, source, left)
		for first < seen.Dy() && lines.taps[first].end() <= y {
			first++
		}
		for out := first; out < seen.Dy() && lines.taps[out].from <= y; out++ {
			t := lines.taps[out]
			k := lines.coefficients[t.at+y-t.from]
			sum := sums[out*n:][:len(line)]
			for i, v := range line {
				sum[i] += int32(v) * k
			}
		}
	}
	for y := range seen.Dy() {
		out := dst[y*stride:][:n]
		for i := range out {
			out[i] = clip8(sums[y*n+i] >> filterBits)
		}
	}
}

// filter says which inputs make up each output of one pass, and how much.
type filter struct {
	taps         []taps
	coefficients []int32 // 1<<filterBits is 1
}

// taps are the inputs of one output: n coefficients from at on, of the inputs
// from from on.
type taps struct{ from, n, at int }

func (t taps) end() int { return t.from + t.n }

// newFilter gives the outputs from first up to last of a pass that makes size
// values to resized values, with a triangle as the kernel.
func newFilter(size, resized, first, last int) filter {
	scale := float64(size) / float64(resized)
	support := max(scale, 1)
	f := filter{taps: make([]taps, 0, last-first)}
	weights := make([]float64, 0, 2*int(math.Ceil(support))+1)
	for i := first; i < last; i++ {
		// Conversions keep the compiler from fusing multiplications with
		// additions, which rounds differently from one machine to another.
		centre := float64((float64(i) + 0.5) * scale)
		from := max(int(centre-support+0.5), 0)
		end := min(int(centre+support+0.5), size)
		weights = weights[:0]
		var sum float64
		for x := from; x < end; x++ {
			w := max(0, 1-math.Abs(float64((float64(x)-centre+0.5)*float64(1/support))))
			weights = append(weights, w)
			sum += w
		}
		f.taps = append(f.taps, taps{from: from, n: len(weights), at: len(f.coefficients)})
		for _, w := range weights {
			f.coefficients = append(f.coefficients, int32(0.5+float64(w/sum*(1<<filterBits))))
		}
	}
	return f
}

// span is the range of inputs that are used at all.
func (f *filter) span() (from, end int) {
	from, end = f.taps[0].from, f.taps[0].end()
	for _, t := range f.taps {
		from, end = min(from, t.from), max(end, t.end())
	}
	return from, end
}

// apply filters a row of R, G, B bytes that begins at input left.
func (f *filter) apply(dst, src []uint8, left int) {
	for i, t := range f.taps {
		in := src[3*(t.from-left):][:3*t.n]
		var r, g, b int32 = 1 << (filterBits - 1), 1 << (filterBits - 1), 1 << (filterBits - 1)
		for _, k := range f.coefficients[t.at:][:t.n] {
			r += int32(in[0]) * k
			g += int32(in[1]) * k
			b += int32(in[2]) * k
			in = in[3:]
		}
		dst[3*i], dst[3*i+1], dst[3*i+2] = clip8(r>>filterBits), clip8(g>>filterBits), clip8(b>>filterBits)
	}
}

func clip8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
