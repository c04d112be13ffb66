package passes

import (
	"maps"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// gradients has a row per op of a graph in training mode: it gives n's operands
// their gradients, from dy, that of n's result.
var gradients = map[ir.OpName]func(t *trainer, n *ir.Node, dy *ir.Value){
	ir.Conv2D: func(t *trainer, n *ir.Node, dy *ir.Value) {
		in, weight := n.In("input"), n.In("weight")
		t.give(weight, ir.Conv2DGradWeight, with(n, convAttrs, "kernel", weight.Type.Shape[2:]), dy, in)
		t.give(n.In("bias"), ir.BiasGrad, nil, dy)
		t.give(in, ir.Conv2DGradInput, with(n, convAttrs, "input_size", in.Type.Shape[2:]), dy, weight)
		t.accumulate(n.In("residual"), dy)
	},
	ir.BatchNormTrain: func(t *trainer, n *ir.Node, dy *ir.Value) {
		in, gamma := n.In("input"), n.In("gamma")
		t.giveAll([]*ir.Value{in, gamma, n.In("beta")}, ir.BatchNormGrad, n.Attrs, dy, in, n.Result("mean"), n.Result("var"), gamma)
	},
	ir.Affine: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.giveAll(n.Inputs, ir.AffineGrad, nil, dy, n.In("input"), n.In("scale"))
	},
	ir.ReLU: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.give(n.In("input"), ir.ReLUGrad, nil, dy, n.Out())
	},
	ir.Add: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.accumulate(n.In("a"), dy)
		t.accumulate(n.In("b"), dy)
	},
	ir.MaxPool: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.give(n.In("input"), ir.MaxPoolGrad, n.Attrs, dy, n.In("input"))
	},
	ir.AvgPool: func(t *trainer, n *ir.Node, dy *ir.Value) {
		attrs := maps.Clone(n.Attrs)
		attrs["input_size"] = size(n.In("input"))
		t.give(n.In("input"), ir.AvgPoolGrad, attrs, dy)
	},
	ir.GlobalAvgPool: func(t *trainer, n *ir.Node, dy *ir.Value) {
		all := size(n.In("input")) // one window
		t.give(n.In("input"), ir.AvgPoolGrad, ir.Attrs{"kernel": all, "stride": []int{1, 1}, "input_size": all}, dy)
	},
	ir.Linear: func(t *trainer, n *ir.Node, dy *ir.Value) {
		in, weight := n.In("input"), n.In("weight")
		t.give(weight, ir.LinearGradWeight, nil, dy, in)
		t.give(n.In("bias"), ir.BiasGrad, nil, dy)
		t.give(in, ir.LinearGradInput, nil, dy, weight)
	},
	ir.Flatten: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.give(n.In("input"), ir.Unflatten, ir.Attrs{"shape": slices.Clone([]int(n.In("input").Type.Shape[1:]))}, dy)
	},
	ir.Softmax: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.give(n.In("input"), ir.SoftmaxGrad, nil, dy, n.Out())
	},
	ir.Subsample: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.give(n.In("input"), ir.SubsampleGrad, ir.Attrs{"stride": n.Ints("stride"), "input_size": size(n.In("input"))}, dy)
	},
	ir.PadChannels: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.giveSlice(n.In("input"), dy, n.Int("before"))
	},
	ir.Concat: func(t *trainer, n *ir.Node, dy *ir.Value) {
		at := 0
		for _, v := range n.Inputs {
			t.giveSlice(v, dy, at)
			at += v.Type.Shape[1]
		}
	},
	// The same elements are dropped, and the rest is scaled by the same factor.
	ir.DropoutTrain: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.give(n.In("input"), n.Op, n.Attrs, dy, n.In("seed"), n.In("step"))
	},
	ir.StochasticDepthTrain: func(t *trainer, n *ir.Node, dy *ir.Value) {
		t.give(n.In("input"), n.Op, n.Attrs, dy, n.In("seed"), n.In("step"))
	},
	ir.Reorder: func(t *trainer, n *ir.Node, dy *ir.Value) { t.accumulate(n.In("input"), dy) },
}

var convAttrs = []string{"stride", "padding", "dilation", "groups"}

// with copies some of n's attributes and adds a pair of sizes.
func with(n *ir.Node, copied []string, name string, pair ir.Shape) ir.Attrs {
	attrs := ir.Attrs{name: []int{pair[0], pair[1]}}
	for _, c := range copied {
		attrs[c] = n.Attr(c)
	}
	return attrs
}

// size gives the height and the width of an image.
func size(v *ir.Value) []int { return []int{v.Type.Shape[2], v.Type.Shape[3]} }

// giveSlice gives v the channels of dy from at on, as many as it has.
func (t *trainer) giveSlice(v, dy *ir.Value, at int) {
	t.give(v, ir.SliceChannels, ir.Attrs{"begin": at, "channels": v.Type.Shape[1]}, dy)
}
