package zoo

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

// expansion is how many times the channels of its first convolution a
// bottleneck gives out.
const expansion = 4

// Graph builds the network that o describes, with parameters that have no data.
// Its outputs are the logits, N,classes, and the features, N,channels.
func (m *Model) Graph(o Options) (*ir.Graph, error) {
	o, err := m.resolve(o)
	if err != nil {
		return nil, err
	}
	g := &ir.Graph{Name: m.Name}
	b := &builder{g: g, m: m, strideOn1x1: o.StrideOn1x1}
	x := g.AddInput("input", ir.Type{Shape: ir.Shape{ir.Batch, 3, o.InputSize[0], o.InputSize[1]}})
	x = b.stem(x)
	for k, n := range m.Layers {
		for i := range n {
			stride := 1
			if k > 0 && i == 0 {
				stride = 2
			}
			x = b.block(fmt.Sprintf("layer%d.%d", k+1, i), x, m.Family.Stem.Channels<<k, stride)
		}
	}
	features, logits := b.head(x, o.Classes)
	g.Outputs = []*ir.Value{logits, features}
	if b.err == nil {
		b.err = ir.Verify(g) // a large input may make tensors that are too large
	}
	if b.err != nil {
		return nil, fmt.Errorf("zoo: %s with an input of %dx%d: %w", m.Name, o.InputSize[0], o.InputSize[1], b.err)
	}
	return g, nil
}

// builder appends nodes to a graph and keeps the first error, so that the
// architecture reads without an error check per layer.
type builder struct {
	g           *ir.Graph
	m           *Model
	strideOn1x1 bool
	err         error
}

func (b *builder) add(op ir.OpName, name string, attrs ir.Attrs, in ...*ir.Value) *ir.Value {
	if b.err == nil {
		v, err := b.g.Add(op, name, attrs, in...)
		if err == nil {
			return v
		}
		b.err = err
	}
	// A value of the first operand's type lets the rest of the builder go on.
	return &ir.Value{Name: name, Type: in[0].Type, Offset: -1}
}

// conv is a convolution without bias, padded so that stride 1 keeps the size.
func (b *builder) conv(name string, x *ir.Value, out, kernel, stride, groups int) *ir.Value {
	w := b.g.AddParam(name+".weight", out, x.Type.Shape[1]/groups, kernel, kernel)
	p := kernel / 2
	return b.add(ir.Conv2D, name, ir.Attrs{
		"stride": []int{stride, stride}, "padding": []int{p, p, p, p}, "groups": groups,
	}, x, w)
}

func (b *builder) norm(name string, x *ir.Value) *ir.Value {
	c := x.Type.Shape[1]
	in := []*ir.Value{x}
	for _, p := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
		in = append(in, b.g.AddParam(name+p, c))
	}
	return b.add(ir.BatchNorm, name, nil, in...)
}

func (b *builder) relu(name string, x *ir.Value) *ir.Value { return b.add(ir.ReLU, name, nil, x) }

func (b *builder) stem(x *ir.Value) *ir.Value {
	s := b.m.Family.Stem
	x = b.conv("conv1", x, s.Channels, s.Kernel, s.Stride, 1)
	if b.m.Block != PreAct { // whose first block begins with the norm
		x = b.relu("relu", b.norm("bn1", x))
	}
	if s.MaxPool {
		x = b.add(ir.MaxPool, "maxpool", ir.Attrs{"kernel": []int{3, 3}, "padding": []int{1, 1, 1, 1}}, x)
	}
	return x
}

func (b *builder) head(x *ir.Value, classes int) (features, logits *ir.Value) {
	if b.m.Block == PreAct { // whose last block ends with the addition
		x = b.relu("relu", b.norm("bn", x))
	}
	x = b.add(ir.GlobalAvgPool, "avgpool", nil, x)
	features = b.add(ir.Flatten, "flatten", nil, x)
	head := b.m.Family.Head
	w := b.g.AddParam(head+".weight", classes, x.Type.Shape[1])
	return features, b.add(ir.Linear, head, nil, features, w, b.g.AddParam(head+".bias", classes))
}
