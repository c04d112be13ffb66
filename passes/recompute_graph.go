package passes

import (
	"cmp"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// stepGraph is a training step as recomputation sees it: the way to the loss,
// of the first forward nodes, and the way back behind it, with the values that
// the latter reads of the former.
type stepGraph struct {
	g       *ir.Graph
	forward int
	at      map[*ir.Node]int
	pairs   map[*ir.Node]*ir.Node // see joined
	needed  map[*ir.Value]bool    // read on the way back, or an output
	last    map[*ir.Value]int     // the last forward node that reads the value
}

// newStepGraph returns nil if g is no training step.
func newStepGraph(g *ir.Graph) *stepGraph {
	s := &stepGraph{
		g:       g,
		forward: slices.IndexFunc(g.Nodes, func(n *ir.Node) bool { return n.Op == ir.CrossEntropyGrad }),
		at:      make(map[*ir.Node]int, len(g.Nodes)),
		pairs:   joined(g),
		needed:  map[*ir.Value]bool{},
		last:    map[*ir.Value]int{},
	}
	if s.forward < 0 {
		return nil
	}
	for i, n := range g.Nodes {
		s.at[n] = i
		for _, v := range n.Inputs {
			if !s.isForward(v) {
				continue
			}
			if i < s.forward {
				s.last[v] = i
			} else {
				s.needed[v] = true
			}
		}
	}
	for _, v := range g.Outputs {
		if s.isForward(v) {
			s.needed[v] = true
		}
	}
	return s
}

// isForward reports whether v is an activation that a forward node defines.
func (s *stepGraph) isForward(v *ir.Value) bool {
	if v == nil || v.Def == nil || !isStored(v) {
		return false
	}
	i, ok := s.at[v.Def]
	return ok && i < s.forward
}

// recompute rewrites the graph so that of the forward values only those in keep
// live until the way back, where the others are computed anew: once, before the
// first reader, in the order of the way to the loss.  The function that it
// returns takes that back.
func (s *stepGraph) recompute(keep map[*ir.Value]bool) (undo func()) {
	type operand struct {
		n *ir.Node
		i int
		v *ir.Value
	}
	var changed []operand
	before, e := s.g.Nodes, edit(s.g)
	again := map[*ir.Value]*ir.Value{}
	get := func(v *ir.Value) *ir.Value {
		if w := again[v]; w != nil {
			return w
		}
		return v
	}
	nodes := slices.Clone(before[:s.forward])
	for _, n := range before[s.forward:] {
		for _, lost := range s.lost(n, keep, again) {
			nodes = append(nodes, copyNode(e, lost, get))
			again[lost.Out()] = nodes[len(nodes)-1].Out()
		}
		for i, v := range n.Inputs {
			if w := again[v]; v != nil && w != nil {
				changed = append(changed, operand{n, i, v})
				n.Inputs[i] = w
			}
		}
		nodes = append(nodes, n)
	}
	s.g.Nodes = nodes
	return func() {
		s.g.Nodes = before
		for _, c := range changed {
			c.n.Inputs[c.i] = c.v
		}
	}
}

// lost lists the forward nodes that must run again before n can, and before the
// node that n is joined with, for nothing comes between the two.
func (s *stepGraph) lost(n *ir.Node, keep map[*ir.Value]bool, again map[*ir.Value]*ir.Value) []*ir.Node {
	var list []*ir.Node
	seen := map[*ir.Node]bool{}
	stack := slices.Clone(n.Inputs)
	if second := s.pairs[n]; second != nil {
		stack = append(stack, second.Inputs...)
	}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !s.isForward(v) || keep[v] || again[v] != nil || seen[v.Def] {
			continue
		}
		seen[v.Def] = true
		list = append(list, v.Def)
		stack = append(stack, v.Def.Inputs...)
	}
	slices.SortFunc(list, func(a, b *ir.Node) int { return cmp.Compare(s.at[a], s.at[b]) })
	return list
}

// copyNode gives a node that computes n's first result again, of the operands
// that get gives.  A batch norm takes the statistics that it had: nothing but
// the first averages them.
func copyNode(e *editor, n *ir.Node, get func(*ir.Value) *ir.Value) *ir.Node {
	c := &ir.Node{Op: n.Op, Attrs: ir.Attrs{}}
	for name, v := range n.Attrs {
		c.Attrs[name] = v
	}
	for _, v := range n.Inputs {
		c.Inputs = append(c.Inputs, get(v))
	}
	if n.Op == ir.BatchNormTrain {
		c.Op = ir.BatchNorm
		c.Inputs = append(c.Inputs, n.Result("mean"), n.Result("var"))
	}
	c.Results = []*ir.Value{{Name: e.unique(n.Name() + ".again"), Type: n.Out().Type, Def: c, Offset: -1}}
	return c
}
