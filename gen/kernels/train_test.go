package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// eachTrainSet runs test for the kernels of training of each level, beside
// their twins.
func eachTrainSet(t *testing.T, test func(t *testing.T, set, twins *trainKernelSet)) {
	twins := genericTrainKernels()
	for _, set := range append(assemblyTrainKernels(), twins) {
		t.Run(set.level.String(), func(t *testing.T) { test(t, set, twins) })
	}
}

// TestTrainTable checks that the sets hold every row of the table and nothing else.
func TestTrainTable(t *testing.T) {
	for _, set := range assemblyTrainKernels() {
		there := map[string]bool{
			"moments 0": set.moments != nil, "grad_sums 0": set.gradSums != nil, "grad_sweep 0": set.gradSweep != nil,
			"mask_grad 0": set.maskGrad != nil, "normalize 0": set.normalize != nil,
		}
		for n, kernel := range set.weightGrad {
			if kernel != nil {
				there[fmt.Sprint("weight_grad ", n)] = true
			}
		}
		for _, k := range asm.TrainKernels() {
			name := fmt.Sprint(k.Op, " ", k.Pixels)
			if levelNames[k.Level] == set.level && !there[name] {
				t.Errorf("no kernel %s in its set", k.Name)
			}
			if levelNames[k.Level] == set.level {
				delete(there, name)
			}
		}
		for name := range there {
			t.Errorf("%s: %s is not in the table, or not in the set", set.level, name)
		}
	}
	if len(assemblyTrainKernels()) != len(assemblyKernels()) {
		t.Errorf("%d levels have kernels of training, want %d", len(assemblyTrainKernels()), len(assemblyKernels()))
	}
}

// near reports whether a sum of that many products of numbers below 1 is what
// it should be, in whatever order it was taken.
func near(got, want float32, terms int) bool {
	return math.Abs(float64(got-want)) <= 1e-6*float64(terms+1) || same(got, want)
}

// TestWeightGrad runs the weight gradient kernels over all small sizes, with
// distances between rows and pixels.
func TestWeightGrad(t *testing.T) {
	const most = 7
	var buffers [3]guarded
	for i := range buffers {
		buffers[i] = newGuarded(t, 16*16*4*most)
	}
	eachTrainSet(t, func(t *testing.T, set, twins *trainKernelSet) {
		r := rand.New(rand.NewPCG(1, 0))
		tested := 0
		for n, kernel := range set.weightGrad {
			if kernel == nil {
				continue
			}
			tested++
			for trial := range 100 {
				rows, pixels := r.IntN(4), r.IntN(most+1)
				step := 16 * (1 + r.IntN(2))
				if n < 16 {
					step = 1 + r.IntN(2)
				}
				dyStep := 16 * (1 + r.IntN(2))
				// The last value read of each buffer is its last.
				size := func(last, step, row int) int { return max(rows-1, 0)*row + max(pixels-1, 0)*step + last }
				xRow, dyRow := pixels*step+3, pixels*dyStep+16
				x := buffers[0].take(t, size(n, step, xRow), trial)
				dy := buffers[1].take(t, size(16, dyStep, dyRow), trial)
				acc := buffers[2].take(t, 16*n, trial)
				for _, b := range [][]float32{x, dy, acc} {
					values(r, b)
				}
				a := weightGradArgs{x: &x[0], dy: &dy[0], acc: &acc[0], rows: rows, pixels: pixels,
					xStep: 4 * step, xRow: 4 * xRow, dyStep: 4 * dyStep, dyRow: 4 * dyRow}
				start := slices.Clone(acc)
				twins.weightGrad[n](&a)
				want := slices.Clone(acc)
				copy(acc, start)
				kernel(&a)
				for i := range acc {
					if !near(acc[i], want[i], rows*pixels) {
						t.Fatalf("n %d, %d rows of %d pixels: sum %d is %g, want %g", n, rows, pixels, i, acc[i], want[i])
					}
				}
			}
		}
		if tested == 0 {
			t.Error("no weight gradient kernel")
		}
	})
}

// TestChannelKernels runs the kernels over channels over all tails, with and
// without a mask, in place and not, with specials among the values.
func TestChannelKernels(t *testing.T) {
	const most = 9 // pixels
	var buffers [5]guarded
	for i := range buffers {
		buffers[i] = newGuarded(t, 16*most)
	}
	kernels := []struct {
		name                string
		kernel              func(*trainKernelSet) channelKernel
		sums, mask, mayMask bool
		coefs               int
	}{
		{"moments", func(s *trainKernelSet) channelKernel { return s.moments }, true, false, false, 1},
		{"gradSums", func(s *trainKernelSet) channelKernel { return s.gradSums }, true, false, true, 1},
		{"gradSweep", func(s *trainKernelSet) channelKernel { return s.gradSweep }, false, false, true, 4},
		{"maskGrad", func(s *trainKernelSet) channelKernel { return s.maskGrad }, false, true, true, 1},
		{"normalize", func(s *trainKernelSet) channelKernel { return s.normalize }, false, false, false, 2},
	}
	eachTrainSet(t, func(t *testing.T, set, twins *trainKernelSet) {
		r := rand.New(rand.NewPCG(2, 0))
		for _, k := range kernels {
			for trial := range 30 * (most + 1) {
				pixels, flags := trial%(most+1), r.IntN(2)
				var x [5][]float32
				for i := range x {
					n := 16 * max(pixels, 1)
					if i == 4 {
						n = 16 * k.coefs
					} else if i == 3 && k.sums {
						n = 32
					}
					x[i] = buffers[i].take(t, n, trial/(most+1))
					values(r, x[i])
					switch {
					case i >= 3 || trial%3 > 0:
					case k.sums: // of others the sums depend on the order
						x[i][r.IntN(n)] = float32(math.NaN())
					default:
						sprinkle(r, x[i], 1+r.IntN(20))
					}
				}
				a := channelArgs{x: &x[0][0], dy: &x[1][0], out: &x[3][0], coef: &x[4][0], pixels: pixels, flags: flags}
				if k.mask || k.mayMask && r.IntN(2) == 0 {
					a.mask = &x[2][0]
				}
				out := x[3]
				if !k.sums && r.IntN(2) == 0 {
					out = x[1]
					a.out = &out[0]
				}
				start := slices.Clone(out)
				k.kernel(twins)(&a)
				want := slices.Clone(out)
				copy(out, start)
				k.kernel(set)(&a)
				for i := range out {
					if !near(out[i], want[i], 4+pixels) && !(large(out[i]) && large(want[i])) {
						t.Fatalf("%s: %d pixels, flags %d, mask %v: value %d is %g, want %g", k.name, pixels, flags, a.mask != nil, i, out[i], want[i])
					}
				}
			}
		}
	})
}

// large reports a value that came from a special one, which is rounded or
// overflows in another order.
func large(x float32) bool { return !(math.Abs(float64(x)) < 1e6) }
