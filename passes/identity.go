package passes

import "github.com/resnetc/resnetc/ir"

// removeIdentity drops dropout and stochastic depth, which are the identity at
// inference, reorders to the layout and halo that the operand has, and all flattens of a value but
// the first, as they would share one place in memory.  An identity that gives
// an input, a parameter or another output a name as an output stays, as a
// reorder: that is a copy.
func removeIdentity(g *ir.Graph, _ Options) error {
	e := edit(g)
	defer e.close()
	flat := map[*ir.Value]*ir.Value{}
	for _, n := range g.Nodes {
		in, out := n.Inputs[0], n.Out()
		switch n.Op {
		case ir.Dropout, ir.StochasticDepth, ir.Reorder:
		case ir.Flatten:
			if flat[in] == nil {
				flat[in] = out
				continue
			}
			in = flat[in]
		default:
			continue
		}
		if in.Type.Layout != out.Type.Layout || in.Type.Halo != out.Type.Halo {
			continue
		}
		if e.replace(out, in) {
			e.drop(n)
			continue
		}
		n.Op, n.Attrs = ir.Reorder, ir.Attrs{}
		e.setIn(n, "input", in)
	}
	return nil
}
