package passes

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
)

// subsamplingGraph is a random graph of strided 1x1 convolutions, side by side and
// one after another, some of them too narrow to be rewritten.
func subsamplingGraph(t *testing.T, rng *rand.Rand) *ir.Graph {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "graph g\ninput x: f32[N,16,%d,%d]\n", 1+rng.IntN(12), 1+rng.IntN(12))
	values := []string{"x"}
	channels := map[string]int{"x": 16}
	var nodes, params strings.Builder
	for i := range 2 + rng.IntN(4) {
		in, out := values[rng.IntN(len(values))], []int{16, 512, 528}[rng.IntN(3)]
		name := fmt.Sprintf("v%d", i)
		fmt.Fprintf(&params, "param w%d: f32[%d,%d,1,1]\n", i, out, channels[in])
		fmt.Fprintf(&nodes, "%s = conv2d(%s, w%d) {stride=[%d,%d], relu=%t}\n", name, in, i, 1+rng.IntN(3), 1+rng.IntN(3), rng.IntN(2) == 0)
		values, channels[name] = append(values, name), out
	}
	g, err := ir.Parse("random", []byte(b.String()+params.String()+nodes.String()+"output "+strings.Join(values[1:], ", ")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	bind(g, rng)
	return g
}

// TestSubsample runs random graphs before and after the pass, which changes no bit.
func TestSubsample(t *testing.T) {
	rewritten := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7))
		g := subsamplingGraph(t, rng)
		inputs := irtest.RandomInput(rng, g, 1+int(seed%2))
		want, text := outputs(t, g, inputs), g.String()
		if err := subsample(g, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := ir.Verify(g); err != nil {
			t.Fatalf("%v\nbefore\n%s\nafter\n%v", err, text, g)
		}
		if g.String() != text {
			rewritten++
		}
		for _, n := range g.Nodes {
			if isSubsampling(n) {
				t.Errorf("seed %d: %s still has a stride", seed, n.Name())
			}
		}
		for k, got := range outputs(t, g, inputs) {
			if d := irtest.Compare(got, want[k]); d != 0 {
				t.Errorf("seed %d: output %d is off by %g\nbefore\n%s\nafter\n%v", seed, k, d, text, g)
			}
		}
	}
	if rewritten < 30 {
		t.Errorf("only %d graphs had a convolution to rewrite", rewritten)
	}
}
