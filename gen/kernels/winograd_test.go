package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// TestWinogradIn compares the input transforms with Bᵀ d B in float64.
func TestWinogradIn(t *testing.T) {
	inBuffer, outBuffer := newGuarded(t, 2500), newGuarded(t, 10_000)
	eachKernel(t, "winograd_in", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(5, uint64(k.Pixels)))
		m, n := k.Pixels, k.Pixels+2
		for trial := range 100 {
			a := winogradArgs{tiles: trial % 5, flags: r.IntN(2)}
			width := max(a.tiles, 1)*m + 2
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
					v, magnitude := sandwich(winogradB[m], n, func(y, x int) float32 {
						return pixelAt(a.in, y*a.row+(tile*m+x)*64)[c]
					})
					for i := range n * n {
						want.set((i*a.matrix+tile*64)/4+c, v[i/n][i%n], magnitude[i/n][i%n])
					}
				}
			}
			set.winogradIn[m](&a)
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
	eachKernel(t, "winograd_out", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(6, uint64(k.Pixels)))
		m, n := k.Pixels, k.Pixels+2
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
					v, magnitude := sandwich(winogradA[m], n, func(y, x int) float32 {
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
			set.winogradOut[m](&a)
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

// TestWinogradNaN checks that NaN stays NaN through the output transform's ReLU.
func TestWinogradNaN(t *testing.T) {
	eachKernel(t, "winograd_out", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		n := k.Pixels + 2
		in := make([]float32, n*n*16)
		for i := range in {
			in[i] = specials[0]
		}
		var out [4 * 4 * 16]float32
		a := winogradArgs{in: &in[0], out: &out[0], tiles: 1, matrix: 64, row: 4 * 64, rows: k.Pixels, cols: k.Pixels, flags: flagReLU}
		set.winogradOut[k.Pixels](&a)
		for y := range k.Pixels {
			for x := range k.Pixels {
				if v := out[(y*4+x)*16]; v == v {
					t.Errorf("pixel %d, %d is %g, want NaN", y, x, v)
				}
			}
		}
	})
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

// set expects a value after at most 16 roundings relative to magnitude: those
// of the two sums of up to 5 products each, bias and residual.
func (e *expected) set(i int, value, magnitude float64) {
	e.value[i], e.bound[i] = value, 16*0x1p-24*magnitude
}

func (e *expected) diff(got []float32) string {
	for i, v := range got {
		if d := math.Abs(float64(v) - e.value[i]); !(d <= e.bound[i]) {
			return fmt.Sprintf("float32 %d of %d is %g, want %g within %g", i, len(got), v, e.value[i], e.bound[i])
		}
	}
	return ""
}
