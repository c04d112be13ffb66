package passes

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
)

// randomTraining makes the i-th training graph of the property tests, with
// inputs for it.
func randomTraining(t *testing.T, i int) (*ir.Graph, map[string]*interp.Tensor, *rand.Rand) {
	t.Helper()
	g, rng := randomGraph(i)
	o := TrainOptions{LabelSmoothing: []float64{0, 0.1}[i%2], Momentum: 0.9, Nesterov: i%3 == 0, WeightDecay: 0.01}
	if i%4 == 0 {
		o.Optimizer = "adamw"
	}
	if i%5 == 0 {
		o.ClipNorm = 1
	}
	if err := Gradient(g, o); err != nil {
		t.Fatalf("graph %d: %v", i, err)
	}
	inputs := irtest.RandomInput(rng, g, 3)
	inputs["learning_rate"].Data[0], inputs["step"].Data[0], inputs["seed"].Data[0] = 0.1, float64(i), 5
	for n := range inputs["labels"].Data {
		inputs["labels"].Data[n] = float64(rng.IntN(g.Outputs[1].Type.Shape[1]))
	}
	return g, inputs, rng
}

// few is n, or a fifth of it where the tests are to be quick.
func few(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

// TestGradientRandom compares the gradients of whole graphs with central
// differences of the loss along random directions, of all parameters and of
// one of them.
func TestGradientRandom(t *testing.T) {
	checked := 0
	graphs := few(randomGraphs / 3)
	for i := range graphs {
		g, inputs, rng := randomTraining(t, i)
		state := map[string]*interp.Tensor{}
		out, err := interp.Run(g, inputs, interp.KeepAll())
		if err != nil {
			t.Fatal(err)
		}
		grads := map[string]*interp.Tensor{}
		for _, u := range g.Updates {
			if grad := u.Value.Def.In("grad"); grad != nil && u.Value == u.Value.Def.Out() {
				grads[u.Param.Name] = out[grad.Name]
				if state[u.Param.Name], err = interp.FromFloat32(u.Param.Type.Shape, u.Param.Data); err != nil {
					t.Fatal(err)
				}
			}
		}
		names := slices.Sorted(maps.Keys(grads))
		for _, along := range [][]string{names, {names[rng.IntN(len(names))]}, {names[rng.IntN(len(names))]}} {
			slope, want := directional(t, rng, g, inputs, state, grads, along)
			if want == 0 {
				continue // a step over a kink, or no information
			}
			checked++
			if !(math.Abs(slope-want) <= 1e-4*max(1e-3, math.Abs(want))) {
				t.Errorf("graph %d: along %d parameters (%s) the slope is %v by gradients and %v by differences", i, len(along), along[0], slope, want)
			}
		}
	}
	if checked < 2*graphs {
		t.Errorf("%d directions of %d graphs were checked", checked, graphs)
	}
}

// directional gives the slope of the loss along a random direction, by the
// gradients and by differences; the latter is 0 where two step sizes disagree,
// as they do if a maximum or a relu switches between them.
func directional(t *testing.T, rng *rand.Rand, g *ir.Graph, inputs, state, grads map[string]*interp.Tensor, along []string) (slope, want float64) {
	direction, length := map[string][]float64{}, 0.0
	for _, name := range along {
		d := make([]float64, len(grads[name].Data))
		for k, gr := range grads[name].Data {
			d[k] = rng.NormFloat64()
			slope += d[k] * gr
			length += d[k] * d[k]
		}
		direction[name] = d
	}
	length = math.Sqrt(length)
	loss := func(h float64) float64 {
		moved := maps.Clone(state)
		for name, d := range direction {
			x := interp.New(state[name].Shape...)
			for k := range d {
				x.Data[k] = state[name].Data[k] + h*d[k]/length
			}
			moved[name] = x
		}
		out, err := interp.Run(g, inputs, interp.State(moved))
		if err != nil {
			t.Fatal(err)
		}
		return out["loss"].Data[0]
	}
	const h = 1e-6
	coarse, fine := (loss(2*h)-loss(-2*h))/(4*h), (loss(h)-loss(-h))/(2*h)
	if math.Abs(coarse-fine) > 1e-4*max(1e-3, math.Abs(fine)) {
		return slope / length, 0
	}
	return slope / length, fine
}

// TestGradientPasses runs passes that know training graphs over them: the loss
// and all updates stay what they were.
func TestGradientPasses(t *testing.T) {
	list := []string{"dead-code", "remove-identity", "fold-constants", "fold-batchnorm", "lower-batchnorm", "fuse-add", "fuse-relu", "merge-groups", "choose-algorithm", "plan-memory"}
	for i := range few(randomGraphs / 2) {
		g, inputs, _ := randomTraining(t, i)
		text := g.String()
		before := map[string]*interp.Tensor{}
		want, err := interp.Run(g, inputs, interp.State(before))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range list {
			if err := Lookup(name).Run(g, Options{}); err != nil {
				t.Fatalf("graph %d: %s: %v", i, name, err)
			}
			if err := ir.Verify(g); err != nil {
				t.Fatalf("graph %d: %s: %v\nbefore\n%s\nafter\n%v", i, name, err, text, g)
			}
		}
		after := map[string]*interp.Tensor{}
		got, err := interp.Run(g, inputs, interp.State(after))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range g.Outputs {
			if d := irtest.Compare(got[v.Name], want[v.Name]); !(d <= tolerance) {
				t.Errorf("graph %d: output %q is off by %g", i, v.Name, d)
			}
		}
		if len(after) != len(before) {
			t.Errorf("graph %d: %d parameters are updated, want %d", i, len(after), len(before))
		}
		for name, w := range before {
			if d := irtest.Compare(after[name], w); !(d <= tolerance) {
				t.Errorf("graph %d: the update of %q is off by %g", i, name, d)
			}
		}
		if t.Failed() {
			t.Fatalf("before\n%s\nafter\n%v", text, g)
		}
	}
}

// TestGradientDeterministic makes every graph twice, and reads its text form.
func TestGradientDeterministic(t *testing.T) {
	for i := range few(randomGraphs) {
		g, _, _ := randomTraining(t, i)
		again, _, _ := randomTraining(t, i)
		if g.String() != again.String() {
			t.Fatalf("graph %d: two runs differ", i)
		}
		p, err := ir.Parse(fmt.Sprintf("%d.ir", i), []byte(g.String()))
		if err != nil || p.String() != g.String() || g.Clone().String() != g.String() {
			t.Fatalf("graph %d: text form or clone differ: %v", i, err)
		}
	}
}
