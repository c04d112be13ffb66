package kernels

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// stemPoints are those of a stem's F(4, 4), beside infinity.
var stemPoints = []float64{0, 1, -1, 2, -2, 0.5}

// stemB is the row of Bᵀ of an element, by Toom and Cook: of the polynomial with
// all points but the element's as roots.
func stemB(e int) [7]float64 {
	p := [7]float64{1}
	for i, a := range stemPoints {
		if i == e {
			continue
		}
		for k := len(p) - 1; k > 0; k-- {
			p[k] = p[k-1] - a*p[k]
		}
		p[0] *= -a
	}
	return p
}

// stemA is the column of Aᵀ of an element: powers of its point, of the last finite
// one times 8.
func stemA(e int) [4]float64 {
	if e == len(stemPoints) {
		return [4]float64{3: 1}
	}
	a, scale := stemPoints[e], 1.
	if e == len(stemPoints)-1 {
		scale = 8
	}
	return [4]float64{scale, scale * a, scale * a * a, scale * a * a * a}
}

// TestStemIn compares the transform of a row of planar input with Bᵀ d in float64.
func TestStemIn(t *testing.T) {
	inBuffer, outBuffer := newGuarded(t, 500), newGuarded(t, 2000)
	eachKernel(t, "stem_in", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(21, 0))
		for trial := range 60 {
			a := winogradArgs{tiles: trial % 6, flags: r.IntN(2)}
			groups := max(a.tiles, 1)
			a.matrix = 4 * (stemFloats + r.IntN(20))
			in := inBuffer.take(t, (groups*stemTiles-1)*8+stemProducts, trial/6)
			out := outBuffer.take(t, (groups-1)*a.matrix/4+stemFloats, trial/6)
			values(r, in)
			values(r, out)
			a.in, a.out = &in[0], &out[0]
			want := newExpected(out)
			for tile := range a.tiles * stemTiles {
				for p := range stemProducts {
					row := stemB(p % 7)
					var v, magnitude float64
					for i := p / 7; i < stemProducts; i += 2 {
						x := row[i/2] * float64(in[tile*8+i])
						v, magnitude = v+x, magnitude+math.Abs(x)
					}
					want.set(tile/stemTiles*a.matrix/4+p*stemTiles+tile%stemTiles, v, magnitude)
				}
			}
			before := a
			set.stemIn(&a)
			if a != before {
				t.Fatal("the kernel changed its arguments")
			}
			if d := want.diff(out); d != "" {
				t.Fatalf("trial %d, %d groups: %s", trial, a.tiles, d)
			}
		}
	})
}

// stemOperands are those of a call of stem, in guarded memory.
type stemOperands struct {
	args             convArgs
	in, w, out, bias []float32
}

func newStemOperands(t *testing.T, r *rand.Rand, trial int) *stemOperands {
	a := convArgs{tiles: trial % 4, blocks: 1 + r.IntN(4), kh: 1 + r.IntN(7), flags: r.IntN(2)}
	groups := max(a.tiles, 1)
	a.inPlane = 4 * (a.blocks*stemFloats + r.IntN(9))
	a.inRow = groups*a.inPlane + 4*r.IntN(9)
	place := r.IntN(2)
	take := func(n int) []float32 {
		x := newGuarded(t, n).take(t, n, place)
		values(r, x)
		return x
	}
	o := &stemOperands{
		in:   take(((a.kh-1)*a.inRow+(groups-1)*a.inPlane)/4 + a.blocks*stemFloats),
		w:    take(a.kh * a.blocks * stemProducts * block),
		out:  take(groups * stemGroup * block),
		bias: take(block),
	}
	a.in, a.w, a.out = &o.in[0], &o.w[0], &o.out[0]
	if r.IntN(3) > 0 {
		a.bias = &o.bias[0]
	}
	o.args = a
	return o
}

// TestStem compares groups of a row with Aᵀ of sums in float64.
func TestStem(t *testing.T) {
	eachKernel(t, "stem", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(22, 0))
		for trial := range 24 {
			o := newStemOperands(t, r, trial)
			a := o.args
			want := newExpected(o.out)
			for tile := range a.tiles * stemTiles {
				for c := range block {
					var y, magnitude [4]float64
					if a.bias != nil {
						for x := range y {
							y[x], magnitude[x] = float64(o.bias[c]), math.Abs(float64(o.bias[c]))
						}
					}
					for term := range a.kh * a.blocks * stemProducts {
						row, plane, p := term/stemProducts/a.blocks, term/stemProducts%a.blocks, term%stemProducts
						from := (tile/stemTiles*a.inPlane+row*a.inRow)/4 + plane*stemFloats + p*stemTiles + tile%stemTiles
						product := float64(o.in[from]) * float64(o.w[term*block+c])
						for x, f := range stemA(p % 7) {
							y[x] += f * product
							magnitude[x] += math.Abs(f * product)
						}
					}
					for x := range y {
						if a.flags&flagReLU != 0 {
							y[x] = max(y[x], 0)
						}
						// Beside roundings of the transform one for each product.
						want.set((tile*4+x)*block+c, y[x], magnitude[x]*float64(a.kh*a.blocks+2))
					}
				}
			}
			before := a
			set.stem(&a)
			if a != before {
				t.Fatal("the kernel changed its arguments")
			}
			if d := want.diff(o.out); d != "" {
				t.Fatalf("trial %d, %+v: %s", trial, a, d)
			}
		}
	})
}

// TestStemSpecial puts a NaN or an infinity into one place of the operands: it
// must reach just those results that it reaches in the pure-Go twins.
func TestStemSpecial(t *testing.T) {
	twins := genericKernels()
	eachKernel(t, "stem", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(23, 0))
		for trial := range 100 {
			o := newStemOperands(t, r, 1+trial%3)
			x := [][]float32{o.in, o.w, o.bias}[r.IntN(3)]
			x[r.IntN(len(x))] = specials[r.IntN(4)] // NaN or infinite
			twins.stem(&o.args)
			want := slices.Clone(o.out)
			set.stem(&o.args)
			for i, w := range want {
				finite := w-w == 0
				if d := math.Abs(float64(o.out[i]) - float64(w)); !same(o.out[i], w) && !(finite && d < 1e-3) {
					t.Fatalf("trial %d: pixel %d, channel %d is %g, want %g", trial, i/block, i%block, o.out[i], w)
				}
			}
		}
	})
	eachKernel(t, "stem_in", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		r := rand.New(rand.NewPCG(24, 0))
		for trial := range 100 {
			var in [31 + stemGroup*2]float32
			var out, want [2 * stemFloats]float32
			values(r, in[:])
			in[r.IntN(len(in))] = specials[r.IntN(4)]
			a := winogradArgs{in: &in[0], out: &want[0], tiles: 1, matrix: 4 * stemFloats}
			twins.stemIn(&a)
			a.out = &out[0]
			set.stemIn(&a)
			for i, w := range want {
				finite := w-w == 0
				if d := math.Abs(float64(out[i]) - float64(w)); !same(out[i], w) && !(finite && d < 1e-4) {
					t.Fatalf("trial %d: element %d of tile %d is %g, want %g", trial, i/stemTiles, i%stemTiles, out[i], w)
				}
			}
		}
	})
}

// TestStemBits checks that the assembly gives the same bits at every level, on
// every architecture.
func TestStemBits(t *testing.T) {
	hash := func(x []float32) uint64 {
		h := fnv.New64a()
		if err := binary.Write(h, binary.LittleEndian, x); err != nil {
			t.Fatal(err)
		}
		return h.Sum64()
	}
	eachKernel(t, "stem_in", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		if set.level == PureGo {
			t.Skip("rounds products and sums apart")
		}
		in, out := make([]float32, 3*32+5), make([]float32, 3*stemFloats)
		values(rand.New(rand.NewPCG(25, 0)), in)
		set.stemIn(&winogradArgs{in: &in[0], out: &out[0], tiles: 3, matrix: 4 * stemFloats})
		if got, want := hash(out), uint64(0xd00fe14a60c4db36); got != want {
			t.Errorf("hash of the output is %#x, want %#x", got, want)
		}
	})
	eachKernel(t, "stem", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		if set.level == PureGo {
			t.Skip("rounds products and sums apart")
		}
		r := rand.New(rand.NewPCG(26, 0))
		const groups, planes, rows = 3, 3, 7
		in, w, bias := make([]float32, rows*groups*planes*stemFloats), make([]float32, rows*planes*stemProducts*block), make([]float32, block)
		out := make([]float32, groups*stemGroup*block)
		for _, x := range [][]float32{in, w, bias} {
			values(r, x)
		}
		set.stem(&convArgs{
			in: &in[0], w: &w[0], out: &out[0], bias: &bias[0], tiles: groups, blocks: planes, kh: rows,
			inPlane: 4 * planes * stemFloats, inRow: 4 * groups * planes * stemFloats, flags: flagReLU,
		})
		if got, want := hash(out), uint64(0x2c6c821b26e44b68); got != want {
			t.Errorf("hash of the output is %#x, want %#x", got, want)
		}
	})
}
