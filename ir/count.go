package ir

// macs has a row per op: the multiply-adds of one image.  As in published
// counts only convolutions and linear layers have any; twice the number is
// called FLOPs.
var macs = map[OpName]func(*Node) int{
	Conv2D: func(n *Node) int {
		k := n.In("weight").Type.Shape // O, I/groups, H, W
		return n.Out().Type.Shape.Elems() * k[1] * k[2] * k[3]
	},
	Conv2DGradInput: func(n *Node) int {
		k := n.In("weight").Type.Shape
		return n.In("dy").Type.Shape.Elems() * k[1] * k[2] * k[3]
	},
	Conv2DGradWeight: func(n *Node) int {
		k := n.Out().Type.Shape
		return n.In("dy").Type.Shape.Elems() * k[1] * k[2] * k[3]
	},
	Linear:           func(n *Node) int { return n.In("weight").Type.Shape.Elems() },
	LinearGradInput:  func(n *Node) int { return n.In("weight").Type.Shape.Elems() },
	LinearGradWeight: func(n *Node) int { return n.Out().Type.Shape.Elems() },
	BatchNorm:        noMACs,
	Affine:           noMACs,
	ReLU:             noMACs,
	Add:              noMACs,
	MaxPool:          noMACs,
	AvgPool:          noMACs,
	GlobalAvgPool:    noMACs,
	Flatten:          noMACs,
	Softmax:          noMACs,
	Subsample:        noMACs,
	PadChannels:      noMACs,
	Dropout:          noMACs,
	Concat:           noMACs,
	Reorder:          noMACs,
	StochasticDepth:  noMACs,

	BatchNormTrain:       noMACs,
	RunningAverage:       noMACs,
	DropoutTrain:         noMACs,
	StochasticDepthTrain: noMACs,
	CrossEntropy:         noMACs,
	CrossEntropyGrad:     noMACs,
	BiasGrad:             noMACs,
	BatchNormGrad:        noMACs,
	AffineGrad:           noMACs,
	ReLUGrad:             noMACs,
	MaxPoolGrad:          noMACs,
	AvgPoolGrad:          noMACs,
	Unflatten:            noMACs,
	SoftmaxGrad:          noMACs,
	SubsampleGrad:        noMACs,
	SliceChannels:        noMACs,
	GradNorm:             noMACs,
	SGD:                  noMACs,
	AdamW:                noMACs,
}

func noMACs(*Node) int { return 0 }

// MACs is the number of multiply-adds that the node takes for one image.
func MACs(n *Node) int { return macs[n.Op](n) }

// MACs is the number of multiply-adds that the network takes for one image.
func (g *Graph) MACs() int {
	sum := 0
	for _, n := range g.Nodes {
		sum += MACs(n)
	}
	return sum
}

// states lists the operands that are parameters, but not trained by gradients:
// statistics and the memory of optimizers.
var states = map[OpName][]string{
	BatchNorm:      {"mean", "var"},
	RunningAverage: {"running"},
	SGD:            {"velocity"},
	AdamW:          {"m", "v"},
}

// ParamCount is the number of trainable parameters.  As in published counts,
// the running mean and variance of a batch norm are not among them, nor is what
// an optimizer keeps.
func (g *Graph) ParamCount() int {
	state := map[*Value]bool{}
	for _, n := range g.Nodes {
		for _, operand := range states[n.Op] {
			state[n.In(operand)] = true
		}
	}
	sum := 0
	for _, v := range g.Params {
		if !state[v] {
			sum += v.Type.Shape.Elems()
		}
	}
	return sum
}
