package onnxfile

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/resnetc/resnetc/ir"
)

// encoder collects what the nodes of a graph become.
type encoder struct {
	nodes     message // GraphProto.node fields
	constants message // GraphProto.initializer fields that no parameter of the graph is
	outputs   []*ir.Value
	// same maps the result of a node that is left out to the value it equals.
	same map[*ir.Value]*ir.Value
	// params holds the operands that no node defines.
	params map[*ir.Value]bool
	taken  map[string]bool // names in use
}

func newEncoder(g *ir.Graph) *encoder {
	e := &encoder{
		outputs: g.Outputs,
		same:    map[*ir.Value]*ir.Value{},
		params:  map[*ir.Value]bool{},
		taken:   map[string]bool{},
	}
	for v := range g.Values() {
		e.taken[v.Name] = true
	}
	return e
}

// rules has one row per op of the graph: what it becomes in ONNX.
var rules map[ir.OpName]func(*encoder, *ir.Node) error

// The table is filled by init because the rules reach it through [encoder.node].
func init() {
	rules = map[ir.OpName]func(*encoder, *ir.Node) error{
		ir.Conv2D:          (*encoder).conv,
		ir.BatchNorm:       (*encoder).batchNorm,
		ir.Affine:          (*encoder).affine,
		ir.ReLU:            simple("Relu"),
		ir.Add:             (*encoder).add,
		ir.MaxPool:         (*encoder).maxPool,
		ir.AvgPool:         (*encoder).avgPool,
		ir.GlobalAvgPool:   simple("GlobalAveragePool"),
		ir.Linear:          (*encoder).linear,
		ir.Flatten:         simple("Flatten", attribute("axis", 1)),
		ir.Softmax:         simple("Softmax", attribute("axis", 1)),
		ir.Subsample:       (*encoder).subsample,
		ir.PadChannels:     (*encoder).padChannels,
		ir.Dropout:         (*encoder).identity,
		ir.StochasticDepth: (*encoder).identity,
		ir.Concat:          simple("Concat", attribute("axis", 1)),
		ir.Reorder:         (*encoder).identity,
	}
}

// node appends the ONNX nodes that compute n.
func (e *encoder) node(n *ir.Node) error {
	rule, ok := rules[n.Op]
	if !ok {
		return fmt.Errorf("the op has no ONNX form here")
	}
	return rule(e, n)
}

// emit appends a NodeProto with one result, called after it.
func (e *encoder) emit(op, result string, inputs []string, attrs ...message) {
	var m message
	for _, in := range inputs {
		m.string(nodeInput, in)
	}
	m.string(nodeOutput, result)
	m.string(nodeName, result)
	m.string(nodeOpType, op)
	for _, a := range attrs {
		m.message(nodeAttribute, a)
	}
	e.nodes.message(graphNode, m)
}

// value names the ONNX value that holds v; for a nil v, an operand that is
// left out, it is the empty string.
func (e *encoder) value(v *ir.Value) string {
	if v == nil {
		return ""
	}
	for e.same[v] != nil {
		v = e.same[v]
	}
	if v.Def == nil {
		e.params[v] = true
	}
	return v.Name
}

// values names the operands, without those left out at the end.
func (e *encoder) values(vs ...*ir.Value) (names []string) {
	for _, v := range vs {
		names = append(names, e.value(v))
	}
	for len(names) > 0 && names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	return names
}

// fresh gives a name that nothing in the graph has.
func (e *encoder) fresh(base string) string {
	name := base
	for i := 2; e.taken[name]; i++ {
		name = base + strconv.Itoa(i)
	}
	e.taken[name] = true
	return name
}

// chain names the results of a sequence of ONNX nodes that together compute
// n: all but the last, which has n's name, get a fresh one.
func (e *encoder) chain(n *ir.Node, suffix string, last bool) string {
	if last {
		return n.Name()
	}
	return e.fresh(n.Name() + suffix)
}

// relu appends the ReLU that was fused into n, if there is one.
func (e *encoder) relu(n *ir.Node, input string) {
	if n.Bool("relu") {
		e.emit("Relu", n.Name(), []string{input})
	}
}

// simple is the rule of an op that is one ONNX node with the same operands.
func simple(op string, attrs ...message) func(*encoder, *ir.Node) error {
	return func(e *encoder, n *ir.Node) error {
		e.emit(op, n.Name(), e.values(n.Inputs...), attrs...)
		return nil
	}
}

// identity leaves the node out, unless the graph gives its result back.
func (e *encoder) identity(n *ir.Node) error {
	if slices.Contains(e.outputs, n.Out()) {
		return simple("Identity")(e, n)
	}
	e.same[n.Out()] = n.Inputs[0]
	return nil
}

func (e *encoder) conv(n *ir.Node) error {
	res := n.In("residual")
	y := e.chain(n, ".conv", res == nil && !n.Bool("relu"))
	e.emit("Conv", y, e.values(n.In("input"), n.In("weight"), n.In("bias")),
		attribute("dilations", n.Ints("dilation")),
		attribute("group", n.Int("groups")),
		attribute("kernel_shape", []int(n.In("weight").Type.Shape[2:])),
		attribute("pads", n.Ints("padding")),
		attribute("strides", n.Ints("stride")))
	if res != nil {
		sum := e.chain(n, ".sum", !n.Bool("relu"))
		e.emit("Add", sum, []string{y, e.value(res)})
		y = sum
	}
	e.relu(n, y)
	return nil
}

func (e *encoder) batchNorm(n *ir.Node) error {
	e.emit("BatchNormalization", n.Name(), e.values(n.Inputs...), attribute("epsilon", n.Float("eps")))
	return nil
}

// affine becomes a product and a sum; ONNX broadcasts from the last axis, so
// the channel vectors are written with an axis of size 1 for each pixel axis.
func (e *encoder) affine(n *ir.Node) error {
	x := n.In("input")
	column := func(operand string) (string, error) {
		v := n.In(operand)
		if err := checkData(v); err != nil {
			return "", err
		}
		dims := []int{len(v.Data)}
		for range len(x.Type.Shape) - 2 {
			dims = append(dims, 1)
		}
		name := e.fresh(n.Name() + "." + operand)
		e.constants.floats(graphInitializer, name, dims, v.Data)
		return name, nil
	}
	scale, err := column("scale")
	if err != nil {
		return err
	}
	bias, err := column("bias")
	if err != nil {
		return err
	}
	product := e.fresh(n.Name() + ".product")
	e.emit("Mul", product, []string{e.value(x), scale})
	sum := e.chain(n, ".sum", !n.Bool("relu"))
	e.emit("Add", sum, []string{product, bias})
	e.relu(n, sum)
	return nil
}

func (e *encoder) add(n *ir.Node) error {
	sum := e.chain(n, ".sum", !n.Bool("relu"))
	e.emit("Add", sum, e.values(n.Inputs...))
	e.relu(n, sum)
	return nil
}

// linear becomes y = x Wᵀ + b as one Gemm.
func (e *encoder) linear(n *ir.Node) error {
	y := e.chain(n, ".gemm", !n.Bool("relu"))
	e.emit("Gemm", y, e.values(n.In("input"), n.In("weight"), n.In("bias")), attribute("transB", 1))
	e.relu(n, y)
	return nil
}

// subsample becomes a Slice of the two pixel axes with a step.
func (e *encoder) subsample(n *ir.Node) error {
	x := n.Inputs[0]
	in := []string{e.value(x)}
	for _, c := range []struct {
		name string
		data []int
	}{
		{".starts", []int{0, 0}},
		{".ends", []int(x.Type.Shape[2:4])},
		{".axes", []int{2, 3}},
		{".steps", n.Ints("stride")},
	} {
		in = append(in, e.int64s(n.Name()+c.name, c.data))
	}
	e.emit("Slice", n.Name(), in)
	return nil
}

func (e *encoder) padChannels(n *ir.Node) error {
	pads := e.int64s(n.Name()+".pads", []int{0, n.Int("before"), 0, 0, 0, n.Int("after"), 0, 0})
	e.emit("Pad", n.Name(), []string{e.value(n.Inputs[0]), pads}, attribute("mode", "constant"))
	return nil
}

// int64s adds a constant vector and returns its name.
func (e *encoder) int64s(base string, data []int) string {
	name := e.fresh(base)
	e.constants.message(graphInitializer, int64s(name, data))
	return name
}
