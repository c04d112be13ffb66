package passes

import "github.com/resnetc/resnetc/ir"

// algorithm is a way to compute a convolution.
type algorithm struct {
	name    string
	exact   bool // rounds no more than a sum of products in some order
	applies func(*ir.Node) bool
	// cost is the number of multiply-adds for one image, or what takes as long.
	cost func(*ir.Node) float64
}

// algorithms lists the ways to compute a convolution; of several with the same
// cost the first one wins.
var algorithms = []algorithm{
	{
		name:    "direct",
		exact:   true,
		applies: func(*ir.Node) bool { return true },
		cost:    directCost,
	},
}

// chooseAlgorithm writes the cheapest algorithm on every convolution.
func chooseAlgorithm(g *ir.Graph, o Options) error {
	for _, n := range g.Nodes {
		if n.Op != ir.Conv2D {
			continue
		}
		best, name := 0.0, ""
		for _, a := range algorithms {
			if o.Exact && !a.exact || !a.applies(n) {
				continue
			}
			if c := a.cost(n); name == "" || c < best {
				best, name = c, a.name
			}
		}
		n.Set("algorithm", name)
	}
	return nil
}

// directCost counts the multiply-adds of whole channel blocks.
func directCost(n *ir.Node) float64 {
	w, out := n.In("weight").Type.Shape, n.Out().Type.Shape
	in := w[1]
	if n.In("input").Type.Layout == ir.NCHW16c {
		in = blocks(in)
	}
	return float64(blocks(w[0])*in*w[2]*w[3]) * float64(out[2]*out[3])
}

// blocks rounds up to a multiple of [ir.Block].
func blocks(n int) int { return (n + ir.Block - 1) / ir.Block * ir.Block }
