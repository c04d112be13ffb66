package measure

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo"
)

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		times       Times
		min, median time.Duration
	}{
		{nil, 0, 0},
		{Times{5}, 5, 5},
		{Times{2, 4}, 2, 3},
		{Times{1, 2, 9}, 1, 2},
	} {
		if c.times.Min() != c.min || c.times.Median() != c.median {
			t.Errorf("%v: min %v, median %v, want %v and %v", c.times, c.times.Min(), c.times.Median(), c.min, c.median)
		}
	}
}

func TestDifference(t *testing.T) {
	nan := float32(math.NaN())
	if d := difference([]float32{1, -4.5}, []float32{1, -4}); d != 0.125 {
		t.Errorf("difference is %v, want 0.125", d)
	}
	for _, c := range [][2][]float32{{{nan, 1}, {1, 1}}, {{1, 1}, {nan, 1}}} {
		if d := difference(c[0], c[1]); d <= 1 {
			t.Errorf("difference(%v, %v) = %v passes", c[0], c[1], d)
		}
	}
}

// fixed is an engine with fixed logits.
type fixed struct {
	logits []float32
	err    error
}

func (f fixed) Run([]float32, int) ([]float32, error) { return f.logits, f.err }
func (f fixed) Time(n int) ([]time.Duration, error)   { return make([]time.Duration, n), nil }
func (f fixed) Stats() (Stats, error)                 { return Stats{}, nil }
func (f fixed) Close() error                          { return nil }

func TestCompare(t *testing.T) {
	m, err := zoo.Lookup("resnet8_cifar")
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for _, c := range []struct {
		other fixed
		want  string // in the error; "" for none
	}{
		{fixed{logits: []float32{1, 2.001}}, ""},
		{fixed{logits: []float32{1, 2.1}}, "generated logits are 0.048 off those of other"},
		{fixed{logits: []float32{1, float32(math.NaN())}}, "nothing was timed"},
		{fixed{logits: []float32{1}}, "other gives 1 logits, but the generated package 2"},
		{fixed{err: broken}, "broken"},
	} {
		r := Result{Config: Config{Batch: 1, Versus: []Opponent{{Name: "other", Tolerance: 1e-2}}}, Engines: make([]Timing, 2)}
		err := compare(g, []Engine{fixed{logits: []float32{1, 2}}, c.other}, &r)
		if c.want == "" && (err != nil || r.Engines[1].Difference == 0) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: error %v, difference %v, want %q", c.other, err, r.Engines[1].Difference, c.want)
		}
	}
}

// TestWork checks what the bounds are made of on layers whose figures are known.
func TestWork(t *testing.T) {
	const text = `graph g
input x: f32[N,16,8,8]
param w1: f32[32,16,3,3]
param w2: f32[32,32,1,1]
param w3: f32[48,32,3,3]
a = conv2d(x, w1) {padding=[1,1,1,1]}
b = conv2d(a, w2, residual=a)
c = relu(b)
d = conv2d(c, w3) {padding=[1,1,1,1], stride=[2,2]}
output d
`
	g, err := ir.Parse("g.ir", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	const key = "16x8x8->32x8x8,3x3,pad=1"
	o := passes.Options{StopAfter: "choose-algorithm", Tune: map[string]passes.Choice{
		key:                                 {Algorithm: "winograd4", Schedule: "fused:4"},
		"32x8x8->48x4x4,3x3,stride=2,pad=1": {Algorithm: "polyphase2"},
	}}
	if err := passes.Run(g, o); err != nil {
		t.Fatal(err)
	}
	const batch = 3
	work := workOf(g, batch, false)
	for name, want := range map[string]Work{
		"a": {"winograd4", "fused:4", 2 * 32 * 16 * 9 * 64 * batch, 2 * 36 * 4 * 32 * 16 * batch, 4 * (36*32*16 + (16+32)*64*batch)},
		"d": {"polyphase2", "", 2 * 48 * 32 * 9 * 16 * batch, 2 * 25 * 4 * 48 * 32 * batch, 4 * (16*48*32 + (32*64+48*16)*batch)},
		"c": {"direct", "", 2 * 32 * 32 * 64 * batch, 2 * 32 * 32 * 64 * batch, 4 * (32*32 + 3*32*64*batch)},
	} {
		if name == "c" {
			for _, n := range g.Nodes { // relu is fused into b, under one of the names
				if n.In("residual") != nil {
					name = n.Name()
				}
			}
		}
		if work[name] != want {
			t.Errorf("%s: %+v, want %+v", name, work[name], want)
		}
	}
	o.StopAfter = ""
	if err := passes.Run(g, o); err != nil {
		t.Fatal(err)
	}
	float, half := workOf(g, batch, false)["a"], workOf(g, batch, true)["a"]
	if float != work["a"] || float.Bytes-half.Bytes != 2*36*32*16 {
		t.Errorf("%d bytes, %d with half weights, want %d and %d less", float.Bytes, half.Bytes, work["a"].Bytes, 2*36*32*16)
	}
	l := Layer{Work: Work{OwnFLOPs: 1000, Bytes: 100}, Median: 20}
	if l.bound(100, 50); l.Bound != 10 || l.Memory || l.Share() != 0.5 {
		t.Errorf("arithmetic bounds: %+v", l)
	}
	if l.bound(0, 5); l.Bound != 20 || !l.Memory {
		t.Errorf("memory bounds: %+v", l)
	}
}

// TestOwnMACs counts a step's products by Winograd's algorithm.
func TestOwnMACs(t *testing.T) {
	const text = `graph g
input dy: f32[N,32,7,7]
input x: f32[N,16,7,7]
param w: f32[32,16,3,3]
dx = conv2d_grad_input(dy, w) {padding=[1,1,1,1], input_size=[7,7], algorithm=winograd2}
dw = conv2d_grad_weight(dy, x) {kernel=[3,3], padding=[1,1,1,1], algorithm=winograd2}
output dx
output dw
`
	g, err := ir.Parse("g.ir", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{15 * 15 * 32 * 16, 16 * 16 * 32 * 16} { // whole tiles of dy only
		if got := ownMACs(g.Nodes[i]); got != want {
			t.Errorf("%s: %d, want %d", g.Nodes[i].Name(), got, want)
		}
	}
}

func TestTables(t *testing.T) {
	timing := func(name, version string, ms ...float64) Timing {
		var times Times
		for _, x := range ms {
			times = append(times, time.Duration(x*1e6))
		}
		return Timing{Engine: name, Version: version, Times: times, Min: times.Min(), Median: times.Median()}
	}
	r := Result{
		Network: "net", Config: Config{Batch: 2, Threads: 1, Count: 1, Kernels: "avx2"},
		FLOPs:   4e9,
		Engines: []Timing{timing("resnetc", "avx2", 10, 20, 30), timing("slow", "", 100, 200, 300), timing("fast", "1.2", 11, 25, 30)},
		Peak:    400, Bandwidth: 20,
		Layers: []Layer{
			{Name: "stem", Op: "conv2d", Median: 15e6, Bound: 6e6, Reference: 50e6, Work: Work{Algorithm: "winograd2", Schedule: "joint:8", FLOPs: 3e9, OwnFLOPs: 15e8, Bytes: 3e7}},
			{Name: "pool", Op: "max_pool", Median: 5e6, Bound: 4e6, Memory: true, Work: Work{Bytes: 8e7}},
		},
	}
	check := func(got string, want ...string) {
		t.Helper()
		words := strings.Join(strings.Fields(got), " ")
		for _, w := range want {
			if !strings.Contains(words, w) {
				t.Errorf("no %q in\n%s", w, got)
			}
		}
	}
	var b strings.Builder
	if err := WriteTable(&b, []Result{r}); err != nil {
		t.Fatal(err)
	}
	if err := WriteLayers(&b, r); err != nil {
		t.Fatal(err)
	}
	check(b.String(),
		"2 1 10.000 20.000 200.0 1 resnetc avx2",
		"2 1 100.000 200.000 20.0 10.00 slow",
		"2 1 11.000 25.000 160.0 1.25 fast 1.2",
		"batch 2, 1 thread: resnetc takes 0.80 of the time of fast 1.2 (minimum 0.91)",
		"net, batch 2, 1 thread, avx2 kernels, medians of 3 runs, peak 400 GFLOP/s, memory 20.0 GB/s",
		"15.000 75.0 % 200.0 100.0 25 % 2.0 6.000 40 % 50.000 arithmetic stem winograd2 joint:8",
		"5.000 25.0 % 16.0 4.000 80 % 0.000 memory pool max_pool",
		"all layers: 20.000 ms, sum of the bounds 10.000 ms, 2.00 times as much",
	)
	if strings.Contains(b.String(), "More than 100 %") {
		t.Errorf("no layer passes its bound in\n%s", b.String())
	}
	// Nothing to compare with: no columns for that.
	r.Engines, r.Layers[0].Reference = r.Engines[:1], 0
	b.Reset()
	if err := WriteTable(&b, []Result{r}); err != nil {
		t.Fatal(err)
	}
	if err := WriteLayers(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{" ratio", "reference", "of the time"} {
		if strings.Contains(b.String(), no) {
			t.Errorf("%q in\n%s", no, b.String())
		}
	}
	// More runs than asked for, or one; a layer that passes its bound.
	r.Engines[0].Times, r.Layers[1].Median = r.Engines[0].Times[:1], 3e6
	var layers strings.Builder
	if err := WriteLayers(&layers, r); err != nil {
		t.Fatal(err)
	}
	check(layers.String(), "medians of 1 run, ", "3.000 16.7 % 26.7 4.000 133 % memory pool", "More than 100 % of a bound: it counts all bytes at the speed of memory")
	check(b.String(), "GFLOP/s engine 2 1 10.000 20.000 200.0 resnetc avx2")
}
