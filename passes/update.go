package passes

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// optimizers has a row per algorithm: it appends the node that updates p by
// its gradient, and declares what the algorithm keeps for p.
var optimizers = map[string]func(t *trainer, p, grad, scale *ir.Value, decay float64){
	"sgd":   (*trainer).sgd,
	"adamw": (*trainer).adamW,
}

// update appends the update of every parameter, in the graph's order, after
// the last gradient: then a reduction over several machines, or the norm of all
// gradients, has its place between the two.
func (t *trainer) update() {
	if t.err != nil {
		return
	}
	var trained, grads []*ir.Value
	for _, p := range t.g.Params {
		if grad := t.grads[p]; grad != nil {
			trained, grads = append(trained, p), append(grads, grad)
		}
	}
	var scale *ir.Value
	if t.o.ClipNorm > 0 {
		norm := t.node(ir.GradNorm, []string{"grad_norm", "grad_scale"}, ir.Attrs{"max_norm": t.o.ClipNorm}, grads...)
		t.g.Outputs = append(t.g.Outputs, norm[0])
		scale = norm[1]
	}
	for _, p := range slices.Clone(t.g.Params) {
		if next := t.statistics[p]; next != nil {
			t.g.Updates = append(t.g.Updates, ir.Update{Param: p, Value: next})
		}
	}
	for i, p := range trained {
		decay := t.o.WeightDecay
		if t.o.DecayWeightsOnly && len(p.Type.Shape) < 2 {
			decay = 0
		}
		optimizers[t.o.Optimizer](t, p, grads[i], scale, decay)
	}
}

func (t *trainer) sgd(p, grad, scale *ir.Value, decay float64) {
	in := []*ir.Value{p, grad, t.rate}
	kept := []*ir.Value{p}
	if t.o.Momentum != 0 {
		kept = append(kept, t.zeros(p, "velocity"))
		in = append(in, kept[1])
	}
	if scale != nil {
		in = append(in[:len(in):len(in)], slices.Repeat([]*ir.Value{nil}, 4-len(in))...)
		in = append(in, scale)
	}
	t.renew(kept, ir.SGD, ir.Attrs{"momentum": t.o.Momentum, "weight_decay": decay, "nesterov": t.o.Nesterov}, in)
}

func (t *trainer) adamW(p, grad, scale *ir.Value, decay float64) {
	m, v := t.zeros(p, "m"), t.zeros(p, "v")
	in := []*ir.Value{p, grad, t.rate, t.step, m, v}
	if scale != nil {
		in = append(in, scale)
	}
	t.renew([]*ir.Value{p, m, v}, ir.AdamW, ir.Attrs{"beta1": t.o.Beta1, "beta2": t.o.Beta2, "eps": t.o.Eps, "weight_decay": decay}, in)
}

// zeros declares what the optimizer keeps for p.
func (t *trainer) zeros(p *ir.Value, kind string) *ir.Value {
	v := t.g.AddParam(t.unique(p.Name+"."+kind), p.Type.Shape...)
	v.Data = make([]float32, v.Type.Shape.Elems())
	return v
}

// renew appends a node whose results update params.
func (t *trainer) renew(params []*ir.Value, op ir.OpName, attrs ir.Attrs, in []*ir.Value) {
	var names []string
	for _, p := range params {
		names = append(names, p.Name+".next")
	}
	for i, v := range t.node(op, names, attrs, in...) {
		t.g.Updates = append(t.g.Updates, ir.Update{Param: params[i], Value: v})
	}
}
