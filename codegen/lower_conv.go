package codegen

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

func (l *lowering) conv2d(n *ir.Node) error {
	if a := n.Str("algorithm"); a == "" {
		return fmt.Errorf("no algorithm was chosen: run the passes first")
	} else if a != "direct" {
		return fmt.Errorf("algorithm %q has no kernels, want direct", a)
	}
	r := l.layer(n, runtime.OpConv)
	k, p := n.In("weight").Type.Shape, n.Ints("padding")
	r.Kernel, r.Stride, r.Dilation = [2]int{k[2], k[3]}, pair(n.Ints("stride")), pair(n.Ints("dilation"))
	r.Padding, r.Groups, r.ReLU = pair(p), n.Int("groups"), n.Bool("relu")
	if most := max(p[0], p[1], p[2], p[3]); r.In.Halo < most {
		return fmt.Errorf("padding %v needs a halo of %d pixels around %q, which has %d", p, most, n.Inputs[0].Name, r.In.Halo)
	}
	if r.Groups > 1 && (k[0]/r.Groups%ir.Block != 0 || k[1]%ir.Block != 0) {
		return fmt.Errorf("%d groups of %d to %d channels: want multiples of %d", r.Groups, k[1], k[0]/r.Groups, ir.Block)
	}
	if v := n.In("residual"); v != nil {
		r.In2 = buffer(v)
	}
	return l.emitConv(r, n.In("weight"), n.In("bias"))
}

// linear is a 1x1 convolution of a 1x1 image.
func (l *lowering) linear(n *ir.Node) error {
	r := l.layer(n, runtime.OpConv)
	r.Kernel, r.Stride, r.Dilation, r.Groups = one, one, one, 1
	r.ReLU = n.Bool("relu")
	return l.emitConv(r, n.In("weight"), n.In("bias"))
}

func (l *lowering) emitConv(r runtime.Layer, weight, bias *ir.Value) (err error) {
	if r.Weight, err = l.packConv(weight, r.In.Block, r.Groups); err != nil {
		return err
	}
	r.Bias = -1
	if bias != nil {
		if r.Bias, err = l.packVector(bias); err != nil {
			return err
		}
	}
	chooseTiles(&r)
	l.emit(r)
	return nil
}
