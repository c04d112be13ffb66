package passes

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

// mergeGroups makes the channels of a convolution group multiples of
// [ir.Block], or 4 or 8 where there are kernels for that: it joins neighbouring groups
// into one, with zeros where a group's
// weights met another group's channels before.  That multiplies more, and is
// still faster: a kernel computes whole blocks in any case.  A zero weight does
// not stop NaN and Inf, which now spread to the groups joined.
func mergeGroups(g *ir.Graph, _ Options) error {
	e := edit(g)
	defer e.close()
	for _, n := range g.Nodes {
		if n.Op != ir.Conv2D || n.Int("groups") == 1 || !e.allConstant(n.In("weight")) {
			continue
		}
		weight, groups := n.In("weight"), n.Int("groups")
		shape := weight.Type.Shape
		m := narrowFactor(n)
		if m == 0 {
			m = mergeFactor(groups, shape[1], shape[0]/groups)
		}
		if m == 1 {
			continue
		}
		merged := ir.Shape{shape[0], shape[1] * m, shape[2], shape[3]}
		if merged.Elems() > ir.MaxElems {
			return fmt.Errorf("node %q: weight %q of shape %v takes %d elements when its %d groups are widened to %d, more than the %d that a tensor may have",
				n.Name(), weight.Name, shape, merged.Elems(), groups, groups/m, ir.MaxElems)
		}
		e.setIn(n, "weight", e.param(n.Name()+".weight.merged", merged, blockDiagonal(weight, groups, m)))
		n.Set("groups", groups/m)
	}
	return nil
}

// narrowFactor is the smallest number of n's groups that have 4 or 8 channels together,
// where a kernel takes such: for as many outputs as inputs and windows of three columns
// that are not dilated.  It is 0 elsewhere.
func narrowFactor(n *ir.Node) int {
	shape, groups := n.In("weight").Type.Shape, n.Int("groups")
	if shape[1]*groups != shape[0] || shape[0]%ir.Block != 0 || shape[3] != 3 ||
		n.Ints("stride")[1] > 2 || n.Ints("dilation")[1] > 1 {
		return 0
	}
	for _, width := range []int{4, 8} {
		if width%shape[1] == 0 && groups%(width/shape[1]) == 0 {
			return width / shape[1]
		}
	}
	return 0
}

// mergeFactor is the smallest number of groups that fill whole blocks
// together, out of the divisors of groups; all of them if none does.
func mergeFactor(groups, in, out int) int {
	for m := 1; m < groups; m++ {
		if groups%m == 0 && m*in%ir.Block == 0 && m*out%ir.Block == 0 {
			return m
		}
	}
	return groups
}

// blockDiagonal gives the weight of m groups joined: row o of [O, m*I, H, W]
// is zero but for the I channels of o's own group.
func blockDiagonal(weight *ir.Value, groups, m int) []float32 {
	if weight.Data == nil {
		return nil
	}
	s := weight.Type.Shape
	row := s[1] * s[2] * s[3]
	data := make([]float32, len(weight.Data)*m)
	for o := range s[0] {
		group := o / (s[0] / groups)
		copy(data[o*m*row+group%m*row:], weight.Data[o*row:(o+1)*row])
	}
	return data
}
