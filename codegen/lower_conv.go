package codegen

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

func (l *lowering) conv2d(n *ir.Node) error {
	r, err := convolution(n, l.half)
	if err != nil {
		return err
	}
	return l.emitConv(r, n.In("weight"), n.In("bias"))
}

// Convolution gives the row that a conv2d node of a planned graph becomes,
// and how many float32s of memory its packed weights take, with half-precision
// weights or not; where those lie is left at 0.
// The node's parameters need no data.
func Convolution(n *ir.Node, halfWeights bool) (r runtime.Layer, weights int, err error) {
	if r, err = convolution(n, halfWeights); err != nil {
		return r, 0, fmt.Errorf("codegen: node %q: %w", n.Name(), err)
	}
	shape := n.In("weight").Type.Shape
	if weights = packedSize(shape, r.In.Block, n.Algorithm()); r.Narrow > 0 {
		weights = shape.Elems()
	}
	return r, weights * weightSize(&r) / 4, nil
}

// convolution is the row of a conv2d node, but for its parameters.
func convolution(n *ir.Node, half bool) (runtime.Layer, error) {
	r := layer(n, runtime.OpConv)
	r.Half = half && r.In.Block == ir.Block
	if n.Str("algorithm") == "" {
		return r, fmt.Errorf("no algorithm was chosen: run the passes first")
	}
	r.Winograd = n.Algorithm().Tile
	k, p := n.In("weight").Type.Shape, n.Ints("padding")
	r.Kernel, r.Stride, r.Dilation = [2]int{k[2], k[3]}, pair(n.Ints("stride")), pair(n.Ints("dilation"))
	r.Padding, r.Groups, r.ReLU = pair(p), n.Int("groups"), n.Bool("relu")
	if most := max(p[0], p[1], p[2], p[3]); r.In.Halo < most {
		return r, fmt.Errorf("padding %v needs a halo of %d pixels around %q, which has %d", p, most, n.Inputs[0].Name, r.In.Halo)
	}
	if r.Narrow = narrow(n); r.Narrow > 0 {
		r.Groups, r.Half = k[0]/ir.Block, false
	} else if r.Groups > 1 && (k[0]/r.Groups%ir.Block != 0 || k[1]%ir.Block != 0) {
		return r, fmt.Errorf("%d groups of %d to %d channels: want multiples of %d", r.Groups, k[1], k[0]/r.Groups, ir.Block)
	}
	if v := n.In("residual"); v != nil {
		r.In2 = buffer(v)
	}
	if r.Winograd > 0 {
		if err := checkWinograd(&r, n); err != nil {
			return r, err
		}
	}
	if r.Strassen = n.Algorithm().Quarters > 0; r.Strassen {
		const part = 2 * ir.Block
		if r.Kernel != one || r.Stride != one || r.Padding != [2]int{} || r.Groups != 1 || r.Half || k[0]%part != 0 || k[1]%part != 0 ||
			r.Out.Height%2 != 0 || r.In.Height != r.Out.Height || r.In.Width != r.Out.Width || r.In.Block != ir.Block {
			return r, fmt.Errorf("algorithm %q computes 1x1 convolutions of NCHW16c with stride 1, one group, no padding, float32 weights, channels in multiples of %d and an even height only", n.Str("algorithm"), part)
		}
	}
	var s ir.Schedule
	if text := n.Str("schedule"); text != "" {
		var err error
		if s, err = ir.ParseSchedule(text); err != nil {
			return r, err
		}
	}
	if r.Stem() && s.Order == "joint" {
		return r, fmt.Errorf("schedule %q: algorithm %q takes fused:CHUNK only", s, n.Str("algorithm"))
	}
	chooseTiles(&r, s)
	return r, nil
}

// narrow is the number of channels of the groups of n, a conv2d node, if these are
// less than a block and there are kernels for them; otherwise 0.
func narrow(n *ir.Node) int {
	k, stride, dilation := n.In("weight").Type.Shape, n.Ints("stride"), n.Ints("dilation")
	perGroup := k[0] / n.Int("groups")
	if n.Int("groups") == 1 || k[1] != perGroup || perGroup != 4 && perGroup != 8 ||
		k[0]%ir.Block != 0 || k[3] != 3 || stride[1] > 2 || dilation[1] != 1 {
		return 0
	}
	return perGroup
}

// checkWinograd makes sure that the convolution is one that Winograd's
// algorithm computes, and that its tiles stay within the input's halo.
func checkWinograd(r *runtime.Layer, n *ir.Node) error {
	a := n.Algorithm()
	if a.Stem {
		if r.Kernel != [2]int{7, 7} || r.Stride != [2]int{a.Stride, a.Stride} || r.Dilation != one || r.Groups != 1 ||
			r.In.Block != 1 || r.In2.Channels > 0 || r.Out.Width < ir.Block {
			return fmt.Errorf("algorithm %q computes 7x7 convolutions of NCHW with stride %d, dilation 1, one group and no residual to rows of at least %d pixels only",
				a.Name, a.Stride, ir.Block)
		}
		return nil
	}
	if r.Kernel != [2]int{3, 3} || r.Stride != [2]int{a.Stride, a.Stride} || r.Dilation != one || r.Groups != 1 || r.In.Block != ir.Block {
		return fmt.Errorf("algorithm %q computes 3x3 convolutions of NCHW16c with stride %d, dilation 1 and one group only", a.Name, a.Stride)
	}
	for axis, size := range [2]int{r.In.Height, r.In.Width} {
		out := [2]int{r.Out.Height, r.Out.Width}[axis]
		tiles := (out + r.Winograd - 1) / r.Winograd * r.Winograd
		if behind := (tiles-1)*a.Stride + 3 - r.Padding[axis] - size; behind > r.In.Halo {
			return fmt.Errorf("tiles reach %d pixels behind %q, whose halo is %d", behind, n.Inputs[0].Name, r.In.Halo)
		}
	}
	return nil
}

// linear is a 1x1 convolution of a 1x1 image.
func (l *lowering) linear(n *ir.Node) error {
	r := layer(n, runtime.OpConv)
	r.Kernel, r.Stride, r.Dilation, r.Groups = one, one, one, 1
	r.ReLU = n.Bool("relu")
	r.Half = l.half && r.In.Block == ir.Block
	chooseTiles(&r, ir.Schedule{})
	return l.emitConv(r, n.In("weight"), n.In("bias"))
}

func (l *lowering) emitConv(r runtime.Layer, weight, bias *ir.Value) (err error) {
	if err := loaded(weight); err != nil {
		return err
	}
	switch {
	case r.Stem():
		r.Weight, err = l.packStem(weight)
	case r.Winograd > 0 && r.Stride[0] == 2:
		r.Weight, err = l.packPolyphase(weight, r.Half)
	case r.Winograd > 0:
		r.Weight, err = l.packWinograd(weight, r.Winograd, r.Half)
	case r.Strassen:
		r.Weight, err = l.packStrassen(weight)
	case r.Narrow > 0:
		r.Weight, err = l.packNarrow(weight)
	default:
		r.Weight, err = l.packConv(weight, r.In.Block, r.Half)
	}
	if err != nil {
		return err
	}
	r.Bias = -1
	if bias != nil {
		if r.Bias, err = l.packVector(bias); err != nil {
			return err
		}
		if r.Strassen {
			l.strassenBias(r.Bias, len(bias.Data)/2)
		}
	}
	l.emit(r)
	return nil
}
