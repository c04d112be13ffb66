package ir

import "slices"

// lifetimes gives the index of the last node that reads each value; len(Nodes)
// for an output and for what a parameter is updated with, and for a value that
// nobody reads the index of its own node (-1: an input).
func (g *Graph) lifetimes() map[*Value]int {
	last := map[*Value]int{}
	for _, v := range g.Inputs {
		last[v] = -1
	}
	for i, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				last[v] = i
			}
		}
		for _, v := range n.Results {
			last[v] = i
		}
	}
	for _, v := range g.Outputs {
		last[v] = len(g.Nodes)
	}
	for _, u := range g.Updates {
		last[u.Value] = len(g.Nodes)
	}
	return last
}

func checkOffsets(g *Graph) error {
	if g.Arena < 0 || g.Arena > MaxElems {
		return brokenGraph(10, "the arena has %d elements, want 0 to %d", g.Arena, MaxElems)
	}
	for v := range g.Values() {
		if v.Offset < -1 || v.Offset >= 0 && v.Offset > g.Arena-v.Type.Stored() {
			return brokenGraph(10, "%q takes %d elements at offset %d, outside the arena of %d", v.Name, v.Type.Stored(), v.Offset, g.Arena)
		}
	}
	return nil
}

func checkOverlaps(g *Graph) error {
	last := g.lifetimes()
	var live []*Value
	enter := func(i int, v *Value) error {
		if v.Offset < 0 {
			return nil
		}
		for _, u := range live {
			if overlap(u, v) && !mayShare(u, v, last[u] == i) {
				return brokenGraph(11, "%q (%d elements at %d) overlaps %q (%d elements at %d), which is still read by %s",
					v.Name, v.Type.Stored(), v.Offset, u.Name, u.Type.Stored(), u.Offset, g.reader(last[u]))
			}
		}
		live = append(live, v)
		return nil
	}
	for _, v := range g.Inputs {
		if err := enter(-1, v); err != nil {
			return err
		}
	}
	for i, n := range g.Nodes {
		live = slices.DeleteFunc(live, func(v *Value) bool { return last[v] < i })
		for _, v := range n.Results {
			if err := enter(i, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// reader names the node at index i for an error.
func (g *Graph) reader(i int) string {
	switch i {
	case -1:
		return "nobody"
	case len(g.Nodes):
		return "the caller, as an output or an update"
	}
	return "node " + quote(g.Nodes[i].Name())
}

func overlap(u, v *Value) bool {
	return u.Offset < v.Offset+v.Type.Stored() && v.Offset < u.Offset+u.Type.Stored()
}

// mayShare reports whether v may be written over u, which is read by v's node
// for the last time if dies.
func mayShare(u, v *Value, dies bool) bool {
	n := v.Def
	if n == nil || u.Offset != v.Offset || !slices.Contains(n.Inputs, u) {
		return false
	}
	if n.Op == Flatten {
		return flattenInPlace(u.Type, v.Type)
	}
	same := u.Type.Same(v.Type) && u.Type.Layout == v.Type.Layout && u.Type.Halo == v.Type.Halo
	return same && dies && inPlace(n, u)
}

// flattenInPlace reports whether flattening moves no element: planes are
// stored one after another, or have one pixel each.
func flattenInPlace(in, out Type) bool {
	pixels := in.Shape[2] * in.Shape[3]
	return in.Halo == 0 && out.Stored() <= in.Stored() && (pixels == 1 || in.Layout == NCHW && out.Layout == NCHW)
}

// inPlace reports whether n may write its result over its operand u: it reads
// no element of u after it wrote another in its place.  A batch norm's gradient
// has its sums before it writes.
func inPlace(n *Node, u *Value) bool {
	switch n.Op {
	case BatchNorm, Affine, ReLU, Add, Softmax, Dropout, StochasticDepth, Reorder, ReLUGrad, DropoutTrain, StochasticDepthTrain:
		return true
	case BatchNormGrad:
		return u == n.In("dy") || u == n.In("input")
	case Conv2D:
		return u == n.In("residual") && u != n.In("input")
	}
	return false
}
