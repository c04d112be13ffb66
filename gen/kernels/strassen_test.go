package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/resnetc/resnetc/asm"
)

// TestStrassenIn runs the combinations of quarters over all tails, and the pure-Go
// twin against their definition.
func TestStrassenIn(t *testing.T) {
	const most = 7 // pixels
	in, out := newGuarded(t, 4*16*most), newGuarded(t, 4*16*most)
	twin := genericKernels().strassenIn
	eachKernel(t, "strassen_in", func(t *testing.T, set *kernelSet, _ asm.Kernel) {
		r := rand.New(rand.NewPCG(12, 0))
		for trial := range 8 * most {
			pixels := trial%most + 1
			size := 16 * pixels
			x, y := in.take(t, 4*size, trial/most), out.take(t, 4*size, trial/most)
			values(r, x)
			a := strassenArgs{in: &x[0], out: &y[0], pixels: pixels, rows: 4 * size, planes: 8 * size, matrix: 4 * size}
			set.strassenIn(&a)
			got := append([]float32(nil), y...)
			a.out = &y[0]
			twin(&a)
			if d := diff(got, y); d != "" {
				t.Fatalf("%d pixels: %s", pixels, d)
			}
			for i := range size {
				b11, b12, b21, b22 := x[i], x[size+i], x[2*size+i], x[3*size+i]
				t1 := b12 - b11
				t2 := b22 - t1
				for k, want := range []float32{t1, t2, b22 - b12, b21 - t2} {
					if y[k*size+i] != want {
						t.Fatalf("%d pixels: element %d of combination %d is %g, want %g", pixels, i, k+1, y[k*size+i], want)
					}
				}
			}
		}
	})
}
