package irtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// RandomGraph makes a valid graph of about size nodes, and at least a handful,
// with data for all parameters.  The same state of rng gives the same graph.
func RandomGraph(rng *rand.Rand, size int) *ir.Graph {
	b := &builder{rng: rng, g: &ir.Graph{Name: "random"}}
	c := pick(rng, 1, 3, 4, 16, 24)
	x := b.g.AddInput("input", ir.Type{Shape: ir.Shape{ir.Batch, c, 5 + rng.IntN(9), 5 + rng.IntN(9)}})
	if b.chance(10) { // a second input of the same shape
		x = b.add(ir.Add, nil, x, b.g.AddInput("input2", ir.Type{Shape: slices.Clone(x.Type.Shape)}))
	}
	b.images = append(b.images, x)
	for len(b.g.Nodes) < size {
		if b.chance(80) {
			x = b.images[len(b.images)-1]
		} else { // another reader of an older value
			x = b.images[rng.IntN(len(b.images))]
		}
		y := steps[rng.IntN(len(steps))](b, x)
		b.images = append(b.images, y)
		if b.chance(5) {
			b.g.Outputs = append(b.g.Outputs, y)
		}
	}
	b.head(b.images[len(b.images)-1])
	return b.g
}

// steps are ways to go on from an image; each gives the new end.
var steps = []func(*builder, *ir.Value) *ir.Value{
	(*builder).convBNReLU, (*builder).convBNReLU,
	(*builder).block, (*builder).block, (*builder).block,
	(*builder).preActivation,
	(*builder).bareConv,
	(*builder).fusedConv,
	(*builder).pool,
	(*builder).concat,
	(*builder).elementwise,
	(*builder).constants,
}

type builder struct {
	rng    *rand.Rand
	g      *ir.Graph
	images []*ir.Value
	count  int // names given
}

func (b *builder) chance(percent int) bool { return b.rng.IntN(100) < percent }

func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

func (b *builder) name(kind any) string {
	b.count++
	return fmt.Sprintf("%v.%d", kind, b.count)
}

// add appends a node.  An error is a mistake in this package: every caller
// makes operands that fit.
func (b *builder) add(op ir.OpName, attrs ir.Attrs, in ...*ir.Value) *ir.Value {
	v, err := b.g.Add(op, b.name(op), attrs, in...)
	if err != nil {
		panic("irtest: " + err.Error())
	}
	return v
}

// param makes a parameter of numbers around mean, by at most spread.
func (b *builder) param(kind string, mean, spread float64, shape ...int) *ir.Value {
	v := b.g.AddParam(b.name(kind), shape...)
	v.Data = make([]float32, v.Type.Shape.Elems())
	for i := range v.Data {
		v.Data[i] = float32(mean + spread*(2*b.rng.Float64()-1))
	}
	return v
}

func (b *builder) channels() int { return pick(b.rng, 1, 4, 8, 16, 17, 24, 32, 48) }

// conv appends a convolution with a random bias.
func (b *builder) conv(x *ir.Value, out, kh, kw int, attrs ir.Attrs) *ir.Value {
	groups := 1
	if g, ok := attrs["groups"]; ok {
		groups = g.(int)
	}
	fan := x.Type.Shape[1] / groups
	in := []*ir.Value{x, b.param("weight", 0, math.Sqrt(3/float64(fan*kh*kw)), out, fan, kh, kw)}
	if b.chance(30) {
		in = append(in, b.param("bias", 0, 1, out))
	}
	return b.add(ir.Conv2D, attrs, in...)
}

// randomConv appends a convolution of any shape that fits.
func (b *builder) randomConv(x *ir.Value) *ir.Value {
	c, h, w := x.Type.Shape[1], x.Type.Shape[2], x.Type.Shape[3]
	out, groups := b.channels(), 1
	if b.chance(30) {
		groups = pick(b.rng, 2, 4, c)
		if c%groups != 0 {
			groups = 1
		}
		out = groups * pick(b.rng, 1, 2, 3, 16)
		if out > 64 {
			out = groups
		}
	}
	kh, kw := pick(b.rng, 1, 1, 3, 3, 5, 7), 0
	if kw = kh; b.chance(10) {
		kw = pick(b.rng, 1, 2, 3)
	}
	dilation := []int{pick(b.rng, 1, 1, 1, 2), 1}
	dilation[1] = dilation[0]
	same := []int{dilation[0] * (kh - 1) / 2, dilation[1] * (kw - 1) / 2}
	padding := []int{same[0], same[1], same[0], same[1]}
	if b.chance(15) {
		for i := range padding {
			padding[i] = b.rng.IntN(3)
		}
	}
	for i, k := range []int{kh, kw} { // a window must fit
		size := []int{h, w}[i]
		if size+padding[i]+padding[i+2] < dilation[i]*(k-1)+1 {
			padding[i], padding[i+2] = dilation[i]*k, dilation[i]*k
		}
	}
	stride := []int{pick(b.rng, 1, 1, 1, 2), 1}
	if stride[1] = stride[0]; b.chance(10) {
		stride[1] = pick(b.rng, 1, 2, 3)
	}
	return b.conv(x, out, kh, kw, ir.Attrs{"stride": stride, "padding": padding, "dilation": dilation, "groups": groups})
}

func (b *builder) batchNorm(x *ir.Value) *ir.Value {
	c := x.Type.Shape[1]
	return b.add(ir.BatchNorm, ir.Attrs{"eps": pick(b.rng, 1e-5, 1e-3)}, x,
		b.param("gamma", 0.5, 1, c), b.param("beta", 0, 0.5, c), b.param("mean", 0, 0.5, c), b.param("var", 1, 0.7, c))
}

// head ends the network: its logits, sometimes with features or the softmax.
func (b *builder) head(x *ir.Value) {
	if b.chance(60) {
		x = b.add(ir.GlobalAvgPool, nil, x)
	}
	x = b.add(ir.Flatten, nil, x) // of more than one pixel where there was no pool
	if b.chance(30) {
		x = b.add(ir.Dropout, ir.Attrs{"p": 0.2}, x)
	}
	if b.chance(30) {
		b.g.Outputs = append(b.g.Outputs, x)
	}
	classes := 1 + b.rng.IntN(20)
	in := []*ir.Value{x, b.param("weight", 0, 0.2, classes, x.Type.Shape[1])}
	if b.chance(70) {
		in = append(in, b.param("bias", 0, 1, classes))
	}
	x = b.add(ir.Linear, nil, in...)
	if b.chance(20) {
		b.g.Outputs = append(b.g.Outputs, x)
		x = b.add(ir.Softmax, nil, x)
	}
	b.g.Outputs = slices.Insert(b.g.Outputs, 0, x)
}
