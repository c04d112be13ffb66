package irtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
)

// TestRandomGraph checks that graphs are valid, run to finite numbers, survive
// the text form, and that each op and each trap occurs in some of them.
func TestRandomGraph(t *testing.T) {
	ops := map[ir.OpName]int{}
	traps := map[string]int{"several readers": 0, "output that is read": 0, "add of a value to itself": 0,
		"flatten of many pixels": 0, "groups": 0, "odd channels": 0, "asymmetric padding": 0, "constant node": 0}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := RandomGraph(rng, 1+int(seed)%30)
		if err := ir.Verify(g); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again := RandomGraph(rand.New(rand.NewPCG(seed, 1)), 1+int(seed)%30); again.String() != g.String() {
			t.Fatalf("seed %d: two runs differ", seed)
		}
		p, err := ir.Parse("random.ir", []byte(g.String()))
		if err != nil || p.String() != g.String() {
			t.Fatalf("seed %d: text form does not round trip: %v", seed, err)
		}
		if seed%5 == 0 {
			out, err := interp.Run(g, RandomInput(rng, g, 2))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for name, v := range out {
				for _, x := range v.Data {
					if math.IsNaN(x) || math.Abs(x) > 1e9 {
						t.Fatalf("seed %d: output %q has %v", seed, name, x)
					}
				}
			}
		}
		uses := g.Uses()
		for _, v := range g.Outputs {
			if len(uses[v]) > 0 {
				traps["output that is read"]++
			}
		}
		for _, n := range g.Nodes {
			ops[n.Op]++
			s := n.Out().Type.Shape
			if len(uses[n.Out()]) > 1 {
				traps["several readers"]++
			}
			if s[0] != ir.Batch {
				traps["constant node"]++
			} else if s[1]%ir.Block != 0 {
				traps["odd channels"]++
			}
			switch in := n.Inputs[0].Type.Shape; n.Op {
			case ir.Add:
				if n.Inputs[0] == n.Inputs[1] {
					traps["add of a value to itself"]++
				}
			case ir.Flatten:
				if in[2]*in[3] > 1 {
					traps["flatten of many pixels"]++
				}
			case ir.Conv2D:
				if p := n.Ints("padding"); p[0] != p[2] {
					traps["asymmetric padding"]++
				}
				if n.Int("groups") > 1 {
					traps["groups"]++
				}
			}
		}
	}
	for op, row := range ir.Ops {
		if ops[op] == 0 && !row.Training {
			t.Errorf("no random graph has the op %s", op)
		}
	}
	for trap, n := range traps {
		if n == 0 {
			t.Errorf("no random graph has this trap: %s", trap)
		}
	}
}

func TestCompare(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	vec := func(xs ...float64) *interp.Tensor { return &interp.Tensor{Shape: []int{len(xs)}, Data: xs} }
	for _, c := range []struct {
		got, want *interp.Tensor
		err       float64
	}{
		{vec(1, 2, 3), vec(1, 2, 3), 0},
		{vec(1, 2.5, -4), vec(1, 2, -4), 0.125},
		{vec(0.5), vec(0), 0.5},
		{vec(nan, inf, 2), vec(nan, inf, 2), 0},
		{vec(nan, 2), vec(1, 2), inf},
		{vec(1, 2), vec(nan, 2), inf},
		{vec(-inf, 2), vec(inf, 2), inf},
		{vec(1, 2), vec(1, 2, 3), inf},
		{&interp.Tensor{Shape: []int{1, 2}, Data: []float64{1, 2}}, vec(1, 2), inf},
	} {
		if got := Compare(c.got, c.want); got != c.err {
			t.Errorf("Compare(%v, %v) = %v, want %v", c.got.Data, c.want.Data, got, c.err)
		}
	}
}
