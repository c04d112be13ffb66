package passes

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// trainer appends nodes to a graph and keeps the first error, so that rules
// read without a check for each node.
type trainer struct {
	g   *ir.Graph
	o   TrainOptions
	err error

	labels, rate, step, seed *ir.Value // inputs
	names                    map[string]bool
	// needs says whether the loss depends on a parameter through the value, or
	// it is one itself.
	needs map[*ir.Value]bool
	grads map[*ir.Value]*ir.Value // of the loss, as far as they are added up
	// statistics are the running ones, each with its value after this step.
	statistics map[*ir.Value]*ir.Value
	streams    int // of random numbers, in use
}

func newTrainer(g *ir.Graph, o TrainOptions) *trainer {
	t := &trainer{
		g: g, o: o,
		names:      map[string]bool{},
		needs:      map[*ir.Value]bool{},
		grads:      map[*ir.Value]*ir.Value{},
		statistics: map[*ir.Value]*ir.Value{},
	}
	for v := range g.Values() {
		t.names[v.Name] = true
	}
	t.labels = g.AddInput(t.unique("labels"), ir.Type{DType: ir.I32, Shape: ir.Shape{ir.Batch}})
	t.rate = g.AddInput(t.unique("learning_rate"), ir.Type{Shape: ir.Shape{}})
	t.step = g.AddInput(t.unique("step"), ir.Type{DType: ir.I32, Shape: ir.Shape{}})
	t.seed = g.AddInput(t.unique("seed"), ir.Type{DType: ir.I32, Shape: ir.Shape{}})
	return t
}

// unique returns a name that no value has, made from name.
func (t *trainer) unique(name string) string {
	u := name
	for i := 2; t.names[u]; i++ {
		u = fmt.Sprintf("%s.%d", name, i)
	}
	t.names[u] = true
	return u
}

func (t *trainer) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

// node appends a node of one or more results, with names made from those given.
func (t *trainer) node(op ir.OpName, names []string, attrs ir.Attrs, in ...*ir.Value) []*ir.Value {
	unique := make([]string, len(names))
	for i, name := range names {
		unique[i] = t.unique(name)
	}
	n, err := t.g.AddNode(op, unique, attrs, in...)
	if err == nil {
		return n.Results
	}
	t.fail("%w", err)
	// Values of the first operand's type let the rules go on.
	results := make([]*ir.Value, len(names))
	for i := range results {
		results[i] = &ir.Value{Name: unique[i], Type: in[0].Type, Offset: -1}
	}
	return results
}

// add is node for one result.
func (t *trainer) add(op ir.OpName, name string, attrs ir.Attrs, in ...*ir.Value) *ir.Value {
	return t.node(op, []string{name}, attrs, in...)[0]
}

// trainingMode turns the nodes that do something else in training into that.
func (t *trainer) trainingMode() {
	nodes := t.g.Nodes
	t.g.Nodes = nil
	for _, n := range nodes {
		t.g.Nodes = append(t.g.Nodes, n)
		if change := trainingForms[n.Op]; change != nil {
			change(t, n)
		}
	}
}

// trainingForms has a row for each op that training changes.
var trainingForms = map[ir.OpName]func(*trainer, *ir.Node){
	ir.BatchNorm:       (*trainer).batchNorm,
	ir.Dropout:         func(t *trainer, n *ir.Node) { t.random(n, ir.DropoutTrain) },
	ir.StochasticDepth: func(t *trainer, n *ir.Node) { t.random(n, ir.StochasticDepthTrain) },
}

// batchNorm makes n use the batch's statistics.  Their running averages follow
// at once, so that they are up to date once a step, even if the step computes
// the batch norm again on its way back.
func (t *trainer) batchNorm(n *ir.Node) {
	mean, variance := n.In("mean"), n.In("var")
	n.Op, n.Inputs = ir.BatchNormTrain, n.Inputs[:3:3]
	for _, name := range []string{".batch_mean", ".batch_var"} {
		v := &ir.Value{Name: t.unique(n.Name() + name), Def: n, Offset: -1}
		n.Results = append(n.Results, v)
	}
	types, err := ir.Infer(n)
	if err != nil {
		t.fail("%w", err)
		return
	}
	for i, typ := range types {
		n.Results[i].Type = typ
	}
	t.average(n, mean, n.Result("mean"))
	t.average(n, variance, n.Result("var"), n.In("input"))
}

// average updates a running statistic.  Batch norms that share it update it
// one after another.
func (t *trainer) average(n *ir.Node, running, batch *ir.Value, input ...*ir.Value) {
	if !slices.Contains(t.g.Params, running) {
		t.fail("node %q: the running statistic %q is no parameter, so it cannot be updated", n.Name(), running.Name)
		return
	}
	before := t.statistics[running]
	if before == nil {
		before = running
	}
	in := append([]*ir.Value{before, batch}, input...)
	t.statistics[running] = t.add(ir.RunningAverage, running.Name+".next", ir.Attrs{"momentum": t.o.BatchNormMomentum}, in...)
}

// random makes n drop elements, by random numbers of its own.
func (t *trainer) random(n *ir.Node, op ir.OpName) {
	p := n.Float("p")
	n.Op, n.Attrs, n.Inputs = op, ir.Attrs{}, []*ir.Value{n.In("input"), t.seed, t.step}
	n.Set("p", p)
	n.Set("stream", t.streams)
	t.streams++
}

// backward goes through the nodes from the last to the first, and gives the
// operands of each their part of the gradient.
func (t *trainer) backward(logits *ir.Value) {
	forward := slices.Clone(t.g.Nodes)
	for _, v := range t.g.Params {
		t.needs[v] = t.statistics[v] == nil
	}
	for _, n := range forward {
		if n.Op == ir.RunningAverage {
			continue
		}
		for _, v := range n.Inputs {
			if t.statistics[v] != nil {
				t.fail("%q is the running statistic of a batch norm, and node %q reads it too, so it cannot be both averaged and trained", v.Name, n.Name())
			}
			t.needs[n.Out()] = t.needs[n.Out()] || t.needs[v]
		}
	}
	if !t.needs[logits] {
		t.fail("%q depends on no parameter, so there is nothing to train", logits.Name)
		return
	}
	t.give(logits, ir.CrossEntropyGrad, ir.Attrs{"label_smoothing": t.o.LabelSmoothing}, logits, t.labels)
	for _, n := range slices.Backward(forward) {
		if dy := t.grads[n.Out()]; dy != nil && t.err == nil {
			t.back(n, dy)
		}
	}
}

// back applies the rule of n's op.  A fused relu comes first, for it is the
// last that n does.
func (t *trainer) back(n *ir.Node, dy *ir.Value) {
	if n.Attrs["relu"] == true {
		dy = t.add(ir.ReLUGrad, n.Name()+".grad", nil, dy, n.Out())
	}
	rule := gradients[n.Op]
	if rule == nil {
		t.fail("node %q: %s has no gradient", n.Name(), n.Op)
		return
	}
	rule(t, n, dy)
}

// give appends the node that computes a part of v's gradient, if it is of use.
func (t *trainer) give(v *ir.Value, op ir.OpName, attrs ir.Attrs, in ...*ir.Value) {
	if t.needs[v] {
		t.accumulate(v, t.add(op, v.Name+".grad", attrs, in...))
	}
}

// accumulate adds grad to v's gradient, if it is of use.
func (t *trainer) accumulate(v, grad *ir.Value) {
	if !t.needs[v] {
		return
	}
	name := v.Name + ".grad"
	if sum := t.grads[v]; sum != nil {
		parts := []*ir.Value{sum, grad}
		grad = t.add(ir.Add, name, nil, parts...)
		for _, p := range parts { // the plain name is for the whole
			if p.Name == name {
				p.Name, grad.Name = grad.Name, p.Name
			}
		}
	}
	t.grads[v] = grad
}

// giveAll is give for a node with a result for each of values.
func (t *trainer) giveAll(values []*ir.Value, op ir.OpName, attrs ir.Attrs, in ...*ir.Value) {
	var names []string
	for _, v := range values {
		names = append(names, v.Name+".grad")
	}
	for i, grad := range t.node(op, names, attrs, in...) {
		t.accumulate(values[i], grad)
	}
}
