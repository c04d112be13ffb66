package passes

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// fuseAdd turns an addition into the residual of a convolution that defines
// one operand.  Of two such convolutions the later one takes it, so that
// neither has to move; a convolution that stands before the definition of the
// other operand moves down to where the addition was.
func fuseAdd(g *ir.Graph, _ Options) error {
	e := edit(g)
	at := map[*ir.Node]int{}
	for i, n := range g.Nodes {
		at[n] = i
	}
	for i, add := range g.Nodes {
		if add.Op != ir.Add {
			continue
		}
		var conv *ir.Node
		var residual *ir.Value
		for k, v := range add.Inputs {
			if n := v.Def; n != nil && takesResidual(e, n) && (conv == nil || at[n] > at[conv]) {
				conv, residual = n, add.Inputs[1-k]
			}
		}
		if conv == nil {
			continue
		}
		e.drop(add)
		e.setIn(conv, "residual", residual)
		conv.Set("relu", add.Bool("relu"))
		e.replace(add.Out(), conv.Out())
		if residual.Def != nil && at[residual.Def] > at[conv] {
			g.Nodes[i], g.Nodes[at[conv]] = conv, add
			at[conv] = i
		}
	}
	e.close()
	return nil
}

func takesResidual(e *editor, n *ir.Node) bool {
	return n.Op == ir.Conv2D && n.In("residual") == nil && !n.Bool("relu") && e.private(n.Out())
}

// hasReLU lists the ops with a fused ReLU.
var hasReLU = []ir.OpName{ir.Conv2D, ir.Affine, ir.Add, ir.Linear}

// fuseReLU lets the node that defines a ReLU's operand clamp its result.
func fuseReLU(g *ir.Graph, _ Options) error {
	e := edit(g)
	defer e.close()
	for _, relu := range g.Nodes {
		if relu.Op != ir.ReLU {
			continue
		}
		n := relu.Inputs[0].Def
		if n == nil || !slices.Contains(hasReLU, n.Op) || !e.private(n.Out()) {
			continue
		}
		n.Set("relu", true)
		e.replace(relu.Out(), n.Out())
		e.drop(relu)
	}
	return nil
}
