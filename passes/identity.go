package passes

import "github.com/resnetc/resnetc/ir"

// removeIdentity drops dropout, which is the identity at inference, and
// reorders to the layout and halo that the operand has.  An identity that
// gives an input, a parameter or another output a name as an output stays, as
// a reorder: that is a copy.
func removeIdentity(g *ir.Graph, _ Options) error {
	e := edit(g)
	defer e.close()
	for _, n := range g.Nodes {
		if n.Op != ir.Dropout && n.Op != ir.Reorder {
			continue
		}
		in, out := n.Inputs[0], n.Out()
		if in.Type.Layout != out.Type.Layout || in.Type.Halo != out.Type.Halo {
			continue
		}
		if e.replace(out, in) {
			e.drop(n)
			continue
		}
		n.Op, n.Attrs = ir.Reorder, ir.Attrs{}
	}
	return nil
}
