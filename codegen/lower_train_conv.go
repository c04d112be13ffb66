package codegen

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// geometry fills in what the attributes of a convolution or of its gradient say.
func geometry(r *runtime.Layer, n *ir.Node, slot *runtime.Slot) {
	k := slot.Shape
	r.Kernel, r.Stride, r.Dilation = [2]int{k[2], k[3]}, pair(n.Ints("stride")), pair(n.Ints("dilation"))
	r.Padding, r.Groups = pair(n.Ints("padding")), slot.Merged
}

func (l *trainLowering) conv2d(n *ir.Node) error {
	r := layer(n, runtime.OpConv)
	geometry(&r, n, l.slots[n.In("weight")])
	p := n.Ints("padding")
	if most := max(p[0], p[1], p[2], p[3]); r.In.Halo < most {
		return fmt.Errorf("padding %v needs a halo of %d pixels around %q, which has %d", p, most, n.Inputs[0].Name, r.In.Halo)
	}
	r.ReLU = n.Bool("relu")
	if v := n.In("residual"); v != nil {
		r.In2 = buffer(v)
	}
	if r.Winograd = n.Algorithm().Tile; r.Winograd > 0 {
		return l.transformedConv(r, n)
	}
	l.forwardConv(r, n)
	return nil
}

// transformedConv emits the transform of a weight, and the convolution with it.
func (l *trainLowering) transformedConv(r runtime.Layer, n *ir.Node) error {
	if err := checkWinograd(&r, n); err != nil {
		return err
	}
	w := l.slots[n.In("weight")]
	r.Bias = -1
	if b := n.In("bias"); b != nil {
		r.Bias = l.at(b)
	}
	l.packedConv(runtime.TrainLayer{Op: runtime.TrainTransform, Slot: *w}, r, packedSize(w.Shape, ir.Block, n.Algorithm()))
	return nil
}

// packedConv emits a row that packs a weight into that many float32s, and the
// convolution that reads them.  As nothing else does, all packed weights take
// the same place in turn.
func (l *trainLowering) packedConv(pack runtime.TrainLayer, r runtime.Layer, size int) {
	pack.Layer.Name, pack.Layer.Winograd = r.Name, r.Winograd
	l.packed = max(l.packed, size)
	l.packers = append(l.packers, len(l.program.Layers), len(l.program.Layers)+1)
	l.emit(pack)
	l.emitConv(r)
}

// emitConv emits a convolution when its tiles are chosen.
func (l *trainLowering) emitConv(r runtime.Layer) {
	chooseTiles(&r, ir.Schedule{})
	p := &l.program
	shared, thread := r.Scratch()
	p.Scratch, p.ThreadScratch = max(p.Scratch, shared), max(p.ThreadScratch, thread)
	l.emit(runtime.TrainLayer{Op: runtime.TrainForward, Layer: r})
}

// placePacked tells the rows that write or read packed weights where these lie.
func (l *trainLowering) placePacked() {
	at := l.reserve(l.packed)
	for _, i := range l.packers {
		l.program.Layers[i].Layer.Weight = at
	}
}

func (l *trainLowering) linear(n *ir.Node) error {
	r := layer(n, runtime.OpConv)
	r.Kernel, r.Stride, r.Dilation, r.Groups = one, one, one, 1
	r.ReLU = n.Bool("relu")
	l.forwardConv(r, n)
	return nil
}

func (l *trainLowering) forwardConv(r runtime.Layer, n *ir.Node) {
	r.Weight, r.Bias = l.at(n.In("weight")), -1
	if b := n.In("bias"); b != nil {
		r.Bias = l.at(b)
	}
	l.emitConv(r)
}

func (l *trainLowering) convGradWeight(n *ir.Node) error {
	r := row(runtime.TrainWeightGrad, n)
	r.Layer.In2, r.Slot = buffer(n.In("input")), *l.slots[n.Out()]
	geometry(&r.Layer, n, &r.Slot)
	p := n.Ints("padding")
	if most := max(p[0], p[1], p[2], p[3]); r.Layer.In2.Halo < most {
		return fmt.Errorf("padding %v needs a halo of %d pixels around %q, which has %d", p, most, n.In("input").Name, r.Layer.In2.Halo)
	}
	if m := n.Algorithm().Tile; m > 0 && runtime.GradHalo(r.Layer.In, m) {
		r.Layer.Winograd = m
	}
	l.program.ThreadScratch = max(l.program.ThreadScratch, r.GradScratch())
	l.emit(r)
	return nil
}

func (l *trainLowering) linearGradWeight(n *ir.Node) error {
	r := row(runtime.TrainWeightGrad, n)
	r.Layer.In2, r.Slot = buffer(n.In("input")), *l.slots[n.Out()]
	r.Layer.Kernel, r.Layer.Stride, r.Layer.Dilation, r.Layer.Groups = one, one, one, 1
	l.emit(r)
	return nil
}

func (l *trainLowering) linearGradInput(n *ir.Node) error {
	w := l.slots[n.In("weight")]
	r := row(runtime.TrainForward, n).Layer
	return l.turnedConv(n, r, w, [2]phase{{count: 1, dilation: 1, step: 1}, {count: 1, dilation: 1, step: 1}})
}

// phase is, along one axis, what the output pixels first, first+stride,
// first+2*stride... of a convolution's input gradient take part in: count taps
// from tap on, step apart; in dy they lie dilation apart, and the first pixel's
// tap lies at start.
//
// With padding p, stride s and dilation d, tap k connects input pixel y and
// output pixel (y+p-k*d)/s, if that is whole.
type phase struct {
	first, tap, step, count, dilation, start int
}

func gradPhase(first, kernel, stride, dilation, padding int) phase {
	for k := range kernel {
		if (first+padding-k*dilation)%stride != 0 {
			continue
		}
		common := gcd(stride, dilation)
		step := stride / common
		return phase{
			first: first, tap: k, step: step, count: (kernel-1-k)/step + 1,
			dilation: dilation / common, start: (first + padding - k*dilation) / stride,
		}
	}
	return phase{first: first}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// convGradInput is a convolution of dy with the turned weight.  Under a stride
// it is one for each turn of the pixels, with the taps that reach these, whose
// results are put together afterwards.
func (l *trainLowering) convGradInput(n *ir.Node) error {
	w := l.slots[n.In("weight")]
	whole := row(runtime.TrainSpread, n)
	geometry(&whole.Layer, n, w)
	r := whole.Layer
	s := r.Stride
	if s == one {
		r.Winograd = n.Algorithm().Tile
		return l.turnedConv(n, r, w, [2]phase{gradPhase(0, r.Kernel[0], 1, r.Dilation[0], r.Padding[0]), gradPhase(0, r.Kernel[1], 1, r.Dilation[1], r.Padding[1])})
	}
	more := make([]runtime.Buffer, s[0]*s[1])
	at := 0
	for i := range more {
		phases := [2]phase{
			gradPhase(i/s[1], r.Kernel[0], s[0], r.Dilation[0], r.Padding[0]),
			gradPhase(i%s[1], r.Kernel[1], s[1], r.Dilation[1], r.Padding[1]),
		}
		h, width := (r.Out.Height-i/s[1]+s[0]-1)/s[0], (r.Out.Width-i%s[1]+s[1]-1)/s[1]
		if phases[0].count*phases[1].count*max(h, 0)*max(width, 0) == 0 {
			continue
		}
		part := r
		part.MACs = h * width * phases[0].count * phases[1].count * r.Out.Channels * w.Shape[0] / w.Groups
		part.Out = runtime.Buffer{Offset: l.graph.Arena + at, Channels: r.Out.Channels, Height: h, Width: width, Block: ir.Block}
		at += vectorSize(r.Out.Channels) * h * width
		more[i] = part.Out
		if err := l.turnedConv(n, part, w, phases); err != nil {
			return err
		}
	}
	l.turned = max(l.turned, at)
	whole.Layer.More = more
	whole.Layer.MACs = 0
	l.emit(whole)
	return nil
}

// turnedConv emits the packing of some taps, and the convolution with them.
func (l *trainLowering) turnedConv(n *ir.Node, r runtime.Layer, w *runtime.Slot, phases [2]phase) error {
	r.Op, r.Bias, r.Stride, r.Groups = runtime.OpConv, -1, one, w.Merged
	var turn runtime.Turn
	for axis, p := range phases {
		turn.First[axis], turn.Step[axis], turn.Count[axis] = p.tap, p.step, p.count
		r.Kernel[axis], r.Dilation[axis] = p.count, p.dilation
		r.Padding[axis] = (p.count-1)*p.dilation - p.start
	}
	outPlanes, inPlanes := (w.Shape[0]+ir.Block-1)/ir.Block, r.Out.Channels
	inPlanes = (inPlanes + ir.Block - 1) / ir.Block
	size := outPlanes / w.Merged * inPlanes * turn.Count[0] * turn.Count[1] * ir.Block * ir.Block
	if r.Winograd > 0 {
		if err := checkWinograd(&r, n); err != nil {
			return err
		}
		size = packedSize(w.Shape, ir.Block, n.Algorithm())
	}
	if add := l.fused.residual[n]; add != nil {
		other := add.Inputs[0]
		if other == n.Out() {
			other = add.Inputs[1]
		}
		r.In2, r.Out = buffer(other), buffer(add.Out())
	}
	l.packedConv(runtime.TrainLayer{Op: runtime.TrainTurn, Slot: *w, Turn: turn}, r, size)
	return nil
}
