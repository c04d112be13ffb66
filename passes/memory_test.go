package passes

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
)

// TestPlace packs random buffers and compares every pair.
func TestPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		bufs := make([]*buffer, rng.IntN(30))
		from, total := 0, 0
		for i := range bufs {
			from += rng.IntN(3)
			bufs[i] = &buffer{size: 16 * (1 + rng.IntN(40)), from: from, to: from + rng.IntN(8)}
			total += bufs[i].size
		}
		offsets, arena := place(bufs)
		if bound := lowerBound(bufs); len(bufs) > 0 && (arena < bound || arena > total) {
			t.Fatalf("arena %d is outside %d to %d", arena, bound, total)
		}
		for i, a := range bufs {
			if offsets[i] < 0 || offsets[i]%ir.Block != 0 || offsets[i]+a.size > arena {
				t.Fatalf("buffer %d at %d of size %d in an arena of %d", i, offsets[i], a.size, arena)
			}
			for j, b := range bufs[:i] {
				if a.from <= b.to && b.from <= a.to && offsets[i] < offsets[j]+b.size && offsets[j] < offsets[i]+a.size {
					t.Fatalf("buffers %d and %d overlap", i, j)
				}
			}
		}
	}
}

// TestLowerBound compares the sweep with the definition.
func TestLowerBound(t *testing.T) {
	bufs := []*buffer{{size: 32, from: 0, to: 2}, {size: 16, from: 1, to: 1}, {size: 64, from: 2, to: 5}, {size: 48, from: 3, to: 4}}
	if got := lowerBound(bufs); got != 112 {
		t.Errorf("bound %d, want 112, of the last two", got)
	}
}

func TestReport(t *testing.T) {
	g := parse(t, block)
	if r := Report(g); r.Arena != 0 {
		t.Errorf("%+v before planning", r)
	}
	if err := Run(g, Options{}); err != nil {
		t.Fatal(err)
	}
	// The reorder of x with a halo, 16*10*10, and the convolution's result, 16*8*8.
	if r, want := Report(g), (MemoryReport{Arena: 2624, Naive: 2624, LowerBound: 2624}); r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
}

// TestFlattenShares checks that a result in place of a flatten waits for the
// readers of the flatten's operand.
func TestFlattenShares(t *testing.T) {
	for text, want := range map[string]bool{
		"y = relu(f)\noutput y":                    true,
		"y = relu(f)\nz = relu(m)\noutput y, z":    false,
		"z = softmax(m)\ny = relu(f)\noutput y, z": true,
		"y = relu(f)\noutput y, m":                 false,
	} {
		g := parse(t, "graph g\ninput x: f32[N,16,8,8]\nm = global_avg_pool(x)\nf = flatten(m)\n"+text+"\n")
		if err := Run(g, Options{}); err != nil {
			t.Fatal(err)
		}
		m, f, y := g.Value("m"), g.Value("f"), g.Value("y")
		if f.Offset != m.Offset || (y.Offset == f.Offset) != want {
			t.Errorf("m, f and y lie at %d, %d and %d, want y in the same place: %v\n%s", m.Offset, f.Offset, y.Offset, want, text)
		}
	}
}

// TestBestFit leaves gaps of 48 and 16 for buffers of 16 and 48.
func TestBestFit(t *testing.T) {
	bufs := []*buffer{
		{size: 16, to: 1}, {size: 48}, {size: 16, to: 1}, {size: 16}, {size: 16, to: 1},
		{size: 16, from: 1, to: 1}, {size: 48, from: 1, to: 1},
	}
	p := &placer{bufs: bufs, neighbours: neighbours(bufs)}
	offsets, arena := p.pack([]int{0, 1, 2, 3, 4, 5, 6})
	if want := []int{0, 16, 64, 80, 96, 80, 16}; !slices.Equal(offsets, want) || arena != 112 {
		t.Errorf("offsets %v, arena %d, want %v, 112", offsets, arena, want)
	}
}

// TestInPlace checks whether the result of y may lie over its operand.
func TestInPlace(t *testing.T) {
	const head = "graph g\ninput x: f32[N,16,8,8]\nparam w: f32[16,16,1,1]\nparam p: f32[16,16,3,3]\nparam s: f32[16]\na = relu(x)\n"
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"relu", "y = relu(a)\noutput y", true},
		{"affine", "y = affine(a, s, s)\noutput y", true},
		{"relu of an output", "y = relu(a)\noutput a, y", false},
		{"relu of a value read later", "y = relu(a)\nz = add(a, y)\noutput z", false},
		{"pool", "y = max_pool(a) {kernel=[1,1], stride=[1,1]}\noutput y", false},
		{"convolution", "y = conv2d(a, w)\noutput y", false},
		{"residual", "b = relu(x)\ny = conv2d(b, w, residual=a)\noutput y", true},
		{"residual that is the input", "y = conv2d(a, w, residual=a)\noutput y", false},
		{"residual with another halo", "b = relu(x)\ny = conv2d(b, w, residual=a)\nz = conv2d(y, p) {padding=[1,1,1,1]}\noutput z", false},
		{"second operand", "b = relu(x)\ny = add(b, a)\noutput y, b", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := parse(t, head+c.text+"\n")
			for _, p := range []string{"layout", "plan-memory"} {
				if err := Lookup(p).Run(g, Options{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := ir.Verify(g); err != nil {
				t.Error(err)
			}
			bufs, shared := buffers(g), false
			for _, b := range bufs {
				names := map[string]bool{}
				for _, v := range b.values {
					names[v.Name] = true
				}
				shared = shared || names["a"] && names["y"]
			}
			if shared != c.want {
				t.Errorf("y lies over a: %v, want %v\n%v", shared, c.want, g)
			}
		})
	}
}
