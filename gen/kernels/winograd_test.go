package kernels

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// The matrices of the transforms with stride 2, as of winogradB and winogradA.
var (
	polyphaseB = [][]float32{{1, 0, -1, 0, 0}, {0, 1, 0, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 0, 1, 0}, {0, 0, -1, 0, 1}}
	polyphaseA = [][]float32{{1, 1, 0}, {0, 1, 1}}
)

// transform is a kernel of a set, with what it computes.
type transform struct {
	kernel winogradKernel
	matrix [][]float32
	m      int // output pixels of a tile in each direction
	n      int // elements that it reads
	step   int // pixels of the input from one tile to the next
}

func transformOf(set *kernelSet, k asm.Kernel) transform {
	m := k.Pixels
	switch k.Op {
	case "winograd_in":
		return transform{set.winogradIn[m], winogradB[m], m, m + 2, m}
	case "winograd_out":
		return transform{set.winogradOut[m], winogradA[m], m, m + 2, m}
	case "polyphase_in":
		return transform{set.polyphaseIn, polyphaseB, 2, polyphaseElements, 4}
	}
	return transform{set.polyphaseOut, polyphaseA, 2, polyphaseProducts, 4}
}

var transformsIn, transformsOut = []string{"winograd_in", "polyphase_in"}, []string{"winograd_out", "polyphase_out"}

// eachTransform is eachKernel for several operations.
func eachTransform(t *testing.T, ops []string, test func(t *testing.T, set *kernelSet, k asm.Kernel)) {
	for _, op := range ops {
		eachKernel(t, op, test)
	}
}

// TestWinogradIn compares the input transforms with Bᵀ d B in float64.
func TestWinogradIn(t *testing.T) {
	inBuffer, outBuffer := newGuarded(t, 2500), newGuarded(t, 10_000)
	eachTransform(t, transformsIn, func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(5, uint64(k.Pixels)))
		f := transformOf(set, k)
		n, step := f.n, f.step
		for trial := range 100 {
			a := winogradArgs{tiles: trial % 5, flags: r.IntN(2)}
			width := max(a.tiles, 1)*step + n - step
			a.row = width*64 + 4*r.IntN(3)
			a.matrix = max(a.tiles, 1)*64 + 4*r.IntN(20)
			in := inBuffer.take(t, ((n-1)*a.row+width*64)/4, trial/5)
			out := outBuffer.take(t, ((n*n-1)*a.matrix+max(a.tiles, 1)*64)/4, trial/5)
			values(r, in)
			values(r, out)
			a.in, a.out = &in[0], &out[0]
			want := newExpected(out)
			for tile := range a.tiles {
				for c := range 16 {
					v, magnitude := sandwich(f.matrix, n, func(y, x int) float32 {
						return pixelAt(a.in, y*a.row+(tile*step+x)*64)[c]
					})
					for i := range n * n {
						want.set((i*a.matrix+tile*64)/4+c, v[i/n][i%n], magnitude[i/n][i%n])
					}
				}
			}
			before := a
			f.kernel(&a)
			if a != before {
				t.Fatal("the kernel changed its arguments")
			}
			if d := want.diff(out); d != "" {
				t.Fatalf("trial %d, %d tiles: %s", trial, a.tiles, d)
			}
		}
	})
}

// TestWinogradOut compares the output transforms with Aᵀ d A in float64, over
// all clippings of the last tile.
func TestWinogradOut(t *testing.T) {
	inBuffer, outBuffer, resBuffer, biasBuffer := newGuarded(t, 10_000), newGuarded(t, 2500), newGuarded(t, 2500), newGuarded(t, 16)
	eachTransform(t, transformsOut, func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(6, uint64(k.Pixels)))
		f := transformOf(set, k)
		m, n := f.m, f.n
		for trial := range 16 * m * m {
			a := winogradArgs{tiles: 1 + r.IntN(3), rows: 1 + trial%m, flags: r.IntN(2)}
			a.cols = (a.tiles-1)*m + 1 + trial/m%m
			a.matrix = a.tiles*64 + 4*r.IntN(20)
			a.row = a.cols*64 + 4*r.IntN(3)
			a.resRow = a.cols*64 + 4*r.IntN(3)
			place := r.IntN(2)
			in := inBuffer.take(t, ((n*n-1)*a.matrix+a.tiles*64)/4, place)
			out := outBuffer.take(t, ((a.rows-1)*a.row+a.cols*64)/4, place)
			res := resBuffer.take(t, ((a.rows-1)*a.resRow+a.cols*64)/4, place)
			bias := biasBuffer.take(t, 16, place)
			for _, x := range [][]float32{in, out, res, bias} {
				values(r, x)
			}
			a.in, a.out = &in[0], &out[0]
			if r.IntN(2) == 0 {
				a.bias = &bias[0]
			}
			switch r.IntN(3) {
			case 0:
				a.res = &res[0]
			case 1: // in place
				a.res, a.resRow = a.out, a.row
			}
			want := newExpected(out)
			for tile := range a.tiles {
				for c := range 16 {
					v, magnitude := sandwich(f.matrix, n, func(y, x int) float32 {
						return pixelAt(a.in, (y*n+x)*a.matrix+tile*64)[c]
					})
					for y := range min(m, a.rows) {
						for x := range min(m, a.cols-tile*m) {
							if a.bias != nil {
								v[y][x] += float64(bias[c])
								magnitude[y][x] += math.Abs(float64(bias[c]))
							}
							if a.res != nil {
								s := float64(pixelAt(a.res, y*a.resRow+(tile*m+x)*64)[c])
								v[y][x] += s
								magnitude[y][x] += math.Abs(s)
							}
							if a.flags&flagReLU != 0 {
								v[y][x] = max(v[y][x], 0)
							}
							want.set((y*a.row+(tile*m+x)*64)/4+c, v[y][x], magnitude[y][x])
						}
					}
				}
			}
			before := a
			f.kernel(&a)
			if a != before {
				t.Fatal("the kernel changed its arguments")
			}
			if d := want.diff(out); d != "" {
				t.Fatalf("trial %d, %d tiles, %d rows, %d columns, flags %d, bias %t, residual %t: %s",
					trial, a.tiles, a.rows, a.cols, a.flags, a.bias != nil, a.res != nil, d)
			}
		}
	})
}

// TestWinogradSpecial puts a NaN or an infinity into one element of a tile, the
// bias or the residual, in each channel another one: it must reach just those
// elements of the result that it reaches in the pure-Go twin.
func TestWinogradSpecial(t *testing.T) {
	twins := genericKernels()
	for _, op := range slices.Concat(transformsIn, transformsOut) {
		eachKernel(t, op, func(t *testing.T, set *kernelSet, k asm.Kernel) {
			r := rand.New(rand.NewPCG(7, uint64(k.Pixels)))
			f := transformOf(set, k)
			m, n := f.m, f.n
			for trial := range 200 {
				domain, pixels := make([]float32, n*n*16), make([]float32, n*n*16)
				res, bias := make([]float32, m*m*16), make([]float32, 16)
				a := winogradArgs{tiles: 1, matrix: 64, row: n * 64, resRow: m * 64, rows: m, cols: m, flags: trial % 2}
				twin := transformOf(twins, k).kernel
				in, out := pixels, domain
				places := [][]float32{in}
				if slices.Contains(transformsOut, op) {
					in, out = domain, pixels
					a.bias, a.res = &bias[0], &res[0]
					places = [][]float32{in, in, res, bias}
				}
				for _, x := range [][]float32{in, res, bias} {
					values(r, x)
				}
				for c := range 16 {
					x := places[r.IntN(len(places))]
					x[r.IntN(len(x)/16)*16+c] = specials[r.IntN(4)] // NaN or infinite
				}
				a.in, a.out = &in[0], &out[0]
				twin(&a)
				want := slices.Clone(out)
				f.kernel(&a)
				// Values are at most 1, and so a result is at most the largest
				// row's sum of magnitudes, squared, beside bias and residual.
				bound := 2 * roundings * 0x1p-24 * (norm(f.matrix)*norm(f.matrix) + 2)
				for i, w := range want {
					finite := w-w == 0
					if d := math.Abs(float64(out[i]) - float64(w)); !same(out[i], w) && !(finite && d <= bound) {
						t.Fatalf("trial %d: pixel or element %d, channel %d is %g, want %g", trial, i/16, i%16, out[i], w)
					}
				}
			}
		})
	}
}

// TestWinogradBits checks that the assembly gives the same bits at every level,
// on every architecture.  With stride 2, where there is nothing but sums of two,
// pure Go does too.
func TestWinogradBits(t *testing.T) {
	want := map[string]uint64{
		"winograd_in2": 0x8b1bded3ac3e2e6b, "winograd_in4": 0x65be65d19b751762,
		"winograd_out2": 0x96c2611ab7e3d5a9, "winograd_out4": 0xd8f6c6a1797889dc,
		"polyphase_in2": 0x645280dbccda65ac, "polyphase_out2": 0xb4f8e027fb298cbb,
	}
	for _, op := range slices.Concat(transformsIn, transformsOut) {
		eachKernel(t, op, func(t *testing.T, set *kernelSet, k asm.Kernel) {
			if set.level == PureGo && strings.HasPrefix(op, "winograd") {
				t.Skip("rounds products and sums apart")
			}
			const tiles = 3
			f := transformOf(set, k)
			m, n := f.m, f.n
			width := tiles*f.step + n - f.step
			if slices.Contains(transformsOut, op) {
				width = tiles*m + 2
			}
			r := rand.New(rand.NewPCG(8, 0))
			domain, pixels, res := make([]float32, n*n*tiles*16), make([]float32, n*width*16), make([]float32, n*width*16)
			a := winogradArgs{tiles: tiles, matrix: tiles * 64, row: width * 64, resRow: width * 64, rows: m, cols: tiles * m}
			in, out := pixels, domain
			if slices.Contains(transformsOut, op) {
				in, out = domain, pixels
				a.bias, a.res = &res[len(res)-16], &res[0]
			}
			values(r, in)
			values(r, res)
			a.in, a.out = &in[0], &out[0]
			f.kernel(&a)
			h := fnv.New64a()
			if err := binary.Write(h, binary.LittleEndian, out); err != nil {
				t.Fatal(err)
			}
			if key := fmt.Sprint(op, m); h.Sum64() != want[key] {
				t.Errorf("hash of the output of %s with m = %d is %#x, want %#x", op, m, h.Sum64(), want[key])
			}
		})
	}
}

// norm is the largest sum of a row's magnitudes.
func norm(matrix [][]float32) float64 {
	var most float64
	for _, row := range matrix {
		var sum float64
		for _, x := range row {
			sum += math.Abs(float64(x))
		}
		most = max(most, sum)
	}
	return most
}

// sandwich computes matrix * d * matrixᵀ, and the same of magnitudes.
func sandwich(matrix [][]float32, n int, d func(y, x int) float32) (v, magnitude [6][6]float64) {
	for i, row := range matrix {
		for j, column := range matrix {
			for y := range n {
				for x := range n {
					p := float64(row[y]) * float64(column[x]) * float64(d(y, x))
					v[i][j] += p
					magnitude[i][j] += math.Abs(p)
				}
			}
		}
	}
	return v, magnitude
}

// expected is a buffer after a call: computed values, with how far off they
// may be, between others that must stay.
type expected struct {
	value []float64
	bound []float64
}

func newExpected(start []float32) *expected {
	e := &expected{bound: make([]float64, len(start))}
	for _, v := range start {
		e.value = append(e.value, float64(v))
	}
	return e
}

// roundings is how many a result may go through: those of the two sums of up to
// 5 products each, bias and residual.
const roundings = 16

// set expects a value after the roundings, each relative to magnitude.
func (e *expected) set(i int, value, magnitude float64) {
	e.value[i], e.bound[i] = value, roundings*0x1p-24*magnitude
}

func (e *expected) diff(got []float32) string {
	for i, v := range got {
		if d := math.Abs(float64(v) - e.value[i]); !(d <= e.bound[i]) {
			return fmt.Sprintf("float32 %d of %d is %g, want %g within %g", i, len(got), v, e.value[i], e.bound[i])
		}
	}
	return ""
}
