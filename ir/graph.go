package ir

import (
	"fmt"
	"slices"
)

// Graph is one network.
type Graph struct {
	Name    string
	Inputs  []*Value // what a run is given
	Params  []*Value // weights and constants
	Nodes   []*Node  // in topological order
	Outputs []*Value // what a run gives back, for instance logits and features
	// Updates are the parameters that a run changes: a training step's weights
	// and statistics.  All of them take effect together, after the last node.
	Updates []Update

	// Arena is the number of elements per image of the one buffer that holds
	// every activation; 0 before memory is planned.
	Arena int

	// Network identifies the network that a training step trains, as it was
	// before the gradient pass; "" of other graphs.  It is no part of the text.
	Network string
}

// Update says that a parameter takes the data of a value at the end of a run.
type Update struct{ Param, Value *Value }

// Value is a tensor that flows along the graph's edges.
type Value struct {
	Name string // unique in the graph
	Type Type
	Def  *Node // the node that defines it; nil for an input or a parameter
	// Data holds a parameter's elements in row-major order; nil until weights
	// are bound, and always nil for other values.
	Data []float32
	// Offset is the value's place in the arena, in elements per image; -1
	// before memory is planned and for values outside the arena.
	Offset int
}

// IsParam reports whether v is listed among g's parameters.
func (g *Graph) IsParam(v *Value) bool { return v.Def == nil && slices.Contains(g.Params, v) }

// Node is one operation.
type Node struct {
	Op OpName
	// Inputs are the operands in the order of the op's row in [Ops]; nil
	// stands for an optional operand that is left out.
	Inputs  []*Value
	Results []*Value
	// Attrs holds the attributes that differ from their default.
	Attrs Attrs
}

// Out is the node's first result.
func (n *Node) Out() *Value { return n.Results[0] }

// Name is the name of the node's first result: nodes have no other.
func (n *Node) Name() string { return n.Results[0].Name }

// In returns the operand called name in the op's row, or nil if it is left out.
func (n *Node) In(name string) *Value {
	for i, o := range Ops[n.Op].Operands {
		if o.Name == name && i < len(n.Inputs) {
			return n.Inputs[i]
		}
	}
	return nil
}

// Result returns the result called name in the op's row, or nil if the node
// does not have it.
func (n *Node) Result(name string) *Value {
	if i := slices.Index(Ops[n.Op].Results, name); 0 <= i && i < len(n.Results) {
		return n.Results[i]
	}
	return nil
}

// SetIn sets the operand called name; the op must have it.
func (n *Node) SetIn(name string, v *Value) {
	for i, o := range Ops[n.Op].Operands {
		if o.Name == name {
			for len(n.Inputs) <= i {
				n.Inputs = append(n.Inputs, nil)
			}
			n.Inputs[i] = v
			return
		}
	}
	panic(fmt.Sprintf("ir: op %s has no operand %s", n.Op, name))
}

// AddInput declares an activation that a run is given.
func (g *Graph) AddInput(name string, t Type) *Value {
	v := &Value{Name: name, Type: t, Offset: -1}
	g.Inputs = append(g.Inputs, v)
	return v
}

// AddParam declares a parameter without data.
func (g *Graph) AddParam(name string, shape ...int) *Value {
	v := &Value{Name: name, Type: Type{Shape: shape}, Offset: -1}
	g.Params = append(g.Params, v)
	return v
}

// Add appends a node whose single result is called name, infers its type and
// returns the result.
func (g *Graph) Add(op OpName, name string, attrs Attrs, inputs ...*Value) (*Value, error) {
	n, err := g.AddNode(op, []string{name}, attrs, inputs...)
	if err != nil {
		return nil, err
	}
	return n.Out(), nil
}

// AddNode appends a node with one name for each of its results, infers their
// types and returns the node.
func (g *Graph) AddNode(op OpName, names []string, attrs Attrs, inputs ...*Value) (*Node, error) {
	n, err := newNode(op, names, attrs, inputs)
	if err == nil {
		g.Nodes = append(g.Nodes, n)
	}
	return n, err
}

// NewNode makes a node of one result outside any graph, with its type inferred.
func NewNode(op OpName, name string, attrs Attrs, inputs ...*Value) (*Node, error) {
	return newNode(op, []string{name}, attrs, inputs)
}

func newNode(op OpName, names []string, attrs Attrs, inputs []*Value) (*Node, error) {
	n := &Node{Op: op, Inputs: inputs, Attrs: Attrs{}}
	for _, name := range names {
		n.Results = append(n.Results, &Value{Name: name, Def: n, Offset: -1})
	}
	for k, v := range attrs {
		n.Set(k, v)
	}
	types, err := Infer(n)
	if err != nil {
		return nil, err
	}
	if len(types) != len(names) {
		return nil, fmt.Errorf("ir: node %q: op %s has %d results here, not %d", n.Name(), op, len(types), len(names))
	}
	for i, v := range n.Results {
		v.Type = types[i]
	}
	return n, nil
}

// Value returns the value called name, or nil.
func (g *Graph) Value(name string) *Value {
	for v := range g.Values() {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// Values visits inputs, parameters and results, in the order they are printed.
func (g *Graph) Values() func(yield func(*Value) bool) {
	return func(yield func(*Value) bool) {
		for _, list := range [][]*Value{g.Inputs, g.Params} {
			for _, v := range list {
				if !yield(v) {
					return
				}
			}
		}
		for _, n := range g.Nodes {
			for _, v := range n.Results {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// Uses maps each value to the nodes that read it, in graph order; a node that
// reads it twice is listed twice.
func (g *Graph) Uses() map[*Value][]*Node {
	u := map[*Value][]*Node{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				u[v] = append(u[v], n)
			}
		}
	}
	return u
}

// ReplaceUses makes every reader of old, the graph's outputs and what updates
// take read v instead.
func (g *Graph) ReplaceUses(old, v *Value) {
	for _, n := range g.Nodes {
		for i, x := range n.Inputs {
			if x == old {
				n.Inputs[i] = v
			}
		}
	}
	for i, x := range g.Outputs {
		if x == old {
			g.Outputs[i] = v
		}
	}
	for i := range g.Updates {
		if g.Updates[i].Value == old {
			g.Updates[i].Value = v
		}
	}
}

// Remove deletes the nodes for which drop is true.
func (g *Graph) Remove(drop func(*Node) bool) { g.Nodes = slices.DeleteFunc(g.Nodes, drop) }
