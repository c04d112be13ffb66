package passes

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// deadCode drops the nodes and parameters from which no path leads to an
// output or to the update of a parameter.  Inputs stay: they are part of the graph's signature.
func deadCode(g *ir.Graph, _ Options) error {
	live := map[*ir.Value]bool{}
	for _, v := range g.Outputs {
		live[v] = true
	}
	for _, u := range g.Updates {
		live[u.Param], live[u.Value] = true, true
	}
	dead := func(n *ir.Node) bool {
		return !slices.ContainsFunc(n.Results, func(v *ir.Value) bool { return live[v] })
	}
	for _, n := range slices.Backward(g.Nodes) {
		if dead(n) {
			continue
		}
		for _, v := range n.Inputs {
			live[v] = true
		}
	}
	g.Remove(dead)
	g.Params = slices.DeleteFunc(g.Params, func(v *ir.Value) bool { return !live[v] })
	return nil
}
