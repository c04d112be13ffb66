//go:build (amd64 || arm64) && !purego

package kernels

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/resnetc/resnetc/asm"
)

// peaks are the multiply-add peaks of one core, in GFLOP/s, by level: the best
// that any call of peakOf saw, as the machine may be busy.
var peaks = map[Level]float64{}

// peakLoop does chains multiply-adds of lanes float32s in each of n rounds.
type peakLoop struct {
	run           func(n int)
	lanes, chains int
}

func peakOf(level Level) float64 {
	const rounds = 20_000
	loop := peakLoops[level]
	for range 100 {
		start := time.Now()
		loop.run(rounds)
		rate := 2 * rounds * float64(loop.chains*loop.lanes) / float64(time.Since(start).Nanoseconds())
		peaks[level] = max(peaks[level], rate)
	}
	return peaks[level]
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
	tiles := map[Level][][2]int{
		NEON:   {{1, 6}, {1, 5}, {1, 4}, {2, 3}, {4, 1}},
		AVX2:   {{1, 6}, {1, 4}, {2, 3}},
		AVX512: {{1, 28}, {1, 14}, {2, 14}, {2, 7}, {4, 6}, {4, 7}, {4, 1}},
	}[level]
	var shapes []convShape
	for _, t := range tiles {
		for _, k := range [][3]int{{4, 1, 1}, {16, 1, 1}, {4, 3, 3}, {16, 3, 3}, {32, 3, 3}} {
			shapes = append(shapes,
				convShape{convBlockedS1, t[0], t[1], 2, k[0], k[1], k[2]},
				convShape{convHalfS1, t[0], t[1], 2, k[0], k[1], k[2]})
		}
		shapes = append(shapes, convShape{convPlanarS2, t[0], t[1], 2, 3, 7, 7})
		if t[0] == 1 && t[1] <= 14 {
			shapes = append(shapes, convShape{convGroup4S1, 1, t[1], 2, 1, 3, 3}, convShape{convGroup8S1, 1, t[1], 2, 1, 3, 3})
		}
	}
	return shapes
}

// BenchmarkConv measures every main tile, with operands that stay in the L2
// cache, as GFLOP/s and as a share of the peak in the same run.
func BenchmarkConv(b *testing.B) {
	for _, set := range assemblyKernels() {
		for _, s := range benchmarkShapes(set.level) {
			kernel := set.conv[s.class][s.blocks][s.pixels]
			name := asm.Conv(set.level.String(), s.class, s.blocks, s.pixels).Name
			b.Run(name+"/"+s.String(), func(b *testing.B) {
				benchmarkConv(b, kernel, s, peakOf(set.level))
			})
		}
	}
}

func benchmarkConv(b *testing.B, kernel convKernel, s convShape, peak float64) {
	step, channels, weights := convStep[s.class], convChannels(s.class), convWeights(s.class)
	terms := s.in * s.kh * s.kw * min(channels, groupOf(s.class))
	col := channels * 4
	row := s.tiles*s.pixels*step + s.kw*col
	plane := s.kh * row
	pixels := s.tiles * s.pixels
	a := convArgs{
		in: aligned(s.in * plane / 4), w: aligned(terms * weights / 4 * s.blocks), out: aligned(pixels * 16 * s.blocks),
		tiles: s.tiles, blocks: s.in, kh: s.kh, kw: s.kw,
		inPlane: plane, inRow: row, inCol: col,
		wBlock: terms * weights, outPlane: pixels * 64, flags: flagReLU,
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

// aligned returns n float32s that start at a multiple of 64 bytes.
func aligned(n int) *float32 {
	x := make([]float32, n+16)
	return &x[-int(uintptr(unsafe.Pointer(&x[0])))&63/4]
}

// BenchmarkWinograd measures the transforms of a row of tiles, whose operands
// stay in the L1 cache (4 tiles) or in L2 (14): nanoseconds for a tile of 16
// channels, and how many multiply-adds of 16 channels the peak does meanwhile.
// On Zen 4 these are cycles, of which with n = m+2 the way in takes at least 2n²
// for its stores, the way out n² for its loads.
func BenchmarkWinograd(b *testing.B) {
	for _, set := range append(assemblyKernels(), genericKernels()) {
		for _, m := range []int{2, 4} {
			for _, tiles := range []int{4, 14} {
				for _, op := range []string{"in", "out", "out+res"} {
					b.Run(fmt.Sprintf("winograd_%s_f32_b16m%d_%s/tiles=%d", op, m, set.level, tiles), func(b *testing.B) {
						benchmarkWinograd(b, set, m, tiles, op)
					})
				}
			}
		}
	}
}

func benchmarkWinograd(b *testing.B, set *kernelSet, m, tiles int, op string) {
	n := m + 2
	pixels, domain := aligned(n*(tiles*m+2)*16), aligned(n*n*(tiles*16+16))
	a := winogradArgs{
		in: pixels, out: domain, tiles: tiles, matrix: tiles*64 + 64,
		row: (tiles*m + 2) * 64, resRow: (tiles*m + 2) * 64, rows: m, cols: tiles * m, flags: flagReLU,
	}
	kernel := set.winogradIn[m]
	if op != "in" {
		kernel = set.winogradOut[m]
		a.in, a.out, a.bias = domain, pixels, aligned(16)
	}
	if op == "out+res" {
		a.res = aligned(m * (tiles*m + 2) * 16)
	}
	const calls = 20
	best := time.Duration(1 << 62)
	for b.Loop() {
		start := time.Now()
		for range calls {
			kernel(&a)
		}
		best = min(best, time.Since(start))
	}
	ns := float64(best.Nanoseconds()) / calls / float64(tiles)
	b.ReportMetric(ns, "ns/tile")
	if set.level != PureGo {
		b.ReportMetric(ns*peakOf(set.level)/32, "fma/tile")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStem measures a row of ResNet's stem, of three planes, from operands
// that stay in the L1 and L2 cache: the transform of a row of a plane, and 112
// pixels of a block, whose multiply-adds it gives as a share of the peak.
func BenchmarkStem(b *testing.B) {
	const groups, planes, rows, calls = 7, 3, 7, 20
	for _, set := range assemblyKernels() {
		v := aligned(rows * groups * planes * stemFloats)
		in := winogradArgs{in: aligned(229), out: v, tiles: groups, matrix: 4 * planes * stemFloats}
		out := convArgs{
			in: v, w: aligned(rows * planes * stemProducts * block), out: aligned(groups * stemGroup * block),
			tiles: groups, blocks: planes, kh: rows, flags: flagReLU,
			inPlane: 4 * planes * stemFloats, inRow: 4 * groups * planes * stemFloats,
		}
		for _, k := range []struct {
			name  string
			flops float64
			run   func()
		}{
			{"stem_in", 0, func() { set.stemIn(&in) }},
			{"stem", 2 * rows * planes * stemProducts * groups * stemTiles * block, func() { set.stem(&out) }},
		} {
			b.Run(fmt.Sprintf("%s_f32_b1m4_%s", k.name, set.level), func(b *testing.B) {
				best := time.Duration(1 << 62)
				for b.Loop() {
					start := time.Now()
					for range calls {
						k.run()
					}
					best = min(best, time.Since(start))
				}
				ns := float64(best.Nanoseconds()) / calls
				b.ReportMetric(ns, "ns/row")
				b.ReportMetric(100*k.flops/ns/peakOf(set.level), "%peak")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
