package runtime

import (
	"image"
	"math"
	"slices"
	"testing"
)

// numbered is a dataset of one picture whose pixel at x, y is 10y+x+1 in the
// first channel, and so on.
func numbered(channels, side int) *Dataset {
	d := &Dataset{name: "numbered", count: 1, shape: [3]int{channels, side, side}, labels: []int32{0}}
	for y := range side {
		for x := range side {
			for c := range channels {
				d.pixels = append(d.pixels, uint8(10*y+x+1+50*c))
			}
		}
	}
	return d
}

// rawPixels makes normalization give back pixels.
var rawPixels = Preprocess{Std: [3]float32{1. / 255, 1. / 255, 1. / 255}}

// TestPaddedCrop finds each augmented picture among the windows that there
// are, and wants to see all of them, flipped and not.
func TestPaddedCrop(t *testing.T) {
	const side, pad = 5, 2
	for _, channels := range []int{1, 3} {
		d := numbered(channels, side)
		s := newSampler(d, Augment{Pad: pad, Flip: true}, rawPixels, d.shape, 3)
		got := make([]float32, channels*side*side)
		seen := map[[3]int]int{}
		for epoch := range 2000 {
			if _, err := s.train(got, epoch, 0); err != nil {
				t.Fatal(err)
			}
			found := false
			for top := -pad; top <= pad && !found; top++ {
				for left := -pad; left <= pad && !found; left++ {
					for flip := range 2 {
						if windowIs(got, d, top, left, flip == 1) {
							seen[[3]int{top, left, flip}]++
							found = true
							break
						}
					}
				}
			}
			if !found {
				t.Fatalf("epoch %d is no window: %v", epoch, got)
			}
		}
		if len(seen) != 50 {
			t.Errorf("%d different windows, want 50", len(seen))
		}
		for w, n := range seen {
			if n < 10 || n > 90 {
				t.Errorf("window %v comes %d times of 2000, want about 40", w, n)
			}
		}
	}
}

func windowIs(got []float32, d *Dataset, top, left int, flip bool) bool {
	channels, side := d.shape[0], d.shape[1]
	for c := range channels {
		for y := range side {
			for x := range side {
				sy, sx, want := y+top, x+left, uint8(0)
				if flip {
					sx = side - 1 - x + left
				}
				if sy >= 0 && sy < side && sx >= 0 && sx < side {
					want = d.pixels[(sy*side+sx)*channels+c]
				}
				if math.Abs(float64(got[(c*side+y)*side+x])-float64(want)) > 1e-3 {
					return false
				}
			}
		}
	}
	return true
}

// TestCropBox checks the ranges of areas and ratios, and what remains for
// pictures that no such box fits into.
func TestCropBox(t *testing.T) {
	a := ImageNetAugment()
	var small, large float64 = 1, 0
	for i := range 3000 {
		r := newRandomStream(1, streamAugment, 0, i)
		left, top, w, h := a.cropBox(&r, 120, 90)
		if left < 0 || top < 0 || w < 1 || h < 1 || left+w > 120 || top+h > 90 {
			t.Fatalf("box %d,%d %d×%d in 120×90", left, top, w, h)
		}
		area, ratio := float64(w*h)/(120*90), float64(w)/float64(h)
		if area < 0.07 || ratio < 0.7 || ratio > 1.4 {
			t.Errorf("area %v, ratio %v", area, ratio)
		}
		small, large = min(small, area), max(large, area)
	}
	if small > 0.1 || large < 0.85 {
		t.Errorf("areas from %v to %v, want about 0.08 to 1", small, large)
	}
	a.Scale = [2]float64{1, 1}
	r := newRandomStream(1, streamAugment, 0, 0)
	for _, c := range []struct {
		size image.Point
		box  [4]int
	}{
		{image.Pt(300, 90), [4]int{90, 0, 120, 90}}, // 4/3 from the middle
		{image.Pt(90, 300), [4]int{0, 90, 90, 120}},
	} {
		if left, top, w, h := a.cropBox(&r, c.size.X, c.size.Y); [4]int{left, top, w, h} != c.box {
			t.Errorf("in %v: %d,%d %d×%d, want %v", c.size, left, top, w, h, c.box)
		}
	}
}

// TestResizedCrop compares with the same box cut out first and then resized.
func TestResizedCrop(t *testing.T) {
	for _, channels := range []int{1, 3} {
		d := numbered(channels, 12)
		s := newSampler(d, Augment{Scale: [2]float64{0.2, 0.6}, Ratio: [2]float64{0.5, 2}}, rawPixels, [3]int{channels, 7, 5}, 9)
		got := make([]float32, channels*35)
		for epoch := range 20 {
			if _, err := s.train(got, epoch, 0); err != nil {
				t.Fatal(err)
			}
			r := newRandomStream(9, streamAugment, epoch, 0)
			left, top, w, h := s.a.cropBox(&r, 12, 12)
			m := image.NewNRGBA(image.Rect(0, 0, w, h))
			for y := range h {
				for x := range w {
					for c := range 3 {
						m.Pix[4*(y*w+x)+c] = d.pixels[((y+top)*12+x+left)*channels+min(c, channels-1)]
					}
					m.Pix[4*(y*w+x)+3] = 255
				}
			}
			want := make([]float32, 3*35)
			if err := preprocess(want, m, rawPixels, 7, 5); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want[:len(got)]) {
				t.Fatalf("%d channels, epoch %d: %v, want %v", channels, epoch, got, want[:len(got)])
			}
		}
	}
}

func TestColorJitter(t *testing.T) {
	pixels := func() []uint8 { return []uint8{200, 100, 50, 0, 255, 30, 90, 90, 90, 255, 255, 255} }
	grey := meanLuma(pixels()) // (124 + 153 + 90 + 255) / 4 = 155.5
	if grey != 156 {
		t.Errorf("mean luma %d, want 156", grey)
	}
	for _, c := range []struct {
		name   string
		change func(p []uint8)
		want   []uint8
	}{
		{"darker", func(p []uint8) { blend(p, 0.5, func(int) uint8 { return 0 }) }, []uint8{100, 50, 25, 0, 127, 15, 45, 45, 45, 127, 127, 127}},
		{"brighter", func(p []uint8) { blend(p, 1.5, func(int) uint8 { return 0 }) }, []uint8{255, 150, 75, 0, 255, 45, 135, 135, 135, 255, 255, 255}},
		{"grey", func(p []uint8) { blend(p, 0, func(i int) uint8 { return luma(p[i:]) }) }, []uint8{124, 124, 124, 153, 153, 153, 90, 90, 90, 255, 255, 255}},
		{"no shift", func(p []uint8) { shiftHue(p, 0) }, []uint8{200, 100, 50, 0, 255, 30, 90, 90, 90, 255, 255, 255}},
		{"third", func(p []uint8) { shiftHue(p, 85) }, []uint8{50, 200, 100, 30, 0, 255, 90, 90, 90, 255, 255, 255}},
	} {
		p := pixels()
		c.change(p)
		for i := range p {
			// HSV of 8 bits does not give all colours back.
			if d := int(p[i]) - int(c.want[i]); d < -3 || d > 3 || c.name != "third" && c.name != "no shift" && d != 0 {
				t.Errorf("%s: %v, want %v", c.name, p, c.want)
				break
			}
		}
	}
	j := ColorJitter{0.4, 0.4, 0.4, 0.1}
	a, b, c := pixels(), pixels(), pixels()
	for i, p := range [][]uint8{a, b, c} {
		r := newRandomStream(1, streamAugment, 0, i/2)
		j.apply(p, &r)
	}
	if !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Errorf("%v and %v of one seed, %v of another", a, b, c)
	}
	if (ColorJitter{Hue: 0.6}).check() == nil || (ColorJitter{Contrast: math.NaN()}).check() == nil || j.check() != nil {
		t.Error("the check lets something pass, or refuses what is right")
	}
}

func TestShuffle(t *testing.T) {
	a, b := make([]int32, 100), make([]int32, 100)
	shuffle(a, 1, 5)
	shuffle(b, 1, 5)
	if !slices.Equal(a, b) {
		t.Error("the same epoch, another order")
	}
	first := make([]int, 10)
	for epoch := range 5000 {
		shuffle(b[:10], 1, epoch)
		first[b[0]]++
	}
	for i, n := range first {
		if n < 400 || n > 600 {
			t.Errorf("%d comes first %d times of 5000, want about 500", i, n)
		}
	}
	slices.Sort(a)
	for i, v := range a {
		if int(v) != i {
			t.Fatalf("not a permutation: %v", a)
		}
	}
}

// TestLoader wants the same batches from any number of goroutines and from any
// step on, and nothing allocated.
func TestLoader(t *testing.T) {
	d := blobs(t, 50, 1)
	o := loaderOptions{Augment: Augment{Pad: 2, Flip: true}, Preprocess: rawPixels, Seed: 4, Batch: 8, Training: true}
	batches := func(from, workers, n int) [][]float32 {
		o := o
		o.From, o.Workers = from, workers
		l := newLoader(d, d.shape, o)
		defer l.stop()
		var out [][]float32
		for range n {
			b, err := l.next()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, slices.Clone(b.images))
			l.release(b)
		}
		return out
	}
	want := batches(0, 1, 30)
	for from, workers := range []int{3, 1, 7, 2, 5, 4, 1, 8, 2} {
		for i, got := range batches(from, workers, 20) {
			if !slices.Equal(got, want[from+i]) {
				t.Fatalf("batch %d from step %d with %d goroutines is another", from+i, from, workers)
			}
		}
	}
	if slices.Equal(want[0], want[6]) {
		t.Error("two epochs begin alike")
	}
	l := newLoader(d, d.shape, o)
	defer l.stop()
	if n := testing.AllocsPerRun(50, func() {
		b, err := l.next()
		if err != nil {
			t.Fatal(err)
		}
		l.release(b)
	}); n != 0 {
		t.Errorf("%v allocations for each batch", n)
	}
}

// TestLoaderTest wants every test picture once, in order, the last batch short.
func TestLoaderTest(t *testing.T) {
	d := blobs(t, 50, 1)
	l := newLoader(d, d.shape, loaderOptions{Preprocess: rawPixels, Batch: 8, Workers: 3})
	defer l.stop()
	n := 0
	for {
		b, err := l.next()
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			break
		}
		for i, which := range b.which {
			if int(which) != n || b.labels[i] != d.labels[n] {
				t.Fatalf("picture %d in place %d", which, n)
			}
			n++
		}
		l.release(b)
	}
	if n != 50 {
		t.Errorf("%d pictures, want 50", n)
	}
}
