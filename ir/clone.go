package ir

import (
	"maps"
	"slices"
)

// Clone copies the graph: values, nodes, shapes and attributes are new, only
// the parameters' Data is shared.
func (g *Graph) Clone() *Graph {
	made := map[*Value]*Value{}
	values := func(vs []*Value) []*Value {
		out := slices.Clone(vs) // keeps nil nil
		for i, v := range vs {
			if v == nil {
				continue
			}
			if made[v] == nil {
				c := *v
				c.Type.Shape = slices.Clone(v.Type.Shape)
				made[v] = &c
			}
			out[i] = made[v]
		}
		return out
	}
	c := &Graph{Name: g.Name, Arena: g.Arena, Network: g.Network}
	c.Inputs, c.Params = values(g.Inputs), values(g.Params)
	nodes := map[*Node]*Node{}
	for _, n := range g.Nodes {
		m := &Node{Op: n.Op, Inputs: values(n.Inputs), Results: values(n.Results), Attrs: maps.Clone(n.Attrs)}
		for name, v := range m.Attrs {
			if list, ok := v.([]int); ok {
				m.Attrs[name] = slices.Clone(list)
			}
		}
		nodes[n] = m
		c.Nodes = append(c.Nodes, m)
	}
	c.Outputs = values(g.Outputs)
	for _, u := range g.Updates {
		both := values([]*Value{u.Param, u.Value})
		c.Updates = append(c.Updates, Update{both[0], both[1]})
	}
	for _, v := range made {
		if v.Def != nil {
			v.Def = nodes[v.Def]
		}
	}
	return c
}
