package codegen

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// update begins the row of an optimizer's node, whose results take the places
// of its operands.
func (l *trainLowering) update(op runtime.TrainOp, n *ir.Node, kept ...string) (runtime.TrainLayer, error) {
	r := runtime.TrainLayer{Op: op, Layer: runtime.Layer{Name: n.Name()}, First: -1, Second: -1, Scale: -1}
	for i, name := range append([]string{"param"}, kept...) {
		v := n.In(name)
		if v == nil {
			continue
		}
		if l.slots[v] != l.slots[n.Results[i]] {
			return r, fmt.Errorf("it does not update %q in place", v.Name)
		}
		l.updated[v] = n
		*[]*int{&r.Param, &r.First, &r.Second}[i] = l.at(v)
	}
	r.Grad, r.Size, r.Decay = l.at(n.In("grad")), l.slots[n.In("param")].Stored(), n.Float("weight_decay")
	if v := n.In("scale"); v != nil {
		r.Scale = l.at(v)
	}
	return r, nil
}

func (l *trainLowering) sgd(n *ir.Node) error {
	r, err := l.update(runtime.TrainSGD, n, "velocity")
	r.Momentum, r.Nesterov = n.Float("momentum"), n.Bool("nesterov")
	l.emit(r)
	return err
}

func (l *trainLowering) adamW(n *ir.Node) error {
	r, err := l.update(runtime.TrainAdamW, n, "m", "v")
	r.Beta1, r.Beta2, r.Eps = n.Float("beta1"), n.Float("beta2"), n.Float("eps")
	l.emit(r)
	return err
}

func (l *trainLowering) gradNorm(n *ir.Node) error {
	r := runtime.TrainLayer{Op: runtime.TrainGradNorm, Layer: runtime.Layer{Name: n.Name()}, Decay: n.Float("max_norm")}
	r.Param, r.Scale = l.at(n.Results[0]), l.at(n.Results[1])
	for _, v := range n.Inputs {
		r.Parts = append(r.Parts, *l.slots[v])
	}
	l.emit(r)
	return nil
}
