package passes

import (
	"testing"

	"github.com/resnetc/resnetc/ir"
)

const wide = `graph wide
input x: f32[N,256,14,14]
param w: f32[1024,256,1,1]
param v: f32[1024,256,1,1]
param u: f32[256,1024,1,1]
a = conv2d(x, w)
b = conv2d(a, u)
c = conv2d(b, v, residual=a)
d = conv2d(c, u) {stride=[2,2]}
output d
`

// TestStrassenChoice wants Strassen's algorithm for a large matrix product, but
// not where arithmetic must be exact or weights are halves.
func TestStrassenChoice(t *testing.T) {
	for _, r := range []struct {
		options Options
		want    string
	}{
		{Options{}, "strassen"},
		{Options{Exact: true}, "direct"},
		{Options{HalfWeights: true}, "direct"},
	} {
		g := parse(t, wide)
		if err := Run(g, r.options); err != nil {
			t.Fatal(err)
		}
		if got := g.Value("c").Def.Str("algorithm"); got != r.want {
			t.Errorf("%+v: algorithm %q, want %q", r.options, got, r.want)
		}
		if got := g.Value("d").Def.Str("algorithm"); got != "direct" {
			t.Errorf("a stride of 2 that leaves pixels out: algorithm %q, want direct", got)
		}
	}
	g := parse(t, wide)
	n := g.Value("c").Def
	o := Options{HalfWeights: true, Tune: map[string]Choice{ConvKey(n): {"strassen", "weights"}}}
	if err := Run(g, o); err == nil {
		t.Error("half weights and a tuned choice of strassen: no error")
	}
}

func TestIsStrassen(t *testing.T) {
	g := parse(t, wide)
	n := g.Value("c").Def
	for shape, want := range map[[4]int]bool{
		{64, 64, 8, 8}: true, {48, 64, 8, 8}: false, {64, 48, 8, 8}: false, {64, 64, 7, 8}: false, {64, 64, 8, 7}: true,
	} {
		w, in := n.In("weight"), n.In("input")
		w.Type.Shape = ir.Shape{shape[0], shape[1], 1, 1}
		in.Type.Shape = ir.Shape{ir.Batch, shape[1], shape[2], shape[3]}
		if got := isStrassen(n); got != want {
			t.Errorf("%v: %t, want %t", shape, got, want)
		}
	}
}

func TestStrassenCost(t *testing.T) {
	n := parse(t, wide).Value("a").Def
	const sums = strassenElement * (256 + 1024) * 196
	for perWeight, want := range map[float64]float64{
		20:  7. / 8 * 1024 * 256 * 196,
		100: 7. / 8 * 1024 * 256 * 400, // reading weights, where that takes longer than half of the time
	} {
		if got := strassenCost(n, perWeight); got != want+sums {
			t.Errorf("%g for a weight: cost %g, want %g", perWeight, got, want+sums)
		}
	}
}
