package measure

import (
	"slices"
	"time"

	"github.com/resnetc/resnetc/ir"
)

// Work is what a layer does in one run.
type Work struct {
	Algorithm string `json:"algorithm,omitempty"` // of a convolution
	Schedule  string `json:"schedule,omitempty"`  // if it was tuned
	FLOPs     int    `json:"flops"`               // as the network defines them, two per multiply-add
	OwnFLOPs  int    `json:"own_flops"`           // those of the algorithm's products, without its transforms
	Bytes     int    `json:"bytes"`               // weights as they are stored, and activations, each moved once
}

// Layer is one layer in the timed runs.
type Layer struct {
	Name string `json:"name"`
	Op   string `json:"op"`
	Work
	Min       time.Duration `json:"min_ns"`
	Median    time.Duration `json:"median_ns"`
	Bound     time.Duration `json:"bound_ns"`     // the least time that it can take
	Memory    bool          `json:"memory_bound"` // memory bounds it, not arithmetic
	Reference time.Duration `json:"reference_ns,omitempty"`
}

// bound sets the layer's bound on a machine of so many GFLOP/s and GB/s.  A
// machine whose peak is not known bounds memory only.
//
// All bytes count as if they came from memory.  That holds for the weights of large
// networks, which other layers drive out of the caches, but not for activations that
// fit there, nor for networks that do as a whole: layers of small images, which wait
// for bytes, may take less than their bounds.  What a cache holds, and how fast,
// differs too much between machines to be put into a number that is to be compared.
func (l *Layer) bound(peak, bandwidth float64) {
	moving := float64(l.Bytes) / bandwidth
	computing := 0.0
	if peak > 0 {
		computing = float64(l.OwnFLOPs) / peak
	}
	l.Memory = moving > computing
	l.Bound = time.Duration(max(moving, computing))
}

// Share is the bound as a part of the layer's median time.
func (l *Layer) Share() float64 { return float64(l.Bound) / float64(max(1, l.Median)) }

// workOf gives the work of each node of a graph after all passes, by its name.
// Half weights are those that code generation stores so: of blocked inputs.
func workOf(g *ir.Graph, batch int, halfWeights bool) map[string]Work {
	work := map[string]Work{}
	for _, n := range g.Nodes {
		w := Work{FLOPs: 2 * ir.MACs(n) * batch, OwnFLOPs: 2 * ownMACs(n) * batch}
		size := 4 // of a weight
		if halfWeights && n.Inputs[0].Type.Layout == ir.NCHW16c {
			size = 2
		}
		for _, v := range append(slices.Clone(n.Inputs), n.Results...) {
			switch {
			case v == nil:
			case v == n.In("weight"):
				w.Bytes += size * v.Type.Shape.Elems()
			case g.IsParam(v):
				w.Bytes += 4 * v.Type.Shape.Elems()
			default:
				w.Bytes += 4 * v.Type.Shape.Elems() * batch
			}
		}
		if n.Op == ir.Conv2D {
			w.Algorithm, w.Schedule = n.Str("algorithm"), n.Str("schedule")
			// What it stores in the place of the weights.
			k := n.In("weight").Type.Shape
			if a := n.Algorithm(); a.Tile > 0 {
				w.Bytes += size * (a.Weights*k[0]*k[1] - k.Elems())
			} else if a.Quarters > 0 {
				w.Bytes += size * k.Elems() / 4 * (a.Quarters - 4)
			}
		}
		work[n.Name()] = w
	}
	return work
}

// ownMACs is the number of multiply-adds of a node's algorithm for one image,
// without its transforms.
func ownMACs(n *ir.Node) int {
	var a ir.Algorithm
	switch n.Op {
	case ir.Conv2D, ir.Conv2DGradInput, ir.Conv2DGradWeight:
		a = n.Algorithm()
	}
	if a.Quarters > 0 {
		return ir.MACs(n) / 8 * a.Quarters
	}
	if a.Tile == 0 {
		return ir.MACs(n)
	}
	if n.Op == ir.Conv2DGradWeight { // of whole tiles of dy
		k, dy := n.Out().Type.Shape, n.In("dy").Type.Shape
		return a.Tiles(dy[2], dy[3]) * a.Elements * a.Elements * k[0] * k[1]
	}
	k, out := n.In("weight").Type.Shape, n.Out().Type.Shape
	products, _ := a.Products(out[2], out[3])
	return products * k[0] * k[1]
}
