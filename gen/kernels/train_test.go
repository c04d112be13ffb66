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
	for _, v := range variants() {
		t.Run("train/"+v.name, func(t *testing.T) {
			v.skip(t)
			test(t, v.train, twins)
		})
	}
}

// TestTrainTable checks that the sets hold every row of the table and nothing else.
func TestTrainTable(t *testing.T) {
	for _, v := range variants() {
		set := v.train
		if v.level == PureGo || set == nil {
			continue
		}
		there := map[string]bool{
			"moments 0": set.moments != nil, "grad_sums 0": set.gradSums != nil, "grad_sweep 0": set.gradSweep != nil,
			"mask_grad 0": set.maskGrad != nil, "normalize 0": set.normalize != nil,
			"max_pool_grad 0": set.maxPoolGrad != nil,
		}
		for name, k := range map[string]weightGradKernel{"weight_grad_pair 0": set.weightGradPair, "weight_grad_taps 0": set.weightGradTaps} {
			if k != nil {
				there[name] = true
			}
		}
		for op, kernels := range map[string][maxWinograd + 1]winogradKernel{
			"winograd_weight": set.winogradWeight, "winograd_grad_in": set.winogradGradIn, "winograd_grad_out": set.winogradGradOut,
		} {
			for m, kernel := range kernels {
				if kernel != nil {
					there[fmt.Sprint(op, " ", m)] = true
				}
			}
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

// TestWeightGradMany wants the bits of several calls of the kernel for one plane
// and one tap from those that do their work at once.
func TestWeightGradMany(t *testing.T) {
	const most = 6
	var buffers [3]guarded
	for i := range buffers {
		buffers[i] = newGuarded(t, 16*16*10*most)
	}
	eachTrainSet(t, func(t *testing.T, set, twins *trainKernelSet) {
		r := rand.New(rand.NewPCG(4, 0))
		for name, kernel := range map[string]weightGradKernel{"pair": set.weightGradPair, "taps": set.weightGradTaps} {
			if kernel == nil {
				continue
			}
			for trial := range 150 {
				rows, pixels, step, dyStep := r.IntN(4), r.IntN(most+1), 16*(1+r.IntN(2)), 16*(1+r.IntN(2))
				calls, xMove, dyMove, accMove := 2, 0, max(rows*pixels, 1)*dyStep+32, 256+16*r.IntN(2)
				if name == "taps" {
					calls, xMove, dyMove, accMove = 3, step, 0, 256
				}
				xRow, dyRow := (pixels+2)*step+16, pixels*dyStep
				size := func(step, row, move int) int {
					return max(rows-1, 0)*row + max(pixels-1, 0)*step + (calls-1)*move + 16
				}
				x := buffers[0].take(t, size(step, xRow, xMove), trial)
				dy := buffers[1].take(t, size(dyStep, dyRow, dyMove), trial)
				acc := buffers[2].take(t, (calls-1)*accMove+256, trial)
				for _, b := range [][]float32{x, dy, acc} {
					values(r, b)
				}
				a := weightGradArgs{rows: rows, pixels: pixels, x: &x[0], dy: &dy[0], acc: &acc[0],
					xStep: 4 * step, xRow: 4 * xRow, dyStep: 4 * dyStep, dyRow: 4 * dyRow}
				start := slices.Clone(acc)
				for i := range calls {
					one := a
					one.x, one.dy, one.acc = &x[i*xMove], &dy[i*dyMove], &acc[i*accMove]
					set.weightGrad[16](&one)
				}
				want := slices.Clone(acc)
				copy(acc, start)
				a.dyPlane, a.accPlane = 4*dyMove, 4*accMove
				kernel(&a)
				if !slices.Equal(acc, want) {
					t.Fatalf("%s: %d rows of %d pixels: not the bits of %d calls", name, rows, pixels, calls)
				}
			}
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
		coefs               int // those before a mask's
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
						n = 16 * (k.coefs + 2)
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
				if !k.mask && k.mayMask && r.IntN(3) == 0 {
					a.flags |= flagFromX
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
						t.Fatalf("%s: %d pixels, flags %d, mask %v: value %d is %g, want %g", k.name, pixels, a.flags, a.mask != nil, i, out[i], want[i])
					}
				}
			}
		}
	})
}

// TestMaxPoolGrad wants the bits of its twin from the gradient of a max pool, over
// windows that overlap or not, with ties and specials among the values.
func TestMaxPoolGrad(t *testing.T) {
	var buffers [3]guarded
	for i := range buffers {
		buffers[i] = newGuarded(t, 10_000)
	}
	eachTrainSet(t, func(t *testing.T, set, twins *trainKernelSet) {
		r := rand.New(rand.NewPCG(5, 0))
		for trial := range 400 {
			a := maxPoolGradArgs{pixels: trial % 6, kh: 1 + r.IntN(4), kw: 1 + r.IntN(4), step: 64 * (1 + r.IntN(3))}
			row := max(a.pixels-1, 0)*a.step + 64*a.kw
			a.xRow, a.dxRow = row+4*r.IntN(3), row+4*r.IntN(3)
			x := buffers[0].take(t, ((a.kh-1)*a.xRow+row)/4, trial/6)
			dx := buffers[1].take(t, ((a.kh-1)*a.dxRow+row)/4, trial/6)
			dy := buffers[2].take(t, 16*max(a.pixels, 1), trial/6)
			for _, b := range [][]float32{x, dx, dy} {
				values(r, b)
			}
			if trial%2 == 0 {
				for i := range x {
					x[i] = float32(r.IntN(4)) // as often 0 after a ReLU
				}
			}
			if trial%3 == 0 {
				sprinkle(r, x, 1+r.IntN(30))
				sprinkle(r, dx, 1+r.IntN(30))
				sprinkle(r, dy, 1)
			}
			a.x, a.dx, a.dy = &x[0], &dx[0], &dy[0]
			start := slices.Clone(dx)
			twins.maxPoolGrad(&a)
			want := slices.Clone(dx)
			copy(dx, start)
			set.maxPoolGrad(&a)
			if d := diff(dx, want); d != "" {
				t.Fatalf("%d windows of %dx%d, step %d: %s", a.pixels, a.kh, a.kw, a.step, d)
			}
		}
	})
}

// TestMaxPoolGradContract checks the pure-Go kernel, the twin above, by hand.
func TestMaxPoolGradContract(t *testing.T) {
	nan, minusInf, minusZero := specials[0], specials[3], specials[5]
	var x, dx [4][16]float32 // a 2x2 window
	var dy [16]float32
	rows := []struct {
		window [4]float32
		where  int
	}{
		{[4]float32{1, 2, 4, 3}, 2},
		{[4]float32{0, 5, 5, 5}, 1},
		{[4]float32{minusZero, 0, 0, minusZero}, 0},
		{[4]float32{minusInf, minusInf, minusInf, minusInf}, 0},
		{[4]float32{9, nan, 9, nan}, 3},
		{[4]float32{nan, 9, 9, 9}, 0},
	}
	for c, row := range rows {
		dy[c] = float32(c + 1)
		for i, v := range row.window {
			x[i][c], dx[i][c] = v, 10
		}
	}
	genericTrainKernels().maxPoolGrad(&maxPoolGradArgs{x: &x[0][0], dx: &dx[0][0], dy: &dy[0], pixels: 1, kh: 2, kw: 2, xRow: 128, dxRow: 128, step: 64})
	for c, row := range rows {
		for i := range dx {
			want := float32(10)
			if i == row.where {
				want += dy[c]
			}
			if dx[i][c] != want {
				t.Errorf("window %v: gradient %d is %g, want %g", row.window, i, dx[i][c], want)
			}
		}
	}
}

// large reports a value that came from a special one, which is rounded or
// overflows in another order.
func large(x float32) bool { return !(math.Abs(float64(x)) < 1e6) }

// TestWinogradWeight runs the transforms of weights forward and backward over a
// kernel's taps: they give the bits of their twins, which are G g Gᵀ.
func TestWinogradWeight(t *testing.T) {
	const most = 5 // rows of 16 weights
	in, out := newGuarded(t, 16*(9*most+8)), newGuarded(t, 16*(36*most+40))
	g := map[int][][3]float64{
		2: {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}},
		4: {{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}},
	}
	eachTrainSet(t, func(t *testing.T, set, twins *trainKernelSet) {
		r := rand.New(rand.NewPCG(3, 0))
		for m, kernel := range set.winogradWeight {
			if kernel == nil {
				continue
			}
			n := m + 2
			for trial := range 40 {
				tiles := trial % (most + 1)
				row, matrix := 16*max(tiles, 1)+r.IntN(4), 16*max(tiles, 1)+r.IntN(4)
				x := in.take(t, 8*row+16*max(tiles, 1), trial)
				y := out.take(t, (n*n-1)*matrix+16*max(tiles, 1), trial)
				values(r, x)
				values(r, y)
				a := winogradArgs{in: &x[0], out: &y[0], tiles: tiles, row: 4 * row, matrix: 4 * matrix}
				tap := func(k int) []float32 { return x[k*row:] }
				if r.IntN(2) == 0 {
					a.in, a.row = &x[8*row], -4*row
					tap = func(k int) []float32 { return x[(8-k)*row:] }
				}
				start := slices.Clone(y)
				twins.winogradWeight[m](&a)
				want := slices.Clone(y)
				copy(y, start)
				kernel(&a)
				for i := range y {
					if !same(y[i], want[i]) {
						t.Fatalf("m %d, %d rows: value %d is %g, want %g", m, tiles, i, y[i], want[i])
					}
				}
				for i := range 16 * tiles {
					for e := range n * n {
						sum := 0.0
						for k := range 9 {
							sum += g[m][e/n][k/3] * g[m][e%n][k%3] * float64(tap(k)[i])
						}
						if got := float64(y[e*matrix+i]); math.Abs(got-sum) > 1e-6 {
							t.Fatalf("m %d: element %d of weight %d is %g, want %g", m, e, i, got, sum)
						}
					}
				}
			}
		}
	})
}

// TestWinogradGrad runs the transforms of a weight's gradient: they give the bits
// of their twins, which are A d Aᵀ, but for signs, and Gᵀ u G.
func TestWinogradGrad(t *testing.T) {
	const most = 5
	in, out := newGuarded(t, 36*16*(most+2)), newGuarded(t, 36*16*(most+2))
	matrices := map[int]struct{ a, g [][]float64 }{
		2: {
			[][]float64{{1, 0}, {1, 1}, {1, -1}, {0, 1}},
			[][]float64{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, -1}},
		},
		4: {
			[][]float64{{1, 0, 0, 0}, {1, 1, 1, 1}, {1, -1, 1, -1}, {1, 2, 4, 8}, {1, -2, 4, -8}, {0, 0, 0, 1}},
			[][]float64{{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}},
		},
	}
	compare := func(t *testing.T, trial int, twin, kernel winogradKernel, args winogradArgs, x, y []float32) {
		values(rand.New(rand.NewPCG(uint64(trial), 0)), x)
		values(rand.New(rand.NewPCG(uint64(trial), 1)), y)
		args.in, args.out = &x[0], &y[0]
		start := slices.Clone(y)
		twin(&args)
		want := slices.Clone(y)
		copy(y, start)
		kernel(&args)
		for i := range y {
			if !same(y[i], want[i]) {
				t.Fatalf("%d tiles: value %d is %g, want %g", args.tiles, i, y[i], want[i])
			}
		}
	}
	wants := func(t *testing.T, what string, got float32, want float64) {
		if math.Abs(float64(got)-want) > 1e-5*max(1, math.Abs(want)) {
			t.Fatalf("%s is %g, want %g", what, got, want)
		}
	}
	eachTrainSet(t, func(t *testing.T, set, twins *trainKernelSet) {
		for m, matrix := range matrices {
			if set.winogradGradIn[m] == nil {
				t.Skip("the twins do the work")
			}
			a, g, n := matrix.a, matrix.g, m+2
			for trial := range 30 {
				tiles := trial % (most + 1)
				row, matrix := m*16*max(tiles, 1)+trial%3, 16*max(tiles, 1)+trial%4
				x, y := in.take(t, (m-1)*row+m*16*max(tiles, 1), trial), out.take(t, (n*n-1)*matrix+16*max(tiles, 1), trial)
				compare(t, trial, twins.winogradGradIn[m], set.winogradGradIn[m], winogradArgs{tiles: tiles, row: 4 * row, matrix: 4 * matrix}, x, y)
				for i := range 16 * tiles {
					tile, c := i/16, i%16
					for e := range n * n {
						sum := 0.0
						for k := range m * m {
							sum += a[e/n][k/m] * a[e%n][k%m] * float64(x[k/m*row+(m*tile+k%m)*16+c])
						}
						wants(t, fmt.Sprint("m ", m, ": element ", e), y[e*matrix+i], sum)
					}
				}
				x, y = in.take(t, (n*n-1)*matrix+16*max(tiles, 1), trial), out.take(t, 8*matrix+16*max(tiles, 1), trial)
				compare(t, trial, twins.winogradGradOut[m], set.winogradGradOut[m], winogradArgs{tiles: tiles, row: 4 * matrix, matrix: 4 * matrix}, x, y)
				for i := range 16 * tiles {
					for k := range 9 {
						sum := 0.0
						for e := range n * n {
							sum += g[e/n][k/3] * g[e%n][k%3] * float64(x[e*matrix+i])
						}
						wants(t, fmt.Sprint("m ", m, ": tap ", k), y[k*matrix+i], sum)
					}
				}
			}
		}
	})
}
