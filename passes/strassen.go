package passes

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// isStrassen reports whether Strassen's algorithm computes n: it cuts channels
// and output rows in halves.
func isStrassen(n *ir.Node) bool {
	w, in := n.In("weight").Type.Shape, n.Inputs[0].Type.Shape
	const part = 2 * ir.Block
	return n.Op == ir.Conv2D && n.Int("groups") == 1 && !isStem(n) && w[2] == 1 && w[3] == 1 &&
		w[0]%part == 0 && w[1]%part == 0 && in[2]%2 == 0 &&
		slices.Max(n.Ints("stride")) == 1 && slices.Max(n.Ints("padding")) == 0
}

// strassenElement is the time that Strassen's algorithm takes for each element of the
// input, to combine it, and of the output, to sum it up, in multiply-adds.  Measured
// were 6 to 12 on a Zen 4, of layers with 14x14 to 56x56 pixels; layers of
// ResNet-101 take 0.90 (from 256 to 1024 channels) to 0.98 (from 128 to 512) of
// the time of direct convolution.
const strassenElement = 9

// strassenCost is that of seven products, each an eighth of the convolution,
// whose weights take 7/4 of the memory.  Where reading those takes half of the
// time nobody has measured it: then it counts all of it.
func strassenCost(n *ir.Node, perWeight float64) float64 {
	w, out := n.In("weight").Type.Shape, n.Out().Type.Shape
	pixels := float64(out[2] * out[3])
	return 7./8*float64(w[0]*w[1])*max(pixels, 4*perWeight) + strassenElement*float64(w[0]+w[1])*pixels
}
