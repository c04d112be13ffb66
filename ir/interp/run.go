package interp

import (
	"fmt"
	"maps"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// Option changes what [Run] does.
type Option func(*options)

type options struct {
	keep, float32 bool
	state         map[string]*Tensor
}

// KeepAll makes Run give back every activation, not only the outputs.
func KeepAll() Option { return func(o *options) { o.keep = true } }

// Float32 makes Run round the inputs and every node's results to float32.
// Sums within a node stay float64.
func Float32() Option { return func(o *options) { o.float32 = true } }

// State makes Run take parameters from s, by name, before it looks at their
// Data, and store there what g's updates give them at the end.  So a training
// run begins with an empty map and goes on with the same map for each step,
// all in float64.  The tensors in it are replaced, never written to.
func State(s map[string]*Tensor) Option { return func(o *options) { o.state = s } }

// Run computes the outputs of g, by name, for the inputs, by name.  The batch is
// the first axis of the inputs, the same for all of them.
//
// The graph must pass [ir.Verify].  Every parameter that a node reads must have
// data, or stand in the [State].  Memory is freed as soon as no later node reads a tensor.
func Run(g *ir.Graph, inputs map[string]*Tensor, opts ...Option) (map[string]*Tensor, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	if err := ir.Verify(g); err != nil {
		return nil, fmt.Errorf("interp: graph %q: %w", g.Name, err)
	}
	values := map[*ir.Value]*Tensor{}
	batch := 0
	for _, v := range g.Inputs {
		t := inputs[v.Name]
		if err := check(t, v, &batch); err != nil {
			return nil, err
		}
		values[v] = o.rounded(t, v)
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		if v := g.Value(name); !slices.Contains(g.Inputs, v) {
			return nil, fmt.Errorf("interp: graph %q has no input %q", g.Name, name)
		}
	}
	if err := o.checkState(g); err != nil {
		return nil, err
	}
	readers := map[*ir.Value]int{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			readers[v]++
		}
	}
	for _, v := range g.Outputs {
		readers[v]++ // never freed
	}
	for _, u := range g.Updates {
		readers[u.Value]++
	}
	for _, n := range g.Nodes {
		operands := make([]*Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			if v == nil {
				continue
			}
			if v.Def == nil && values[v] == nil {
				var err error
				if values[v], err = o.parameter(v); err != nil {
					return nil, fmt.Errorf("%w (node %q reads it)", err, n.Name())
				}
			}
			operands[i] = values[v]
		}
		results, err := Eval(n, operands)
		if err != nil {
			return nil, err
		}
		for i, t := range results {
			if o.float32 {
				t.round()
			}
			if readers[n.Results[i]] > 0 || o.keep {
				values[n.Results[i]] = t
			}
		}
		for _, v := range n.Inputs {
			if readers[v]--; v != nil && readers[v] == 0 && (!o.keep || v.Def == nil) {
				delete(values, v)
			}
		}
	}
	out, err := o.collect(g, values)
	if err == nil && o.state != nil {
		for _, u := range g.Updates {
			o.state[u.Param.Name] = values[u.Value]
		}
	}
	return out, err
}

// checkState checks that the state has tensors for g's parameters only.
func (o *options) checkState(g *ir.Graph) error {
	params := map[string]*ir.Value{}
	for _, v := range g.Params {
		params[v.Name] = v
	}
	for _, name := range slices.Sorted(maps.Keys(o.state)) {
		v, batch := params[name], 0
		if v == nil {
			return fmt.Errorf("interp: graph %q has no parameter %q, which is in the state", g.Name, name)
		}
		if err := check(o.state[name], v, &batch); err != nil {
			return err
		}
	}
	return nil
}

// rounded gives t, or with the option Float32 a rounded copy.
func (o *options) rounded(t *Tensor, v *ir.Value) *Tensor {
	if !o.float32 || v.Type.DType != ir.F32 {
		return t
	}
	t = &Tensor{t.Shape, slices.Clone(t.Data)}
	t.round()
	return t
}

// parameter gives the tensor of a parameter.
func (o *options) parameter(v *ir.Value) (*Tensor, error) {
	if t := o.state[v.Name]; t != nil {
		return o.rounded(t, v), nil
	}
	if v.Data == nil {
		return nil, fmt.Errorf("interp: parameter %q has no data: bind weights first", v.Name)
	}
	return FromFloat32(v.Type.Shape, v.Data)
}

// collect gives the outputs, or all activations, by name.
func (o *options) collect(g *ir.Graph, values map[*ir.Value]*Tensor) (map[string]*Tensor, error) {
	out := map[string]*Tensor{}
	for _, v := range g.Outputs {
		if values[v] == nil { // a parameter that no node reads
			t, err := o.parameter(v)
			if err != nil {
				return nil, err
			}
			values[v] = t
		}
		out[v.Name] = values[v]
	}
	if o.keep {
		for _, n := range g.Nodes {
			for _, v := range n.Results {
				out[v.Name] = values[v]
			}
		}
	}
	return out, nil
}

// Eval computes the results of one node.  The operands stand in the order of
// n.Inputs, nil for an optional one that is left out; their shapes must be those
// of n.Inputs, with one number in the place of [ir.Batch].
func Eval(n *ir.Node, operands []*Tensor) ([]*Tensor, error) {
	if len(operands) != len(n.Inputs) {
		return nil, fmt.Errorf("interp: node %q: %d operands, want %d", n.Name(), len(operands), len(n.Inputs))
	}
	if _, err := ir.Infer(n); err != nil {
		return nil, err
	}
	k, ok := kernels[n.Op]
	if !ok {
		return nil, fmt.Errorf("interp: node %q: op %s cannot be run", n.Name(), n.Op)
	}
	batch := 0
	for i, v := range n.Inputs {
		if v == nil {
			continue
		}
		if err := check(operands[i], v, &batch); err != nil {
			return nil, fmt.Errorf("%w (operand of node %q)", err, n.Name())
		}
	}
	results := make([]*Tensor, len(n.Results))
	for i, v := range n.Results {
		results[i] = output(v, batch)
	}
	if err := k(call{n, operands}, results); err != nil {
		return nil, fmt.Errorf("interp: node %q: %w", n.Name(), err)
	}
	return results, nil
}
