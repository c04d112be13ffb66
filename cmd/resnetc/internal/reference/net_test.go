package reference

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

// compare runs g both ways and returns the largest distance of the first outputs,
// relative to the largest value.
func compare(t *testing.T, g *ir.Graph, src *interp.Tensor) float64 {
	t.Helper()
	all, err := interp.Run(g, map[string]*interp.Tensor{g.Inputs[0].Name: src})
	if err != nil {
		t.Fatal(err)
	}
	want := all[g.Outputs[0].Name]
	n, err := New(g, src.Shape[0])
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(want.Data))
	for range 2 { // a second run must not see what the first one left
		clear(got)
		if err := n.Run(got, src.Float32()); err != nil {
			t.Fatal(err)
		}
	}
	var d, top float64
	for i, w := range want.Data {
		d = math.Max(d, math.Abs(float64(got[i])-w))
		top = math.Max(top, math.Abs(w))
	}
	return d / math.Max(top, 1e-3)
}

// TestRandom compares with the interpreter on random graphs, before and after
// the passes.
func TestRandom(t *testing.T) {
	ops := map[ir.OpName]bool{}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := irtest.RandomGraph(rng, 30)
		if len(g.Inputs) != 1 {
			continue
		}
		src := irtest.RandomInput(rng, g, 2)[g.Inputs[0].Name]
		lowered := g.Clone()
		if err := passes.Run(lowered, passes.Options{}); err != nil {
			t.Fatal(err)
		}
		for _, g := range []*ir.Graph{g, lowered} {
			for _, n := range g.Nodes {
				ops[n.Op] = true
			}
			if d := compare(t, g, src); !(d < 1e-4) {
				t.Errorf("seed %d: the reference is %.2g off the interpreter", seed, d)
			}
		}
	}
	for op, row := range ir.Ops {
		if row.Training {
			continue // the reference runs networks, it does not train them
		}
		if !ops[op] {
			t.Errorf("no graph has the op %s", op)
		}
	}
}

// TestOps wants a row for every op.
func TestOps(t *testing.T) {
	for op, row := range ir.Ops {
		if row.Training {
			continue // the reference runs networks, it does not train them
		}
		if kernels[op] == nil {
			t.Errorf("op %s has no reference", op)
		}
	}
}

func TestGolden(t *testing.T) {
	want, err := golden.Load("resnet20_cifar")
	if err != nil {
		t.Fatal(err)
	}
	m, err := zoo.Lookup(want.Model)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	zoo.Formula(g, want.Salt)
	if err := passes.Run(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	n, err := New(g, want.Batch)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, want.Batch*10)
	if err := n.Run(got, zoo.FormulaTensor("input", want.Input, want.Salt)); err != nil {
		t.Fatal(err)
	}
	for i, w := range slices.Concat(want.Logits...) {
		if math.Abs(float64(got[i])-w) > 1e-5 {
			t.Errorf("logit %d is %v, want %v", i, got[i], w)
		}
	}
	if times := n.Times(); len(times) != len(g.Nodes) || times["conv1"] <= 0 {
		t.Errorf("times of %d nodes, conv1 %v; want %d and more than 0", len(times), times["conv1"], len(g.Nodes))
	}
}

func TestErrors(t *testing.T) {
	m, err := zoo.Lookup("resnet20_cifar")
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantError := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	_, err = New(g, 1)
	wantError(err, `"conv1.weight" has 0 elements, want 432`)
	zoo.Formula(g, "")
	_, err = New(g, 0)
	wantError(err, "batch is 0")
	n, err := New(g, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantError(n.Run(make([]float32, 10), nil), "input has 0 elements, want 3072")
	wantError(n.Run(nil, make([]float32, 3072)), "output has 0 elements, want 10")
}
