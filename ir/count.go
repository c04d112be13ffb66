package ir

// macs has a row per op: the multiply-adds of one image.  As in published
// counts only convolutions and linear layers have any; twice the number is
// called FLOPs.
var macs = map[OpName]func(*Node) int{
	Conv2D: func(n *Node) int {
		k := n.In("weight").Type.Shape // O, I/groups, H, W
		return n.Out().Type.Shape.Elems() * k[1] * k[2] * k[3]
	},
	Linear:        func(n *Node) int { return n.In("weight").Type.Shape.Elems() },
	BatchNorm:     noMACs,
	Affine:        noMACs,
	ReLU:          noMACs,
	Add:           noMACs,
	MaxPool:       noMACs,
	AvgPool:       noMACs,
	GlobalAvgPool: noMACs,
	Flatten:       noMACs,
	Softmax:       noMACs,
	Subsample:     noMACs,
	PadChannels:   noMACs,
	Dropout:       noMACs,
	Concat:        noMACs,
	Reorder:       noMACs,
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

// ParamCount is the number of trainable parameters.  As in published counts,
// the running mean and variance of a batch norm are not among them.
func (g *Graph) ParamCount() int {
	statistic := map[*Value]bool{}
	for _, n := range g.Nodes {
		if n.Op == BatchNorm {
			statistic[n.In("mean")], statistic[n.In("var")] = true, true
		}
	}
	sum := 0
	for _, v := range g.Params {
		if !statistic[v] {
			sum += v.Type.Shape.Elems()
		}
	}
	return sum
}
