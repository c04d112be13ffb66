package kernels

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// TestPool runs the pooling kernels over tails, windows and strides.
func TestPool(t *testing.T) {
	twins := genericKernels()
	kernels := map[string]func(*kernelSet) poolKernel{
		"maxpool": func(s *kernelSet) poolKernel { return s.maxPool },
		"sumpool": func(s *kernelSet) poolKernel { return s.sumPool },
	}
	inBuffer, outBuffer := newGuarded(t, 10_000), newGuarded(t, 16*11)
	for _, op := range []string{"maxpool", "sumpool"} {
		eachKernel(t, op, func(t *testing.T, set *kernelSet, _ asm.Kernel) {
			r := rand.New(rand.NewPCG(3, 0))
			for trial := range 600 {
				a := poolArgs{pixels: trial % 12, kh: 1 + r.IntN(3), kw: 1 + r.IntN(3), scale: r.Float32()}
				if trial%10 == 0 {
					a.kh, a.kw = 7, 7
				}
				a.inStep = 64 * r.IntN(4)
				a.inRow = max(a.pixels-1, 0)*a.inStep + 64*a.kw + 4*r.IntN(3)
				in := inBuffer.take(t, ((a.kh-1)*a.inRow+max(a.pixels-1, 0)*a.inStep+64*a.kw)/4, trial/12)
				out := outBuffer.take(t, 16*max(a.pixels, 1), trial/12)
				values(r, in)
				sprinkle(r, in, 1+r.IntN(30))
				a.in, a.out = &in[0], &out[0]
				values(r, out)
				start := slices.Clone(out)
				kernels[op](twins)(&a)
				want := slices.Clone(out)
				copy(out, start)
				kernels[op](set)(&a)
				if d := diff(out, want); d != "" {
					t.Fatalf("%d pixels, window %dx%d, step %d: %s", a.pixels, a.kh, a.kw, a.inStep, d)
				}
			}
		})
	}
}

// TestPoolContract checks the pure-Go kernels, the twins above, by hand.
func TestPoolContract(t *testing.T) {
	set := genericKernels()
	nan, inf, minusInf, minusZero := specials[0], specials[2], specials[3], specials[5]
	var in [4][16]float32 // a 2x2 window
	var out [16]float32
	var wantMax, wantSum []float32
	for c, row := range []struct {
		window   [4]float32
		max, sum float32 // the sum is halved
	}{
		{[4]float32{1, 2, 3, 4}, 4, 5},
		{[4]float32{-4, -3, -2, -1}, -1, -5},
		{[4]float32{nan, 1, 2, 3}, nan, nan},
		{[4]float32{1, 2, 3, nan}, nan, nan},
		{[4]float32{inf, nan, 2, 3}, nan, nan},
		{[4]float32{minusInf, minusInf, minusInf, minusInf}, minusInf, minusInf},
		{[4]float32{minusZero, 0, minusZero, minusZero}, minusZero, 0},
		{[4]float32{0, minusZero, -1, 1}, 1, 0},
	} {
		for i, v := range row.window {
			in[i][c] = v
		}
		wantMax, wantSum = append(wantMax, row.max), append(wantSum, row.sum)
	}
	a := poolArgs{in: &in[0][0], out: &out[0], pixels: 1, kh: 2, kw: 2, inRow: 128, inStep: 64, scale: 0.5}
	set.maxPool(&a)
	if d := diff(out[:], wantMax); d != "" {
		t.Errorf("max: %s", d)
	}
	set.sumPool(&a)
	if d := diff(out[:], wantSum); d != "" {
		t.Errorf("sum: %s", d)
	}
}
