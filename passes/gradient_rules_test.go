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

// ruleCases make, for each op, random nodes y of the inputs x and z and of
// parameters, as text.
var ruleCases = map[ir.OpName]func(r *rand.Rand) string{
	ir.Conv2D: func(r *rand.Rand) string {
		groups := 1 + r.IntN(3)
		in, out := groups*(1+r.IntN(2)), groups*(1+r.IntN(3))
		kh, kw := 1+r.IntN(3), 1+r.IntN(3)
		dh, dw := 1+r.IntN(2), 1+r.IntN(2)
		h, w := dh*(kh-1)+1+r.IntN(4), dw*(kw-1)+1+r.IntN(4)
		text := fmt.Sprintf("input x: f32[N,%d,%d,%d]\nparam w: f32[%d,%d,%d,%d]\nparam b: f32[%d]\n", in, h, w, out, in/groups, kh, kw, out)
		attrs := fmt.Sprintf("{groups=%d, dilation=[%d,%d], stride=[%d,%d], padding=[%d,%d,%d,%d]", groups, dh, dw,
			1+r.IntN(3), 1+r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3))
		switch r.IntN(3) {
		case 0:
			return text + "y = conv2d(x, w, bias=b) " + attrs + "}"
		case 1: // as fused, with another reader of x and w
			return text + "z = conv2d(x, w) " + attrs + "}\ny = conv2d(x, w, bias=b, residual=z) " + attrs + ", relu=true}"
		}
		return text + "y = conv2d(x, w) " + attrs + "}"
	},
	ir.BatchNormTrain: func(r *rand.Rand) string {
		c := 1 + r.IntN(3)
		params := fmt.Sprintf("param g: f32[%d]\nparam b: f32[%d]\nparam m: f32[%d]\nparam v: f32[%d]\n", c, c, c, c)
		shape := []string{fmt.Sprintf("N,%d,%d,%d", c, 1+r.IntN(3), 2+r.IntN(3)), fmt.Sprintf("N,%d", c)}[r.IntN(2)]
		return fmt.Sprintf("input x: f32[%s]\n%sy = batch_norm(x, g, b, m, v) {eps=%g}", shape, params, []float64{1e-5, 0.1}[r.IntN(2)])
	},
	ir.Affine: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,3,2,%d]\nparam s: f32[3]\nparam b: f32[3]\ny = affine(x, s, b) {relu=%v}", 1+r.IntN(3), r.IntN(2) == 0)
	},
	ir.ReLU: func(*rand.Rand) string { return "input x: f32[N,3,2,2]\ny = relu(x)" },
	ir.Add: func(r *rand.Rand) string {
		return []string{"input x: f32[N,3]\ninput z: f32[N,3]\ny = add(x, z) {relu=true}", "input x: f32[N,3]\ny = add(x, x)"}[r.IntN(2)]
	},
	ir.MaxPool: func(r *rand.Rand) string { return poolCase(r, "max_pool", "") },
	ir.AvgPool: func(r *rand.Rand) string {
		return poolCase(r, "avg_pool", fmt.Sprintf(", count_include_pad=%v", r.IntN(2) == 0))
	},
	ir.GlobalAvgPool: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,2,%d,%d]\ny = global_avg_pool(x)", 1+r.IntN(4), 1+r.IntN(4))
	},
	ir.Linear: func(r *rand.Rand) string {
		i, o := 1+r.IntN(4), 1+r.IntN(4)
		return fmt.Sprintf("input x: f32[N,%d]\nparam w: f32[%d,%d]\nparam b: f32[%d]\n", i, o, i, o) +
			[]string{"y = linear(x, w)", "y = linear(x, w, bias=b)", "y = linear(x, w, bias=b) {relu=true}"}[r.IntN(3)]
	},
	ir.Flatten: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,%d,%d,%d]\ny = flatten(x)", 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(3))
	},
	ir.Softmax: func(r *rand.Rand) string {
		return []string{"input x: f32[N,5]\ny = softmax(x)", "input x: f32[N,3,2,2]\ny = softmax(x)"}[r.IntN(2)]
	},
	ir.Subsample: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,2,%d,%d]\ny = subsample(x) {stride=[%d,%d]}", 1+r.IntN(6), 1+r.IntN(6), 1+r.IntN(3), 1+r.IntN(3))
	},
	ir.PadChannels: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,2,2,3]\ny = pad_channels(x) {before=%d, after=%d}", r.IntN(3), r.IntN(3))
	},
	ir.Concat: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,2,2,2]\ninput z: f32[N,%d,2,2]\ny = concat(x, z, x)", 1+r.IntN(3))
	},
	ir.DropoutTrain: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,20]\ny = dropout(x) {p=%g}", r.Float64())
	},
	ir.StochasticDepthTrain: func(r *rand.Rand) string {
		return fmt.Sprintf("input x: f32[N,3,2,2]\ny = stochastic_depth(x) {p=%g}", r.Float64())
	},
	ir.Reorder: func(*rand.Rand) string { return "input x: f32[N,3]\ny = reorder(x)" },
}

func poolCase(r *rand.Rand, op, more string) string {
	kh, kw := 1+r.IntN(4), 1+r.IntN(4)
	return fmt.Sprintf("input x: f32[N,2,%d,%d]\ny = %s(x) {kernel=[%d,%d], stride=[%d,%d], padding=[%d,%d,%d,%d], ceil_mode=%v%s}", kh+r.IntN(4), kw+r.IntN(4), op,
		kh, kw, 1+r.IntN(3), 1+r.IntN(3), r.IntN(kh/2+1), r.IntN(kw/2+1), r.IntN(kh/2+1), r.IntN(kw/2+1), r.IntN(2) == 0, more)
}

func TestGradientRulesComplete(t *testing.T) {
	for op, row := range ir.Ops {
		if !row.Training && gradients[op] == nil && trainingForms[op] == nil {
			t.Errorf("gradients has no row for %s", op)
		}
	}
	for op := range gradients {
		if ruleCases[op] == nil {
			t.Errorf("the gradient of %s has no test", op)
		}
	}
}

// TestGradientRules compares what each rule gives with central differences of
// the sum of dy*y.
func TestGradientRules(t *testing.T) {
	for _, op := range slices.Sorted(maps.Keys(ruleCases)) {
		t.Run(string(op), func(t *testing.T) {
			for seed := range uint64(40) {
				r := rand.New(rand.NewPCG(seed, 6))
				text := ruleCases[op](r)
				testRule(t, r, op, text)
				if t.Failed() {
					t.Fatalf("seed %d\n%s", seed, text)
				}
			}
		})
	}
}

func testRule(t *testing.T, r *rand.Rand, op ir.OpName, text string) {
	g, err := ir.Parse("rule.ir", []byte("graph g\n"+text+"\noutput y\n"))
	if err != nil {
		t.Fatal(err)
	}
	b := newTrainer(g, TrainOptions{BatchNormMomentum: 0.1})
	b.trainingMode()
	y := g.Value("y")
	if y.Def.Op != op {
		t.Fatalf("y is a %s", y.Def.Op)
	}
	var operands []*ir.Value
	forward := slices.DeleteFunc(slices.Clone(g.Nodes), func(n *ir.Node) bool { return n.Op == ir.RunningAverage })
	for _, n := range forward {
		for _, v := range n.Inputs {
			if v != nil && v.Type.DType == ir.F32 && !b.needs[v] {
				b.needs[v] = true
				operands = append(operands, v)
			}
		}
	}
	dy := g.AddInput("dy", y.Type)
	b.grads[y] = dy
	for _, n := range slices.Backward(forward) {
		if grad := b.grads[n.Out()]; grad != nil {
			b.back(n, grad)
		}
	}
	if b.err != nil {
		t.Fatal(b.err)
	}
	if err := ir.Verify(g); err != nil {
		t.Fatal(err)
	}
	inputs := irtest.RandomInput(r, g, 2+r.IntN(2))
	inputs["step"].Data[0], inputs["seed"].Data[0] = 3, 4
	state := map[string]*interp.Tensor{}
	for _, p := range g.Params {
		state[p.Name] = interp.New(p.Type.Shape...)
		for i := range state[p.Name].Data {
			state[p.Name].Data[i] = r.NormFloat64()
		}
	}
	run := func() map[string]*interp.Tensor {
		out, err := interp.Run(g, inputs, interp.State(maps.Clone(state)), interp.KeepAll())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	loss := func() float64 {
		sum := 0.0
		for i, x := range run()["y"].Data {
			sum += x * inputs["dy"].Data[i]
		}
		return sum
	}
	analytic := run()
	for _, v := range operands {
		at := state[v.Name]
		if at == nil {
			at = inputs[v.Name]
		}
		if at == nil {
			continue // computed by a node
		}
		grad := inputs["dy"]
		if b.grads[v] != dy {
			grad = analytic[b.grads[v].Name]
		}
		for range 6 {
			i := r.IntN(len(at.Data))
			const h = 1e-6
			x := at.Data[i]
			at.Data[i] = x + h
			above := loss()
			at.Data[i] = x - h
			below := loss()
			at.Data[i] = x
			if want, got := (above-below)/(2*h), grad.Data[i]; math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
				t.Errorf("the gradient of element %d of %q is %v, want %v", i, v.Name, got, want)
			}
		}
	}
}
