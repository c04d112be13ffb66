package passes

import (
	"fmt"
	"math"

	"github.com/resnetc/resnetc/ir"
)

// foldBatchNorm removes batch norms that follow a convolution or a linear
// layer whose result nobody else reads.  With s = gamma/sqrt(var+eps) for each
// output channel,
//
//	gamma*(w*x+b-mean)/sqrt(var+eps) + beta = (s*w)*x + (s*(b-mean)+beta)
//
// (arXiv 1712.05877, section 3.2).  Weights that several nodes share are
// folded into a copy for each.
func foldBatchNorm(g *ir.Graph, _ Options) error {
	e := edit(g)
	defer e.close()
	for _, bn := range g.Nodes {
		if bn.Op != ir.BatchNorm || !e.allConstant(bn.Inputs[1:]...) {
			continue
		}
		n := bn.In("input").Def
		if n == nil || !e.private(n.Out()) || !absorbs(e, n) {
			continue
		}
		scale, shift, err := affineOf(bn)
		if err != nil {
			return err
		}
		weight, bias := n.In("weight"), n.In("bias")
		name := n.Name()
		e.setIn(n, "weight", e.param(name+".weight.folded", weight.Type.Shape, scaleRows(weight.Data, scale)))
		e.setIn(n, "bias", e.param(name+".bias.folded", bn.In("gamma").Type.Shape, foldBias(bias, scale, shift)))
		e.replace(bn.Out(), n.Out())
		e.drop(bn)
	}
	return nil
}

// absorbs reports whether a factor and a term per output channel can move into n's parameters.
func absorbs(e *editor, n *ir.Node) bool {
	switch n.Op {
	case ir.Conv2D:
		if n.In("residual") != nil {
			return false
		}
	case ir.Linear:
	default:
		return false
	}
	return !n.Bool("relu") && e.allConstant(n.In("weight"), n.In("bias"))
}

// lowerBatchNorm turns batch norms into affine nodes.
func lowerBatchNorm(g *ir.Graph, _ Options) error {
	e := edit(g)
	defer e.close()
	for _, n := range g.Nodes {
		if n.Op != ir.BatchNorm || !e.allConstant(n.Inputs[1:]...) {
			continue
		}
		scale, shift, err := affineOf(n)
		if err != nil {
			return err
		}
		shape := n.In("gamma").Type.Shape
		for _, v := range n.Inputs[1:] {
			e.unread(v, n)
		}
		n.Op, n.Attrs, n.Inputs = ir.Affine, ir.Attrs{}, n.Inputs[:1:1]
		e.setIn(n, "scale", e.param(n.Name()+".scale", shape, round32(scale)))
		e.setIn(n, "bias", e.param(n.Name()+".bias", shape, round32(shift)))
	}
	return nil
}

// affineOf gives a batch norm's factor and term per channel, nil where a
// parameter has no data.
func affineOf(bn *ir.Node) (scale, shift []float64, err error) {
	gamma, beta, mean, variance := bn.In("gamma"), bn.In("beta"), bn.In("mean"), bn.In("var")
	if gamma.Data == nil || beta.Data == nil || mean.Data == nil || variance.Data == nil {
		return nil, nil, nil
	}
	eps := bn.Float("eps")
	scale, shift = make([]float64, len(gamma.Data)), make([]float64, len(gamma.Data))
	for c := range scale {
		v := float64(variance.Data[c]) + eps
		if !(v > 0) {
			return nil, nil, fmt.Errorf("node %q: channel %d of %q is %v, and with eps %v that is no variance above 0: check that the weights belong to this network",
				bn.Name(), c, variance.Name, variance.Data[c], eps)
		}
		scale[c] = float64(gamma.Data[c]) / math.Sqrt(v)
		shift[c] = float64(beta.Data[c]) - float64(mean.Data[c])*scale[c]
	}
	return scale, shift, nil
}

// scaleRows multiplies each output channel of a weight by its factor.
func scaleRows(weight []float32, scale []float64) []float32 {
	if weight == nil || scale == nil {
		return nil
	}
	out, row := make([]float32, len(weight)), len(weight)/len(scale)
	for i, w := range weight {
		out[i] = float32(float64(w) * scale[i/row])
	}
	return out
}

func foldBias(bias *ir.Value, scale, shift []float64) []float32 {
	if scale == nil || bias != nil && bias.Data == nil {
		return nil
	}
	out := make([]float32, len(shift))
	for c, s := range shift {
		if bias != nil {
			s += float64(bias.Data[c]) * scale[c]
		}
		out[c] = float32(s)
	}
	return out
}

func round32(x []float64) []float32 {
	if x == nil {
		return nil
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}
