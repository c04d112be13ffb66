package reference

import (
	"math"

	"github.com/resnetc/resnetc/ir"
)

// kernels has one row per operation.  The table is filled by init because
// the functions reach it through Net.
var kernels map[ir.OpName]func(*Net, *ir.Node)

func init() {
	kernels = map[ir.OpName]func(*Net, *ir.Node){
		ir.Conv2D:          conv2d,
		ir.Linear:          linear,
		ir.BatchNorm:       batchNorm,
		ir.Affine:          affine,
		ir.ReLU:            relu,
		ir.Add:             add,
		ir.MaxPool:         maxPool,
		ir.AvgPool:         avgPool,
		ir.GlobalAvgPool:   globalAvgPool,
		ir.Flatten:         identity,
		ir.Dropout:         identity,
		ir.StochasticDepth: identity,
		ir.Reorder:         identity,
		ir.Softmax:         softmax,
		ir.Subsample:       subsample,
		ir.PadChannels:     padChannels,
		ir.Concat:          concat,
	}
}

func identity(n *Net, node *ir.Node) { copy(n.data[node.Out()], n.data[node.Inputs[0]]) }

func relu(n *Net, node *ir.Node) {
	identity(n, node)
	epilogue(n.data[node.Out()], 0, true)
}

func add(n *Net, node *ir.Node) {
	out, a, b := n.data[node.Out()], n.data[node.Inputs[0]], n.data[node.Inputs[1]]
	for i := range out {
		out[i] = a[i] + b[i]
	}
	epilogue(out, 0, node.Bool("relu"))
}

// perChannel computes x*scale[c]+bias[c].
func perChannel(n *Net, node *ir.Node, scale, bias []float32, relu bool) {
	in, out := n.operand(node, "input"), n.data[node.Out()]
	count, size := n.planes(node.Out())
	for p := range count {
		c := p % len(scale)
		x, y := in[p*size:][:size], out[p*size:][:size]
		for i, v := range x {
			y[i] = v * scale[c]
		}
		epilogue(y, bias[c], relu)
	}
}

func affine(n *Net, node *ir.Node) {
	perChannel(n, node, n.operand(node, "scale"), n.operand(node, "bias"), node.Bool("relu"))
}

func batchNorm(n *Net, node *ir.Node) {
	gamma, beta := n.operand(node, "gamma"), n.operand(node, "beta")
	mean, variance := n.operand(node, "mean"), n.operand(node, "var")
	scale, bias := make([]float32, len(gamma)), make([]float32, len(gamma))
	for c := range gamma {
		s := float64(gamma[c]) / math.Sqrt(float64(variance[c])+node.Float("eps"))
		scale[c], bias[c] = float32(s), float32(float64(beta[c])-s*float64(mean[c]))
	}
	perChannel(n, node, scale, bias, false)
}

// softmax works along the channel axis.
func softmax(n *Net, node *ir.Node) {
	in, out := n.operand(node, "input"), n.data[node.Out()]
	channels := node.Out().Type.Shape[1]
	_, size := n.planes(node.Out())
	images, _ := n.dims(node.Out())
	for image := range images {
		for p := range size {
			at := func(c int) int { return (image*channels+c)*size + p }
			top, sum := math.Inf(-1), 0.0
			for c := range channels {
				top = math.Max(top, float64(in[at(c)])) // NaN wins
			}
			for c := range channels {
				e := math.Exp(float64(in[at(c)]) - top)
				out[at(c)], sum = float32(e), sum+e
			}
			for c := range channels {
				out[at(c)] = float32(float64(out[at(c)]) / sum)
			}
		}
	}
}

func subsample(n *Net, node *ir.Node) {
	in, out := n.operand(node, "input"), n.data[node.Out()]
	s, from, to := node.Ints("stride"), node.Inputs[0].Type.Shape, node.Out().Type.Shape
	count, size := n.planes(node.Out())
	for p := range count {
		for y := range to[2] {
			for x := range to[3] {
				out[p*size+y*to[3]+x] = in[(p*from[2]+y*s[0])*from[3]+x*s[1]]
			}
		}
	}
}

func padChannels(n *Net, node *ir.Node) {
	in, out := n.operand(node, "input"), n.data[node.Out()]
	images, from := n.dims(node.Inputs[0])
	_, to := n.dims(node.Out())
	_, size := n.planes(node.Out())
	clear(out)
	for image := range images {
		copy(out[image*to+node.Int("before")*size:], in[image*from:][:from])
	}
}

func concat(n *Net, node *ir.Node) {
	out := n.data[node.Out()]
	images, _ := n.dims(node.Out())
	for image := range images {
		for _, v := range node.Inputs {
			_, size := n.dims(v)
			copy(out, n.data[v][image*size:][:size])
			out = out[size:]
		}
	}
}
