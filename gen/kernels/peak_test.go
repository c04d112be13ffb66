//go:build amd64 && !purego

package kernels

import (
	"fmt"
	"testing"
	"time"
	"unsafe"
)

// peakOf returns the multiply-add peak of one core, in GFLOP/s: the best of
// several short runs, as the machine may be busy.
func peakOf(level Level) float64 {
	const rounds = 100_000
	loop, lanes := peak_avx2, 8
	if level == AVX512 {
		loop, lanes = peak_avx512, 16
	}
	best := time.Duration(1 << 62)
	for range 50 {
		start := time.Now()
		loop(rounds)
		best = min(best, time.Since(start))
	}
	return 2 * peakChains * rounds * float64(lanes) / float64(best.Nanoseconds())
}

// convShape is a convolution of which a benchmark runs one row.
type convShape struct {
	class, blocks, pixels int
	tiles                 int
	in, kh, kw            int // input channel blocks, or planes
}

func (s convShape) String() string {
	return fmt.Sprintf("%dx%dx%d", s.in, s.kh, s.kw)
}

// benchmarkShapes are the main tiles with reductions from 64 to 4608 terms.
func benchmarkShapes(level Level) []convShape {
	tiles := [][2]int{{1, 28}, {1, 14}, {2, 14}, {2, 7}, {4, 6}, {4, 7}, {4, 1}}
	if level == AVX2 {
		tiles = [][2]int{{1, 6}, {1, 4}, {2, 3}}
	}
	var shapes []convShape
	for _, t := range tiles {
		for _, k := range [][3]int{{4, 1, 1}, {16, 1, 1}, {4, 3, 3}, {16, 3, 3}, {32, 3, 3}} {
			shapes = append(shapes, convShape{convBlockedS1, t[0], t[1], 2, k[0], k[1], k[2]})
		}
		shapes = append(shapes, convShape{convPlanarS2, t[0], t[1], 2, 3, 7, 7})
	}
	return shapes
}

// BenchmarkConv measures every main tile, with operands that stay in the L2
// cache, as GFLOP/s and as a share of the peak in the same run.
func BenchmarkConv(b *testing.B) {
	for _, set := range assemblyKernels() {
		peak := 0.0
		for _, s := range benchmarkShapes(set.level) {
			kernel := set.conv[s.class][s.blocks][s.pixels]
			name := fmt.Sprintf("%s_%dx%d_%s/k=%s", [...]string{"b16s1", "b16s2", "b1s1", "b1s2"}[s.class], s.pixels, s.blocks*16, set.level, s)
			b.Run(name, func(b *testing.B) {
				if peak == 0 {
					peak = peakOf(set.level)
				}
				benchmarkConv(b, kernel, s, peak)
			})
		}
	}
}

func benchmarkConv(b *testing.B, kernel convKernel, s convShape, peak float64) {
	step, channels := []int{64, 128, 4, 8}[s.class], 16
	if s.class >= convPlanarS1 {
		channels = 1
	}
	terms := s.in * s.kh * s.kw * channels
	col := channels * 4
	row := s.tiles*s.pixels*step + s.kw*col
	plane := s.kh * row
	pixels := s.tiles * s.pixels
	in := make([]float32, s.in*plane/4+64)
	w := make([]float32, terms*16*s.blocks+16)
	out := make([]float32, pixels*16*s.blocks+16)
	off := func(x []float32) *float32 { // the first 64-byte boundary
		return &x[(64-int(uintptr(unsafe.Pointer(&x[0])))&63)&63/4]
	}
	a := convArgs{
		in: off(in), w: off(w), out: off(out), tiles: s.tiles, blocks: s.in, kh: s.kh, kw: s.kw,
		inPlane: plane, inRow: row, inCol: col,
		wBlock: terms * 64, outPlane: pixels * 64, flags: flagReLU,
	}
	flops := 2 * float64(terms) * float64(pixels) * float64(s.blocks) * 16
	calls := int(50e-6*peak*1e9/flops) + 1 // about 50 µs
	best := time.Duration(1 << 62)
	for b.Loop() {
		start := time.Now()
		for range calls {
			kernel(&a)
		}
		best = min(best, time.Since(start))
	}
	rate := flops * float64(calls) / float64(best.Nanoseconds())
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(100*rate/peak, "%peak")
	b.ReportMetric(0, "ns/op")
}
