package onnxfile

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

func (e *encoder) maxPool(n *ir.Node) error {
	pads, _ := poolPads(n)
	e.emit("MaxPool", n.Name(), e.values(n.Inputs...),
		attribute("kernel_shape", n.Ints("kernel")),
		attribute("pads", pads),
		attribute("strides", n.Ints("stride")))
	return nil
}

func (e *encoder) avgPool(n *ir.Node) error {
	pads, grown := poolPads(n)
	include := n.Bool("count_include_pad")
	if grown && include {
		return fmt.Errorf("ceil_mode lets a window hang over the padding, whose zeros would count in the divisor: " +
			"ONNX cannot say that with count_include_pad; use a padding that the windows fill")
	}
	count := 0
	if include {
		count = 1
	}
	e.emit("AveragePool", n.Name(), e.values(n.Inputs...),
		attribute("count_include_pad", count),
		attribute("kernel_shape", n.Ints("kernel")),
		attribute("pads", pads),
		attribute("strides", n.Ints("stride")))
	return nil
}

// poolPads gives the node's padding, grown at the bottom and the right by what
// ceil_mode lets the last window hang over, and whether it grew.  ONNX has a
// ceil_mode too, but before operator set 22 it does not say whether a window may
// start in the padding, and engines differ.
func poolPads(n *ir.Node) (pads []int, grown bool) {
	kernel, stride := n.Ints("kernel"), n.Ints("stride")
	pads = append(pads, n.Ints("padding")...)
	in, out := n.Inputs[0].Type.Shape[2:], n.Out().Type.Shape[2:]
	for axis := range 2 {
		covered := (out[axis]-1)*stride[axis] + kernel[axis]
		if hang := covered - in[axis] - pads[axis]; hang > pads[axis+2] {
			pads[axis+2], grown = hang, true
		}
	}
	return pads, grown
}
