package passes

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
)

// foldConstants evaluates nodes whose operands are all parameters with data,
// by the reference interpreter, rounded once to float32 at each node, and makes
// their results parameters.  A constant that is an output, or that updates a
// parameter, stays as it is.
func foldConstants(g *ir.Graph, _ Options) error {
	e := edit(g)
	defer e.close()
	for _, n := range g.Nodes {
		if len(n.Results) != 1 || e.updates[n.Out()] || e.outputs[n.Out()] || !e.bound(n.Inputs) {
			continue
		}
		v, err := evaluate(n)
		if err != nil {
			return fmt.Errorf("node %q: %w", n.Name(), err)
		}
		e.replace(n.Out(), e.param(n.Name()+".folded", n.Out().Type.Shape, v.Float32()))
		e.drop(n)
	}
	return nil
}

// bound reports whether all of values are constants with data, but for those left out.
func (e *editor) bound(values []*ir.Value) bool {
	for _, v := range values {
		if v != nil && v.Data == nil {
			return false
		}
	}
	return e.allConstant(values...)
}

// evaluate computes the only result of n from its operands' data.
func evaluate(n *ir.Node) (*interp.Tensor, error) {
	operands := make([]*interp.Tensor, len(n.Inputs))
	for i, v := range n.Inputs {
		if v == nil {
			continue
		}
		var err error
		if operands[i], err = interp.FromFloat32(v.Type.Shape, v.Data); err != nil {
			return nil, err
		}
	}
	results, err := interp.Eval(n, operands)
	if err != nil {
		return nil, err
	}
	return results[0], nil
}
