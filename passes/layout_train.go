package passes

import (
	"github.com/resnetc/resnetc/ir"
)

// isStored reports whether v is stored for each image, in the arena: not a
// weight, its gradient, a statistic, a label or a scalar.
func isStored(v *ir.Value) bool {
	return v.Type.DType == ir.F32 && len(v.Type.Shape) > 1 && v.Type.Shape[0] == ir.Batch
}

// isTraining reports whether g is a training step.
func isTraining(g *ir.Graph) bool { return len(g.Updates) > 0 }

// haloRead is the operand whose halo n reads, by index, and how wide that must
// be; the operand is -1 for none.
func haloRead(n *ir.Node) (operand, halo int) {
	switch n.Op {
	case ir.Conv2D:
		return 0, haloNeeded(n)
	case ir.Conv2DGradWeight:
		p := n.Ints("padding")
		return 1, max(p[0], p[1], p[2], p[3])
	case ir.Conv2DGradInput:
		return 0, haloOfGradient(n)
	}
	return -1, 0
}

// haloOfGradient is how far beyond its border a conv2d_grad_input reads dy.
// Input row y takes part in output rows (y+p-k*d)/s, with padding p, tap k,
// dilation d and stride s, as far as that is whole.  Whole Winograd tiles may
// reach further.
func haloOfGradient(n *ir.Node) int {
	dy, x, w := n.In("dy").Type.Shape, n.Out().Type.Shape, n.In("weight").Type.Shape
	p := n.Ints("padding")
	halo := 0
	for axis := range 2 {
		s, d := n.Ints("stride")[axis], n.Ints("dilation")[axis]
		before := ((w[2+axis]-1)*d - p[axis]) / s
		behind := (x[2+axis]-1+p[axis])/s - (dy[2+axis] - 1)
		halo = max(halo, before, behind)
		if m := n.Algorithm().Tile; m > 0 {
			tiled := (x[2+axis] + m - 1) / m * m
			halo = max(halo, tiled+p[axis]-dy[2+axis])
		}
	}
	return halo
}
