package codegen

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

// trainFusions says which nodes of a planned training graph share a row, so
// that activations cross memory once where they would several times: those
// whose result has no place in the arena, each with that result's only reader.
type trainFusions struct {
	relu     map[*ir.Node]*ir.Node // batch norm: the ReLU of its result
	sum      map[*ir.Node]*ir.Node // addition: the batch norm that defines an operand
	mask     map[*ir.Node]*ir.Node // batch norm's gradient: that of the ReLU before it
	residual map[*ir.Node]*ir.Node // convolution's gradient: the addition of its result
	gone     map[*ir.Node]bool     // nodes without a row of their own
}

func noFusions() *trainFusions {
	type nodes = map[*ir.Node]*ir.Node
	return &trainFusions{nodes{}, nodes{}, nodes{}, nodes{}, map[*ir.Node]bool{}}
}

func fuseTraining(g *ir.Graph) (*trainFusions, error) {
	f := noFusions()
	uses := g.Uses()
	for _, n := range g.Nodes {
		v := n.Out()
		if !stored(v) || v.Offset >= 0 {
			continue
		}
		if len(uses[v]) != 1 {
			return nil, fmt.Errorf("node %q: its result has no place in the arena and %d readers: run the pass plan-memory", n.Name(), len(uses[v]))
		}
		reader := uses[v][0]
		switch [2]ir.OpName{n.Op, reader.Op} {
		case [2]ir.OpName{ir.BatchNormTrain, ir.ReLU}, [2]ir.OpName{ir.BatchNorm, ir.ReLU}:
			f.relu[n], f.gone[reader] = reader, true
		case [2]ir.OpName{ir.BatchNormTrain, ir.Add}, [2]ir.OpName{ir.BatchNorm, ir.Add}:
			f.sum[reader], f.gone[n] = n, true
		case [2]ir.OpName{ir.ReLUGrad, ir.BatchNormGrad}:
			f.mask[reader], f.gone[n] = n, true
		case [2]ir.OpName{ir.Conv2DGradInput, ir.Add}:
			f.residual[n], f.gone[reader] = reader, true
		default:
			return nil, fmt.Errorf("node %q: its result has no place in the arena, and node %q, a %s, cannot compute it too: run the pass plan-memory", n.Name(), reader.Name(), reader.Op)
		}
	}
	return f, nil
}
