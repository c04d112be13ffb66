package kernels

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// TestEltwise runs the elementwise kernels over all tails and aliases.
func TestEltwise(t *testing.T) {
	twins := genericKernels()
	kernels := map[string]func(*kernelSet) eltwiseKernel{
		"add":    func(s *kernelSet) eltwiseKernel { return s.add },
		"affine": func(s *kernelSet) eltwiseKernel { return s.affine },
		"relu":   func(s *kernelSet) eltwiseKernel { return s.relu },
	}
	const most = 11 // pixels
	var buffers [5]guarded
	for i := range buffers {
		buffers[i] = newGuarded(t, 16*most)
	}
	for _, op := range []string{"add", "affine", "relu"} {
		eachKernel(t, op, func(t *testing.T, set *kernelSet, _ asm.Kernel) {
			r := rand.New(rand.NewPCG(2, 0))
			for trial := range 40 * (most + 1) {
				pixels, flags, alias, every := trial%(most+1), r.IntN(2), r.IntN(3), 1+r.IntN(20)
				var x [5][]float32
				for i := range x {
					n := 16 * max(pixels, 1)
					if i >= 3 {
						n = 16
					}
					x[i] = buffers[i].take(t, n, trial/(most+1))
					values(r, x[i])
					sprinkle(r, x[i], every)
				}
				if op == "affine" && trial%3 == 0 {
					halfway(r, x[0], x[3], x[4])
				}
				a := eltwiseArgs{a: &x[0][0], b: &x[1][0], out: &x[2][0], scale: &x[3][0], bias: &x[4][0], pixels: pixels, flags: flags}
				out := x[2]
				if alias > 0 { // the output is an operand too
					out = x[alias-1]
					a.out = &out[0]
				}
				start := slices.Clone(out)
				kernels[op](twins)(&a)
				want := slices.Clone(out)
				copy(out, start)
				kernels[op](set)(&a)
				if d := diff(out, want); d != "" {
					t.Fatalf("%d pixels, flags %d, alias %d: %s", pixels, flags, alias, d)
				}
			}
		})
	}
}

// halfway fills operands so that products plus bias lie close to the middle of
// two float32s, where rounding twice goes wrong.
func halfway(r *rand.Rand, a, scale, bias []float32) {
	for c := range scale {
		scale[c] = 1 + float32(r.IntN(4))*0x1p-23
		bias[c] = float32(r.IntN(5)-2) * 0x1p-70
	}
	for i := range a {
		a[i] = 1 + float32(r.IntN(1<<12))*0x1p-12
	}
}

// TestEltwiseContract checks the pure-Go kernels, the twins above, by hand.
func TestEltwiseContract(t *testing.T) {
	set := genericKernels()
	nan, minusZero := specials[0], specials[5]
	var a, b, out, scale, bias [16]float32
	copy(a[:], []float32{-1, nan, minusZero, 3, -2})
	copy(b[:], []float32{-1, 1, minusZero, -4, 5})
	copy(scale[:], []float32{2, 1, 1, -1, -1})
	args := eltwiseArgs{a: &a[0], b: &b[0], out: &out[0], scale: &scale[0], bias: &bias[0], pixels: 1}
	for _, test := range []struct {
		name   string
		kernel eltwiseKernel
		flags  int
		want   []float32
	}{
		{"add", set.add, 0, []float32{-2, nan, minusZero, -1, 3}},
		{"add and clamp", set.add, flagReLU, []float32{0, nan, minusZero, 0, 3}},
		{"affine", set.affine, 0, []float32{-2, nan, 0, -3, 2}},
		{"affine and clamp", set.affine, flagReLU, []float32{0, nan, 0, 0, 2}},
		{"relu", set.relu, 0, []float32{0, nan, minusZero, 3, 0}},
	} {
		args.flags = test.flags
		test.kernel(&args)
		if d := diff(out[:], test.want); d != "" {
			t.Errorf("%s: %s", test.name, d)
		}
	}
}
