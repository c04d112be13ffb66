package runtime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestGradPieces wants every pixel of every image once, in order.
func TestGradPieces(t *testing.T) {
	for _, pixels := range []int{1, 2, 49, 64, 128, 129, 196, 3136} {
		for last := 3; last < 9; last++ {
			const first = 2
			n := first * pixels
			expected := gradPiece{image: first}
			gradPieces(pixels, 128, first, last, func(p, next gradPiece) {
				if p.image*pixels+p.from != n || p.image != expected.image || p.from != expected.from || p.images > 1 && p.to-p.from < pixels {
					t.Fatalf("%d pixels: %+v after %d pixels, announced as %+v", pixels, p, n, expected)
				}
				expected = next
				n += p.images * (p.to - p.from)
			})
			if n != last*pixels {
				t.Errorf("%d pixels: ends at pixel %d, want %d", pixels, n, last*pixels)
			}
		}
	}
}

// gradTest is the geometry of a convolution whose weight's gradient is computed.
type gradTest struct {
	in, out, groups               int // channels
	height, width                 int // of x
	kernel, stride, padding, dila int
	halo                          int // of dy
	winograd                      int
}

// layer is the row for the test, with x and dy in an arena, and what that takes.
func (g gradTest) layer() (r TrainLayer, arena int) {
	size := func(n int) int { return (n+2*g.padding-g.dila*(g.kernel-1)-1)/g.stride + 1 }
	both := func(n int) [2]int { return [2]int{n, n} }
	x := Buffer{Offset: 0, Channels: g.in, Height: g.height, Width: g.width, Halo: g.padding, Block: block}
	dy := Buffer{Offset: x.size(), Channels: g.out, Height: size(g.height), Width: size(g.width), Halo: g.halo, Block: block}
	r = TrainLayer{
		Op: TrainWeightGrad,
		Layer: Layer{
			Name: "grad", In: dy, In2: x, Kernel: both(g.kernel), Stride: both(g.stride), Padding: both(g.padding), Dilation: both(g.dila),
			Groups: g.groups, Winograd: g.winograd,
		},
		Slot: Slot{Shape: []int{g.out, g.in / g.groups, g.kernel, g.kernel}, InBlock: block, Groups: g.groups, Merged: g.groups},
	}
	return r, x.size() + dy.size()
}

// TestWeightGradLayers compares weight gradients of every kind of layer with
// their definition, and the bits of one, two and three threads with each other.
func TestWeightGradLayers(t *testing.T) {
	for i, g := range []gradTest{
		{in: 16, out: 16, groups: 1, height: 12, width: 11, kernel: 1, stride: 1, dila: 1},
		{in: 64, out: 128, groups: 1, height: 7, width: 7, kernel: 1, stride: 1, dila: 1},
		{in: 32, out: 48, groups: 1, height: 9, width: 7, kernel: 1, stride: 2, dila: 1, halo: 1},
		{in: 64, out: 64, groups: 2, height: 6, width: 5, kernel: 1, stride: 1, dila: 1, padding: 1},
		{in: 48, out: 20, groups: 1, height: 1, width: 5, kernel: 1, stride: 3, dila: 1},
		{in: 32, out: 96, groups: 1, height: 8, width: 6, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1},
		{in: 32, out: 32, groups: 1, height: 9, width: 8, kernel: 3, stride: 2, dila: 1, padding: 1, halo: 1},
		{in: 16, out: 32, groups: 1, height: 7, width: 9, kernel: 3, stride: 1, dila: 2, padding: 2},
		{in: 64, out: 96, groups: 1, height: 8, width: 6, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1, winograd: 2},
		{in: 64, out: 64, groups: 1, height: 7, width: 7, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1, winograd: 2},
		{in: 32, out: 64, groups: 1, height: 5, width: 8, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1, winograd: 2},
		{in: 32, out: 16, groups: 1, height: 20, width: 27, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1, winograd: 2},
		{in: 64, out: 96, groups: 1, height: 8, width: 12, kernel: 3, stride: 1, dila: 1, padding: 1, winograd: 4},
		{in: 32, out: 48, groups: 1, height: 14, width: 14, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1, winograd: 4},
		{in: 16, out: 64, groups: 1, height: 13, width: 10, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1, winograd: 4},
		{in: 64, out: 16, groups: 1, height: 9, width: 15, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 2, winograd: 4},
		{in: 16, out: 16, groups: 1, height: 12, width: 27, kernel: 3, stride: 1, dila: 1, padding: 1, halo: 1, winograd: 4},
		{in: 32, out: 32, groups: 1, height: 11, width: 12, kernel: 3, stride: 1, dila: 1, halo: 1, winograd: 4},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			const images = 5
			var first []float32
			for threads := 1; threads <= 3; threads++ {
				if got := testWeightGrad(t, g, images, threads); first == nil {
					first = got
				} else if !slices.Equal(got, first) {
					t.Errorf("%+v: other bits with %d threads", g, threads)
				}
			}
		})
	}
}

func testWeightGrad(t *testing.T, g gradTest, images, threads int) []float32 {
	r, arena := g.layer()
	p := &TrainProgram{Name: "test", Arena: arena, Store: r.Slot.Stored(), ThreadScratch: r.GradScratch(), Layers: []TrainLayer{r}}
	tr, err := NewTrainer(p, images, WithThreads(threads))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	tr.w.see(nil, 0, images)
	rng := rand.New(rand.NewPCG(1, 1))
	for _, b := range []Buffer{r.Layer.In, r.Layer.In2} {
		for n := range images {
			for c := range b.Channels {
				for y := range b.Height {
					for x := range b.Width {
						tr.w.arena[pixelOf(tr, b, n, c, y, x)] = rng.Float32()*2 - 1
					}
				}
			}
		}
	}
	for i := range tr.w.scratch { // other rows have left something there
		tr.w.scratch[i] = float32(math.NaN())
	}
	if err := tr.acquire(); err != nil {
		t.Fatal(err)
	}
	tr.runLayer(&r)
	tr.w.team.release()
	got := make([]float32, r.Slot.elements())
	r.Slot.save(got, tr.store)
	tolerance := 1e-4
	if g.winograd > 2 {
		tolerance = 1e-3
	}
	l, each := &r.Layer, g.in/g.groups
	for i, have := range got {
		o, c, ky, kx := i/(each*g.kernel*g.kernel), i/(g.kernel*g.kernel)%each, i/g.kernel%g.kernel, i%g.kernel
		c += o / (g.out / g.groups) * each
		want := 0.0
		for n := range images {
			for y := range l.In.Height {
				for x := range l.In.Width {
					iy, ix := y*g.stride+ky*g.dila-g.padding, x*g.stride+kx*g.dila-g.padding
					if iy < 0 || iy >= g.height || ix < 0 || ix >= g.width {
						continue
					}
					want += float64(tr.w.arena[pixelOf(tr, l.In, n, o, y, x)]) * float64(tr.w.arena[pixelOf(tr, l.In2, n, c, iy, ix)])
				}
			}
		}
		if !(math.Abs(float64(have)-want) < tolerance) {
			t.Fatalf("%+v, %d threads: element %d is %g, want %g", g, threads, i, have, want)
		}
	}
	return got
}

// pixelOf is where a value of an image is in the arena.
func pixelOf(t *Trainer, b Buffer, image, c, y, x int) int {
	return t.w.base(b, image) + c/block*b.plane() + (y+b.Halo)*b.row() + (x+b.Halo)*block + c%block
}
