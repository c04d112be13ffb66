package passes

import (
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
)

const tuneGraph = `graph g
input x: f32[N,16,9,9]
param w1: f32[16,16,3,3]
param w2: f32[32,8,3,1]
a = conv2d(x, w1, residual=x) {padding=[1,1,1,1]}
b = conv2d(a, w2) {groups=2, stride=[2,2], padding=[1,0,1,0], dilation=[2,1]}
output b
`

func TestConvKey(t *testing.T) {
	g, err := ir.Parse("g.ir", []byte(tuneGraph))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"16x9x9->16x9x9,3x3,pad=1,add",
		"16x9x9->32x4x5,3x1,stride=2,pad=1.0.1.0,dilation=2.1,groups=2",
	} {
		if got := ConvKey(g.Nodes[i]); got != want {
			t.Errorf("key %s, want %s", got, want)
		}
	}
}

func TestTune(t *testing.T) {
	const key = "16x9x9->16x9x9,3x3,pad=1,add"
	for _, c := range []struct {
		key    string
		choice Choice
		exact  bool
		want   string // algorithm and schedule of the first node, or part of the error
	}{
		{key, Choice{"winograd2", "joint:64/1"}, false, "winograd2 joint:64/1"},
		{key, Choice{"direct", "weights"}, true, "direct weights"},
		{"another", Choice{"winograd2", ""}, true, "direct "},
		{key, Choice{"winograd4", ""}, true, "tune with -exact"},
		{key, Choice{"fft", ""}, false, `node "a" (` + key + `): tuned to algorithm "fft", but only direct, winograd2, winograd4`},
		{key, Choice{"direct", "fused:28"}, false, "conv2d/C11"},
		{"16x9x9->32x4x5,3x1,stride=2,pad=1.0.1.0,dilation=2.1,groups=2", Choice{"winograd4", ""}, false, "only direct can compute"},
	} {
		g, err := ir.Parse("g.ir", []byte(tuneGraph))
		if err != nil {
			t.Fatal(err)
		}
		// merge-groups changes the second node's key, so this pass runs alone.
		err = chooseAlgorithm(g, Options{Exact: c.exact, Tune: map[string]Choice{c.key: c.choice}})
		if err == nil {
			err = ir.Verify(g)
		}
		n := g.Nodes[0]
		got := n.Str("algorithm") + " " + n.Str("schedule")
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%s %+v: %s, want %s", c.key, c.choice, got, c.want)
		}
	}
}
