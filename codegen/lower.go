package codegen

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// lowering is the state of turning one graph into a program.
type lowering struct {
	program runtime.Program
	half    bool              // weights of blocked inputs are half precision
	weights []uint32          // words as packed: float32s, or two halves each
	ends    []int             // of each layer's weights
	placed  map[*ir.Value]int // node results that are stored, to the number of layers that computes them
}

// lowerings says what each op of a planned graph becomes; nil for ops that
// passes remove.
var lowerings = map[ir.OpName]func(*lowering, *ir.Node) error{
	ir.Conv2D:        (*lowering).conv2d,
	ir.Linear:        (*lowering).linear,
	ir.BatchNorm:     nil, // folded, or lowered to affine
	ir.Affine:        (*lowering).affine,
	ir.ReLU:          eltwise(runtime.OpReLU),
	ir.Add:           (*lowering).add,
	ir.MaxPool:       pool(runtime.OpMaxPool),
	ir.AvgPool:       pool(runtime.OpAvgPool),
	ir.GlobalAvgPool: (*lowering).globalAvgPool,
	ir.Flatten:       (*lowering).flatten,
	ir.Softmax:       eltwise(runtime.OpSoftmax),
	ir.Subsample:     (*lowering).subsample,
	ir.PadChannels:   (*lowering).padChannels,
	ir.Dropout:       nil, // the identity at inference
	ir.Concat:        (*lowering).concat,
	ir.Reorder:       eltwise(runtime.OpReorder),

	ir.StochasticDepth: nil, // the identity at inference

	// Training graphs have no lowering to an inference program.
	ir.BatchNormTrain:       nil,
	ir.RunningAverage:       nil,
	ir.DropoutTrain:         nil,
	ir.StochasticDepthTrain: nil,
	ir.CrossEntropy:         nil,
	ir.CrossEntropyGrad:     nil,
	ir.Conv2DGradInput:      nil,
	ir.Conv2DGradWeight:     nil,
	ir.BiasGrad:             nil,
	ir.BatchNormGrad:        nil,
	ir.AffineGrad:           nil,
	ir.ReLUGrad:             nil,
	ir.MaxPoolGrad:          nil,
	ir.AvgPoolGrad:          nil,
	ir.LinearGradInput:      nil,
	ir.LinearGradWeight:     nil,
	ir.Unflatten:            nil,
	ir.SoftmaxGrad:          nil,
	ir.SubsampleGrad:        nil,
	ir.SliceChannels:        nil,
	ir.GradNorm:             nil,
	ir.SGD:                  nil,
	ir.AdamW:                nil,
}

// lower turns a planned graph into a program, with half-precision weights if wanted.
func lower(g *ir.Graph, half bool) (*lowering, error) {
	if len(g.Inputs) != 1 || len(g.Inputs[0].Type.Shape) != 4 {
		return nil, fmt.Errorf("codegen: graph %s: want exactly one input of shape N,C,H,W", g.Name)
	}
	if len(g.Outputs) < 1 || len(g.Outputs) > 2 {
		return nil, fmt.Errorf("codegen: graph %s has %d outputs, want one (logits) or two (logits, features)", g.Name, len(g.Outputs))
	}
	s := g.Inputs[0].Type.Shape
	l := &lowering{half: half, placed: map[*ir.Value]int{}}
	l.program = runtime.Program{Name: g.Name, Arena: g.Arena, Input: [3]int{s[1], s[2], s[3]}}
	for _, n := range g.Nodes {
		f := lowerings[n.Op]
		if f == nil {
			return nil, fmt.Errorf("codegen: node %q: %s has no lowering: run the passes first", n.Name(), n.Op)
		}
		if err := f(l, n); err != nil {
			return nil, fmt.Errorf("codegen: node %q: %w", n.Name(), err)
		}
		l.placed[n.Out()] = len(l.program.Layers)
	}
	for i, out := range g.Outputs {
		layers, ok := l.placed[out]
		if !ok {
			return nil, fmt.Errorf("codegen: output %q is not computed by any node", out.Name)
		}
		if i == 0 {
			l.program.Logits = buffer(out)
			l.program.LogitLayers = layers
		} else {
			l.program.Features = buffer(out)
			l.program.FeatureLayers = layers
		}
	}
	l.program.Weights = len(l.weights)
	l.program.Single = l.single()
	keepHalos(l.program.Layers)
	return l, nil
}

// buffer is where a value lies.
func buffer(v *ir.Value) runtime.Buffer {
	s := v.Type.Shape
	b := runtime.Buffer{Offset: v.Offset, Channels: s[1], Height: 1, Width: 1, Halo: v.Type.Halo, Block: 1}
	if len(s) == 4 {
		b.Height, b.Width = s[2], s[3]
	}
	if v.Type.Layout == ir.NCHW16c {
		b.Block = ir.Block
	}
	return b
}

// layer begins a row of the program.
func layer(n *ir.Node, op runtime.Op) runtime.Layer {
	return runtime.Layer{
		Name: n.Name(), Op: op,
		In: buffer(n.Inputs[0]), Out: buffer(n.Out()),
		MACs: ir.MACs(n),
	}
}

func (l *lowering) emit(r runtime.Layer) {
	p := &l.program
	p.Layers = append(p.Layers, r)
	l.ends = append(l.ends, len(l.weights))
	shared, thread := r.Scratch()
	p.Scratch, p.ThreadScratch = max(p.Scratch, shared), max(p.ThreadScratch, thread)
}

func eltwise(op runtime.Op) func(*lowering, *ir.Node) error {
	return func(l *lowering, n *ir.Node) error {
		l.emit(layer(n, op))
		return nil
	}
}

func (l *lowering) add(n *ir.Node) error {
	r := layer(n, runtime.OpAdd)
	r.In2, r.ReLU = buffer(n.Inputs[1]), n.Bool("relu")
	l.emit(r)
	return nil
}

func (l *lowering) affine(n *ir.Node) error {
	r := layer(n, runtime.OpAffine)
	r.ReLU = n.Bool("relu")
	var err error
	if r.Weight, err = l.packVector(n.In("scale")); err != nil {
		return err
	}
	if r.Bias, err = l.packVector(n.In("bias")); err != nil {
		return err
	}
	l.emit(r)
	return nil
}

func pool(op runtime.Op) func(*lowering, *ir.Node) error {
	return func(l *lowering, n *ir.Node) error {
		r := layer(n, op)
		p := n.Ints("padding")
		r.Kernel, r.Stride = pair(n.Ints("kernel")), pair(n.Ints("stride"))
		r.Padding, r.PadEnd = pair(p), pair(p[2:])
		if op == runtime.OpAvgPool {
			r.CountPad = n.Bool("count_include_pad")
		}
		l.emit(r)
		return nil
	}
}

func (l *lowering) globalAvgPool(n *ir.Node) error {
	r := layer(n, runtime.OpAvgPool)
	r.Kernel, r.Stride = [2]int{r.In.Height, r.In.Width}, one
	l.emit(r)
	return nil
}

// flatten computes nothing: its result lies where its operand lies.
func (l *lowering) flatten(n *ir.Node) error {
	if in, out := n.Inputs[0], n.Out(); in.Offset != out.Offset {
		return fmt.Errorf("flatten must share its operand's memory, but they lie at %d and %d", in.Offset, out.Offset)
	}
	return nil
}

func (l *lowering) subsample(n *ir.Node) error {
	r := layer(n, runtime.OpSubsample)
	r.Stride = pair(n.Ints("stride"))
	l.emit(r)
	return nil
}

func (l *lowering) padChannels(n *ir.Node) error {
	r := layer(n, runtime.OpSubsample)
	r.Stride, r.Before = one, n.Int("before")
	l.emit(r)
	return nil
}

func (l *lowering) concat(n *ir.Node) error {
	r := layer(n, runtime.OpConcat)
	r.Stride = one
	for _, v := range n.Inputs[1:] {
		r.More = append(r.More, buffer(v))
	}
	l.emit(r)
	return nil
}

var one = [2]int{1, 1}

func pair(s []int) [2]int { return [2]int{s[0], s[1]} }
