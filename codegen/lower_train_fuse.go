package codegen

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// trainFusions says which nodes of a planned training graph share a row, so
// that activations cross memory once where they would several times.
//
// The memory plan does not know of it: a row that reads an operand later, or
// writes a result earlier, than the plan has it is right only if nothing else
// lies there meanwhile.  So nodes fuse if none that touches the arena stands
// between them, and the result is apart from the operands or takes the very
// place of one.
type trainFusions struct {
	relu     map[*ir.Node]*ir.Node // batch norm: the ReLU of its result
	sum      map[*ir.Node]*ir.Node // addition: the batch norm that defines an operand
	mask     map[*ir.Node]*ir.Node // batch norm's gradient: that of the ReLU before it
	residual map[*ir.Node]*ir.Node // convolution's gradient: the addition of its result
	gone     map[*ir.Node]bool     // nodes without a row of their own
}

func fuseTraining(g *ir.Graph) *trainFusions {
	type nodes = map[*ir.Node]*ir.Node
	f := &trainFusions{nodes{}, nodes{}, nodes{}, nodes{}, map[*ir.Node]bool{}}
	at, uses := map[*ir.Node]int{}, g.Uses()
	for i, n := range g.Nodes {
		at[n] = i
	}
	private := func(v *ir.Value) bool { return len(uses[v]) == 1 && !slices.Contains(g.Outputs, v) }
	// together reports whether only running averages stand between two nodes.
	together := func(first, second *ir.Node) bool {
		between := g.Nodes[at[first]+1 : at[second]]
		return !slices.ContainsFunc(between, func(n *ir.Node) bool { return n.Op != ir.RunningAverage })
	}
	for _, n := range g.Nodes {
		switch n.Op {
		case ir.ReLU:
			bn := n.Inputs[0].Def
			if bn != nil && bn.Op == ir.BatchNormTrain && private(bn.Out()) && together(bn, n) && !overlap(n.Out(), bn.In("input")) {
				f.relu[bn], f.gone[n] = n, true
			}
		case ir.BatchNormGrad:
			relu := n.In("dy").Def
			if relu != nil && relu.Op == ir.ReLUGrad && private(relu.Out()) && together(relu, n) &&
				besides(n.Out(), relu.Inputs[0]) && besides(n.Out(), relu.Inputs[1]) {
				f.mask[n], f.gone[relu] = relu, true
			}
		case ir.Add:
			if !stored(n.Out()) || n.Inputs[0] == n.Inputs[1] {
				continue
			}
			for k, v := range n.Inputs {
				d, other := v.Def, n.Inputs[1-k]
				if d == nil || !private(v) || !besides(n.Out(), other) {
					continue
				}
				if d.Op == ir.Conv2DGradInput && pair(d.Ints("stride")) == one && together(d, n) &&
					!n.Bool("relu") && !overlap(n.Out(), d.In("dy")) {
					f.residual[d], f.gone[n] = n, true
					break
				}
				if d.Op == ir.BatchNormTrain && keptUntil(uses[d.In("input")], at, n) && !overlap(n.Out(), d.In("input")) && f.movable(uses, d) {
					f.sum[n], f.gone[d] = d, true
					break
				}
			}
		}
	}
	return f
}

// keptUntil reports whether a value is read after a node, by the nodes given.
func keptUntil(readers []*ir.Node, at map[*ir.Node]int, n *ir.Node) bool {
	return slices.ContainsFunc(readers, func(r *ir.Node) bool { return at[r] > at[n] && r.Op != ir.RunningAverage })
}

// movable reports whether a batch norm, with the averages that follow its
// statistics, can come later: nobody else averages the same ones.
func (f *trainFusions) movable(uses map[*ir.Value][]*ir.Node, bn *ir.Node) bool {
	for _, v := range bn.Results[1:] {
		for _, r := range uses[v] {
			if r.Op == ir.RunningAverage && (r.In("running").Def != nil || len(uses[r.In("running")]) > 1 || len(uses[r.Out()]) > 0) {
				return false
			}
		}
	}
	return true
}

// overlap reports whether two values share memory.
func overlap(u, v *ir.Value) bool {
	return u.Offset >= 0 && v.Offset >= 0 && u.Offset < v.Offset+v.Type.Stored() && v.Offset < u.Offset+u.Type.Stored()
}

// besides reports whether two values are apart, or lie in the very same place.
func besides(u, v *ir.Value) bool {
	same := u.Offset == v.Offset && u.Type.Same(v.Type) && u.Type.Layout == v.Type.Layout && u.Type.Halo == v.Type.Halo
	return same || !overlap(u, v)
}
