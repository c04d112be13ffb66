package passes

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// regularize adds the noise that the options ask for: nodes that drop parts of
// activations, which do nothing at inference.  It comes before trainingMode,
// and so training gives them masks as it does those that a graph brings along.
func (t *trainer) regularize(logits *ir.Value) {
	if t.o.StochasticDepth > 0 {
		t.stochasticDepth()
	}
	if t.o.Dropout > 0 {
		n := logits.Def
		if n.Op != ir.Linear {
			t.fail("dropout is of what the last linear layer reads, and node %q, which computes the logits, is a %s: leave dropout out", n.Name(), n.Op)
			return
		}
		t.before(n, "input", ir.Dropout, t.o.Dropout)
	}
}

// stochasticDepth drops residual branches: of L, in the order of the graph,
// branch l with the probability l/L*StochasticDepth, which is the rule of linear
// decay (arXiv 1603.09382, equation 4, whose p_L is 1-StochasticDepth).
func (t *trainer) stochasticDepth() {
	type branch struct {
		add     *ir.Node
		operand string
	}
	var branches []branch
	depth := depths(t.g)
	for _, n := range t.g.Nodes {
		if n.Op != ir.Add {
			continue
		}
		a, aok := depth[n.In("a")]
		b, bok := depth[n.In("b")]
		switch {
		case !aok || !bok || a == b: // a constant, or two branches alike: no shortcut
		case a > b:
			branches = append(branches, branch{n, "a"})
		default:
			branches = append(branches, branch{n, "b"})
		}
	}
	if len(branches) == 0 {
		t.fail("stochastic depth drops residual branches, and graph %q has none, which is an addition of a shortcut: leave stochastic depth out", t.g.Name)
	}
	for l, b := range branches {
		t.before(b.add, b.operand, ir.StochasticDepth, t.o.StochasticDepth*float64(l+1)/float64(len(branches)))
	}
}

// depths is how many layers with weights lie on the longest way from the inputs
// to each value that depends on them.  Of a residual addition's operands the
// branch is deeper than the shortcut.
func depths(g *ir.Graph) map[*ir.Value]int {
	depth := map[*ir.Value]int{}
	for _, v := range g.Inputs {
		depth[v] = 0
	}
	for _, n := range g.Nodes {
		deepest, found := 0, false
		for _, v := range n.Inputs {
			if d, ok := depth[v]; ok {
				deepest, found = max(deepest, d), true
			}
		}
		if !found {
			continue
		}
		if n.Op == ir.Conv2D || n.Op == ir.Linear {
			deepest++
		}
		for _, v := range n.Results {
			depth[v] = deepest
		}
	}
	return depth
}

// before puts a node that drops with the probability p before an operand of n.
func (t *trainer) before(n *ir.Node, operand string, op ir.OpName, p float64) {
	v := n.In(operand)
	drop, err := ir.NewNode(op, t.unique(v.Name+".drop"), ir.Attrs{"p": p}, v)
	if err != nil {
		t.fail("%w", fmt.Errorf("node %q: %w", n.Name(), err))
		return
	}
	n.SetIn(operand, drop.Out())
	t.g.Nodes = slices.Insert(t.g.Nodes, slices.Index(t.g.Nodes, n), drop)
}
