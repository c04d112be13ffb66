package codegen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

// model lowers a planned graph and makes the model in this process, with the
// runtime's pure-Go kernels.
func model(g *ir.Graph) (*runtime.Model, error) {
	l, err := lower(g, false)
	if err != nil {
		return nil, err
	}
	weights := l.packedWeights()
	return runtime.NewModel(&l.program, weights, runtime.WithThreads(2))
}

// TestRandomGraphs compares lowered programs with the interpreter on the graph
// as it was before all passes.
func TestRandomGraphs(t *testing.T) {
	tested, used := 0, map[string]int{}
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := irtest.RandomGraph(rng, 5+int(seed%25))
		g.Outputs = nodeResults(g.Outputs)
		if len(g.Inputs) != 1 || len(g.Outputs) == 0 {
			continue // a network has one input and computes something
		}
		tested++
		in := irtest.RandomInput(rng, g, 1+int(seed%3))
		if err := compareWithInterpreter(g, in); err != nil {
			t.Errorf("seed %d: %v\n%v", seed, err, g)
		}
		for _, n := range g.Nodes {
			if n.Op == ir.Conv2D {
				used[n.Str("algorithm")]++
			}
		}
	}
	for _, a := range ir.Algorithms {
		if used[a.Name] == 0 && !a.Stem && a.Quarters == 0 { // TestStems and TestStrassen have those
			t.Errorf("algorithm %s computed no convolution", a.Name)
		}
	}
	if tested < 50 {
		t.Errorf("only %d graphs were fit for the test", tested)
	}
}

// nodeResults keeps at most two outputs, the first for Run and the second for
// Embed, and none that is an input or a parameter.
func nodeResults(outputs []*ir.Value) []*ir.Value {
	var kept []*ir.Value
	for _, v := range outputs {
		constant := v.Def == nil
		for _, in := range defOperands(v) {
			constant = constant && in == nil
		}
		if !constant && v.Type.Shape[0] == ir.Batch && len(kept) < 2 {
			kept = append(kept, v)
		}
	}
	return kept
}

func defOperands(v *ir.Value) []*ir.Value {
	if v.Def == nil {
		return nil
	}
	return v.Def.Inputs
}

func compareWithInterpreter(g *ir.Graph, in map[string]*interp.Tensor) error {
	want, err := interp.Run(g, in)
	if err != nil {
		return err
	}
	names := make([]string, len(g.Outputs))
	for i, v := range g.Outputs {
		names[i] = v.Name
	}
	if err := passes.Run(g, passes.Options{}); err != nil {
		return err
	}
	m, err := model(g)
	if err != nil {
		return err
	}
	defer m.Close()
	src := in[g.Inputs[0].Name]
	w := m.NewWorkspace(src.Shape[0])
	for i, run := range []func(dst, src []float32) error{w.Run, w.Embed}[:len(names)] {
		expected := want[names[i]]
		dst := make([]float32, len(expected.Data))
		// A run on nothing but NaNs leaves them wherever the next one must not look.
		if err := run(dst, slices.Repeat([]float32{float32(math.NaN())}, len(src.Float32()))); err != nil {
			return err
		}
		if err := run(dst, src.Float32()); err != nil {
			return err
		}
		got, err := interp.FromFloat32(expected.Shape, dst)
		if err != nil {
			return err
		}
		if d := irtest.Compare(got, expected); !(d < 1e-4) {
			return fmt.Errorf("output %q is %.2g off, want 1e-4", names[i], d)
		}
	}
	return nil
}
