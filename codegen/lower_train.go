package codegen

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// trainLowering is the state of turning the graph of a training step into a program.
type trainLowering struct {
	graph    *ir.Graph
	uses     map[*ir.Value][]*ir.Node
	program  runtime.TrainProgram
	slots    map[*ir.Value]*runtime.Slot // values without a batch axis
	fused    *trainFusions
	turned   int                    // most arena that the pieces of one gradient take
	grads    []*ir.Value            // of parameters, in the order in which they are complete
	complete map[*ir.Value]int      // the rows after which they are
	factors  map[*ir.Node][2]int    // what batch norms multiply by and add, in the store
	packed   int                    // most store that a packed weight takes
	packers  []int                  // rows, by index, that write or read one
	updated  map[*ir.Value]*ir.Node // parameters that have their new value, and the node that gave it
}

// trainLowerings says what each op of a planned training graph becomes.  Ops
// that are missing are lowered as for inference.
var trainLowerings = map[ir.OpName]func(*trainLowering, *ir.Node) error{
	ir.Conv2D:    (*trainLowering).conv2d,
	ir.Linear:    (*trainLowering).linear,
	ir.Affine:    (*trainLowering).affine,
	ir.BatchNorm: (*trainLowering).batchNorm, // of the recompute pass
	ir.Dropout:   nil,                        // dropout_train

	ir.StochasticDepth: nil,

	ir.BatchNormTrain:       (*trainLowering).batchNorm,
	ir.RunningAverage:       (*trainLowering).runningAverage,
	ir.DropoutTrain:         (*trainLowering).drop,
	ir.StochasticDepthTrain: (*trainLowering).drop,
	ir.CrossEntropy:         (*trainLowering).loss,
	ir.CrossEntropyGrad:     (*trainLowering).loss,
	ir.Conv2DGradInput:      (*trainLowering).convGradInput,
	ir.Conv2DGradWeight:     (*trainLowering).convGradWeight,
	ir.BiasGrad:             (*trainLowering).biasGrad,
	ir.BatchNormGrad:        (*trainLowering).channelGrad,
	ir.AffineGrad:           (*trainLowering).channelGrad,
	ir.ReLUGrad:             twoOperands(runtime.TrainReLUGrad),
	ir.MaxPoolGrad:          (*trainLowering).poolGrad,
	ir.AvgPoolGrad:          (*trainLowering).poolGrad,
	ir.LinearGradInput:      (*trainLowering).linearGradInput,
	ir.LinearGradWeight:     (*trainLowering).linearGradWeight,
	ir.Unflatten:            (*trainLowering).unflatten,
	ir.SoftmaxGrad:          twoOperands(runtime.TrainSoftmaxGrad),
	ir.SubsampleGrad:        (*trainLowering).subsampleGrad,
	ir.SliceChannels:        (*trainLowering).sliceChannels,
	ir.GradNorm:             (*trainLowering).gradNorm,
	ir.SGD:                  (*trainLowering).sgd,
	ir.AdamW:                (*trainLowering).adamW,
}

func lowerTrain(g *ir.Graph) (*trainLowering, error) {
	fused, err := fuseTraining(g)
	if err != nil {
		return nil, fmt.Errorf("codegen: %w", err)
	}
	return lowerFused(g, fused)
}

// chainBytes is what caches that cores share hold half of or less: smaller
// activations are there still when the next row comes to them, and to go image by
// image gains nothing then, measured with ResNet-20's of 9 MB.
const chainBytes = 16 << 20

func lowerFused(g *ir.Graph, fused *trainFusions) (*trainLowering, error) {
	if len(g.Inputs) != 5 || len(g.Inputs[0].Type.Shape) != 4 || len(g.Outputs) < 2 || len(g.Updates) == 0 {
		return nil, fmt.Errorf("codegen: graph %s is no training step of images: run the gradient pass first", g.Name)
	}
	s := g.Inputs[0].Type.Shape
	l := &trainLowering{graph: g, uses: g.Uses(), slots: map[*ir.Value]*runtime.Slot{}, fused: fused, updated: map[*ir.Value]*ir.Node{}, factors: map[*ir.Node][2]int{}, complete: map[*ir.Value]int{}}
	l.program = runtime.TrainProgram{
		Name: g.Name, Network: g.Network, Arena: g.Arena, Input: [3]int{s[1], s[2], s[3]}, GradNorm: -1,
		Logits: buffer(g.Outputs[1]), Classes: g.Outputs[1].Type.Shape[1], ChainBytes: chainBytes,
	}
	if err := l.allocate(); err != nil {
		return nil, fmt.Errorf("codegen: %w", err)
	}
	for _, n := range g.Nodes {
		if err := l.node(n); err != nil {
			return nil, fmt.Errorf("codegen: node %q: %w", n.Name(), err)
		}
		for _, v := range n.Results {
			l.complete[v] = len(l.program.Layers) - 1
		}
	}
	l.bucketize()
	l.program.Arena += l.turned
	l.placePacked()
	if len(g.Outputs) > 2 {
		l.program.GradNorm = l.at(g.Outputs[2])
	}
	l.list()
	return l, nil
}

func (l *trainLowering) node(n *ir.Node) error {
	for _, v := range n.Inputs {
		if by := l.updated[v]; by != nil && by != n {
			return fmt.Errorf("it reads %q, which node %q has updated: updates must come last", v.Name, by.Name())
		}
	}
	if err := l.checkOperands(n); err != nil {
		return err
	}
	if bn := l.fused.sum[n]; bn != nil {
		return l.batchNormAdd(bn, n)
	}
	if l.fused.gone[n] {
		return nil
	}
	if f, ok := trainLowerings[n.Op]; f != nil {
		return f(l, n)
	} else if ok {
		return fmt.Errorf("%s has no lowering: run the passes first", n.Op)
	}
	if n.Op == ir.Add && !stored(n.Out()) {
		l.emit(runtime.TrainLayer{Op: runtime.TrainSum, Param: l.at(n.Out()), First: l.at(n.Inputs[0]), Second: l.at(n.Inputs[1]), Size: l.slots[n.Out()].Stored(),
			Layer: runtime.Layer{Name: n.Name()}})
		return nil
	}
	// As for inference: these ops have no parameters.
	forward := &lowering{placed: map[*ir.Value]int{}}
	if err := lowerings[n.Op](forward, n); err != nil {
		return err
	}
	for _, r := range forward.program.Layers {
		l.emit(runtime.TrainLayer{Op: runtime.TrainForward, Layer: r})
	}
	return nil
}

// checkOperands makes sure that weights are parameters, and that all else flows
// from the graph's images.
func (l *trainLowering) checkOperands(n *ir.Node) error {
	row := ir.Ops[n.Op].Operands
	for i, v := range n.Inputs {
		if v == nil {
			continue
		}
		switch name := row[min(i, len(row)-1)].Name; name {
		case "weight", "bias", "gamma", "beta":
			if v.Def != nil {
				return fmt.Errorf("operand %s is %q, which node %q computes: a trainer keeps and updates parameters only", name, v.Name, v.Def.Name())
			}
		case "input", "inputs", "a", "b", "residual", "dy", "y", "logits":
			if !stored(v) && (stored(n.Out()) || n.Op != ir.Add) || v.Def == nil && v != l.graph.Inputs[0] {
				return fmt.Errorf("operand %s is %q, want a value computed from the images", name, v.Name)
			}
		}
	}
	return nil
}

func (l *trainLowering) emit(r runtime.TrainLayer) { l.program.Layers = append(l.program.Layers, r) }

// row begins a row with n's first operand, its second if there is one for each
// image, and its first result.
func row(op runtime.TrainOp, n *ir.Node) runtime.TrainLayer {
	r := runtime.TrainLayer{Op: op, Layer: runtime.Layer{Name: n.Name(), MACs: ir.MACs(n)}}
	if stored(n.Inputs[0]) {
		r.Layer.In = buffer(n.Inputs[0])
	}
	if stored(n.Out()) {
		r.Layer.Out = buffer(n.Out())
	}
	return r
}

func twoOperands(op runtime.TrainOp) func(*trainLowering, *ir.Node) error {
	return func(l *trainLowering, n *ir.Node) error {
		r := row(op, n)
		r.Layer.In2 = buffer(n.Inputs[1])
		l.emit(r)
		return nil
	}
}

func (l *trainLowering) affine(n *ir.Node) error {
	r := layer(n, runtime.OpAffine)
	r.ReLU, r.Weight, r.Bias = n.Bool("relu"), l.at(n.In("scale")), l.at(n.In("bias"))
	l.emit(runtime.TrainLayer{Op: runtime.TrainForward, Layer: r})
	return nil
}

func (l *trainLowering) batchNorm(n *ir.Node) error {
	r := row(runtime.TrainBatchNorm, n)
	r.Layer.Op = runtime.OpAffine
	r.Gamma, r.Beta, r.Eps = l.at(n.In("gamma")), l.at(n.In("beta")), n.Float("eps")
	mean, variance := n.Result("mean"), n.Result("var")
	if n.Op == ir.BatchNorm {
		mean, variance, r.Repeated = n.In("mean"), n.In("var"), true
		factors, ok := l.factors[mean.Def]
		if !ok {
			return fmt.Errorf("its mean %q is not that of a batch norm before it: run the pass lower-batchnorm", mean.Name)
		}
		r.Layer.Weight, r.Layer.Bias = factors[0], factors[1]
	} else {
		c := vectorSize(r.Layer.In.Channels)
		r.Layer.Weight, r.Layer.Bias = l.reserve(c), l.reserve(c)
		l.factors[n] = [2]int{r.Layer.Weight, r.Layer.Bias}
	}
	r.Mean, r.Var = l.at(mean), l.at(variance)
	for _, a := range l.averages(mean) {
		r.RunningMean = l.at(a.In("running"))
	}
	for _, a := range l.averages(variance) {
		r.RunningVar = l.at(a.In("running"))
	}
	if relu := l.fused.relu[n]; relu != nil {
		r.Layer.Out, r.Layer.ReLU = buffer(relu.Out()), true
	}
	l.emit(r)
	return nil
}

// batchNormAdd is a batch norm in the place of the addition that reads it, and
// the running averages of its statistics, which waited for it.
func (l *trainLowering) batchNormAdd(bn, add *ir.Node) error {
	if err := l.batchNorm(bn); err != nil {
		return err
	}
	r := &l.program.Layers[len(l.program.Layers)-1].Layer
	other := add.Inputs[0]
	if other == bn.Out() {
		other = add.Inputs[1]
	}
	r.In2, r.Out, r.ReLU = buffer(other), buffer(add.Out()), add.Bool("relu")
	for _, n := range slices.Concat(l.averages(bn.Result("mean")), l.averages(bn.Result("var"))) {
		if err := l.average(n); err != nil {
			return err
		}
	}
	return nil
}

// averages are the nodes that take a batch's mean or variance into a running one.
func (l *trainLowering) averages(statistic *ir.Value) (nodes []*ir.Node) {
	for _, n := range l.uses[statistic] {
		if n.Op == ir.RunningAverage && n.In("batch") == statistic {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func (l *trainLowering) channelGrad(n *ir.Node) error {
	r := row(runtime.TrainChannelGrad, n)
	r.Layer.In2 = buffer(n.In("input"))
	if relu := l.fused.mask[n]; relu != nil {
		r.Layer.In = buffer(relu.In("dy"))
		if factors, ok := l.clampedNorm(relu.In("y"), n); ok {
			r.FromInput, r.MaskScale, r.MaskBias = true, factors[0], factors[1]
		} else {
			r.Mask = buffer(relu.In("y"))
		}
	}
	r.Layer.Weight = l.reserve(3 * vectorSize(r.Layer.In.Channels))
	r.DGamma, r.DBeta = l.at(n.Results[1]), l.at(n.Results[2])
	if r.Affine = n.Op == ir.AffineGrad; r.Affine {
		r.Gamma = l.at(n.In("scale"))
	} else {
		r.Gamma, r.Mean, r.Var, r.Eps = l.at(n.In("gamma")), l.at(n.In("mean")), l.at(n.In("var")), n.Float("eps")
	}
	l.emit(r)
	return nil
}

// clampedNorm tells whether y is the ReLU of the batch norm that grad is the
// gradient of, and gives the factors of that.
func (l *trainLowering) clampedNorm(y *ir.Value, grad *ir.Node) (factors [2]int, ok bool) {
	if y.Def == nil || y.Def.Op != ir.ReLU || y.Def.Inputs[0].Def == nil {
		return factors, false
	}
	var mean *ir.Value
	switch bn := y.Def.Inputs[0].Def; {
	case bn.Inputs[0] != grad.In("input"):
		return factors, false
	case bn.Op == ir.BatchNormTrain:
		mean = bn.Result("mean")
	case bn.Op == ir.BatchNorm:
		mean = bn.In("mean")
	}
	if mean == nil || mean != grad.In("mean") {
		return factors, false
	}
	factors, ok = l.factors[mean.Def]
	return factors, ok
}

func (l *trainLowering) runningAverage(n *ir.Node) error {
	if l.fused.gone[n.In("batch").Def] {
		return nil // comes with the batch norm
	}
	return l.average(n)
}

func (l *trainLowering) average(n *ir.Node) error {
	running, next := n.In("running"), n.Out()
	if l.slots[running] != l.slots[next] {
		return fmt.Errorf("it does not update %q in place", running.Name)
	}
	r := runtime.TrainLayer{Op: runtime.TrainRunningAverage, Momentum: n.Float("momentum")}
	r.Layer.Name = n.Name()
	r.Param, r.Grad, r.Size = l.at(next), l.at(n.In("batch")), next.Type.Shape.Elems()
	if in := n.In("input"); in != nil {
		r.Samples = in.Type.Shape.Elems() / in.Type.Shape[1]
	}
	l.emit(r)
	return nil
}

func (l *trainLowering) drop(n *ir.Node) error {
	r := row(runtime.TrainDrop, n)
	r.P, r.Stream = n.Float("p"), n.Int("stream")
	if n.Op == ir.DropoutTrain {
		r.Run = 1
	}
	l.emit(r)
	return nil
}

func (l *trainLowering) loss(n *ir.Node) error {
	r := row(runtime.TrainLossGrad, n)
	if n.Op == ir.CrossEntropy {
		r.Op, r.Param = runtime.TrainLoss, l.at(n.Out())
	}
	r.Smoothing = n.Float("label_smoothing")
	l.emit(r)
	return nil
}

func (l *trainLowering) biasGrad(n *ir.Node) error {
	r := row(runtime.TrainBiasGrad, n)
	r.Grad = l.at(n.Out())
	l.emit(r)
	return nil
}

func (l *trainLowering) poolGrad(n *ir.Node) error {
	r := row(runtime.TrainAvgPoolGrad, n)
	p := n.Ints("padding")
	r.Layer.Kernel, r.Layer.Stride = pair(n.Ints("kernel")), pair(n.Ints("stride"))
	r.Layer.Padding, r.Layer.PadEnd = pair(p), pair(p[2:])
	if n.Op == ir.MaxPoolGrad {
		r.Op, r.Layer.In2 = runtime.TrainMaxPoolGrad, buffer(n.In("input"))
	} else {
		r.Layer.CountPad = n.Bool("count_include_pad")
	}
	l.emit(r)
	return nil
}

// unflatten copies: its operand is a dense row of one or more planes.
func (l *trainLowering) unflatten(n *ir.Node) error {
	r := layer(n, runtime.OpReorder)
	if n.Inputs[0].Type.Layout == ir.NCHW {
		r.In.Channels, r.In.Height, r.In.Width = r.Out.Channels, r.Out.Height, r.Out.Width
	}
	l.emit(runtime.TrainLayer{Op: runtime.TrainForward, Layer: r})
	return nil
}

func (l *trainLowering) subsampleGrad(n *ir.Node) error {
	r := row(runtime.TrainSpread, n)
	r.Layer.Stride = pair(n.Ints("stride"))
	r.Layer.More = make([]runtime.Buffer, r.Layer.Stride[0]*r.Layer.Stride[1])
	r.Layer.More[0] = r.Layer.In
	l.emit(r)
	return nil
}

func (l *trainLowering) sliceChannels(n *ir.Node) error {
	r := row(runtime.TrainSlice, n)
	r.Layer.Before = n.Int("begin")
	l.emit(r)
	return nil
}
