package ir

import (
	"fmt"
	"math"
	"slices"
)

// broken is the error of a constraint: op/number, the node, and what was expected.
func (n *Node) broken(number int, format string, args ...any) error {
	return fmt.Errorf("%s/C%d: node %q: %s", n.Op, number, n.Name(), fmt.Sprintf(format, args...))
}

// Infer gives the types of n's results, or the first constraint that n breaks.
// The constraints common to all ops are op/C1 (operands), op/C2 (attributes)
// and op/C0 (the results' sizes).
func Infer(n *Node) ([]Type, error) {
	op, ok := Ops[n.Op]
	if !ok {
		return nil, fmt.Errorf("ir: node %q: unknown op %q", n.Name(), n.Op)
	}
	if err := checkOperands(n, op); err != nil {
		return nil, err
	}
	if err := checkAttrs(n, op); err != nil {
		return nil, err
	}
	types, err := op.Infer(n)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		if err := checkShape(t.Shape); err != nil {
			return nil, n.broken(0, "the result would have shape %v: %v", t.Shape, err)
		}
	}
	return types, nil
}

func checkOperands(n *Node, op Op) error {
	max := len(op.Operands)
	if op.Operands[max-1].Variadic {
		if len(n.Inputs) == 0 {
			return n.broken(1, "no operands, want at least one")
		}
		max = len(n.Inputs)
	}
	if len(n.Inputs) > max {
		return n.broken(1, "%d operands, want at most %d", len(n.Inputs), max)
	}
	for i := range max {
		o := op.Operands[min(i, len(op.Operands)-1)]
		if i >= len(n.Inputs) || n.Inputs[i] == nil {
			if !o.Optional {
				return n.broken(1, "operand %s is missing", o.Name)
			}
			continue
		}
		if v := n.Inputs[i]; v.Type.DType != o.DType {
			return n.broken(1, "operand %s is %q of element type %v, want %v", o.Name, v.Name, v.Type.DType, o.DType)
		}
	}
	return nil
}

// maxAttr is the largest absolute value of an integer attribute.
const maxAttr = 1 << 24

func checkAttrs(n *Node, op Op) error {
next:
	for name, v := range n.Attrs {
		for _, s := range op.Attrs {
			if s.Name != name {
				continue
			}
			if fmt.Sprintf("%T", v) != fmt.Sprintf("%T", s.Default) {
				return n.broken(2, "attribute %s has type %T, want %T", name, v, s.Default)
			}
			list, isList := v.([]int)
			if isList && len(list) != len(s.Default.([]int)) {
				return n.broken(2, "attribute %s has %d elements, want %d", name, len(list), len(s.Default.([]int)))
			}
			if i, ok := v.(int); ok {
				list = []int{i}
			}
			for _, i := range list { // so that no sum of sizes overflows
				if i < -maxAttr || i > maxAttr {
					return n.broken(2, "attribute %s is %v, want a number between -%d and %d", name, v, maxAttr, maxAttr)
				}
			}
			continue next
		}
		return n.broken(2, "unknown attribute %s", name)
	}
	return nil
}

// image gives channels, height and width of a value that must have the shape N,C,H,W.
func (n *Node) image(v *Value) (c, h, w int, err error) {
	s := v.Type.Shape
	if len(s) != 4 || s[0] != Batch {
		return 0, 0, 0, n.broken(3, "input %q has shape %v, want N,C,H,W", v.Name, s)
	}
	return s[1], s[2], s[3], nil
}

func inferSame(n *Node) ([]Type, error) {
	t := n.Inputs[0].Type
	return []Type{{DType: t.DType, Shape: t.Shape}}, nil
}

func images(c, h, w int) []Type { return []Type{{Shape: Shape{Batch, c, h, w}}} }

// window gives the number of windows along one axis, 0 if none fits.
func window(size, kernel, stride, dilation, before, after int, ceil bool) int {
	span := size + before + after - dilation*(kernel-1) - 1
	if span < 0 {
		return 0
	}
	if ceil {
		n := (span+stride-1)/stride + 1
		if (n-1)*stride >= size+before { // PyTorch: a window may not start in the padding behind
			n--
		}
		return n
	}
	return span/stride + 1
}

func inferConv2D(n *Node) ([]Type, error) {
	c, h, w, err := n.image(n.In("input"))
	if err != nil {
		return nil, err
	}
	k, err := n.filters()
	if err != nil {
		return nil, err
	}
	out, err := n.convolved(c, h, w, k)
	if err != nil {
		return nil, err
	}
	if b := n.In("bias"); b != nil && !sameShape(b.Type.Shape, Shape{k[0]}) {
		return nil, n.broken(7, "bias %q has shape %v, want %d", b.Name, b.Type.Shape, k[0])
	}
	if a := n.Str("algorithm"); a != "" && n.Algorithm().Name == "" {
		return nil, n.broken(10, "unknown algorithm %q, want one of %s", a, AlgorithmNames())
	}
	if err := n.checkSchedule(); err != nil {
		return nil, err
	}
	if r := n.In("residual"); r != nil && !r.Type.Same(out[0]) {
		return nil, n.broken(9, "residual %q has type %v, want %v", r.Name, r.Type, out[0])
	}
	return out, nil
}

// filters gives the shape of the operand weight of a convolution.
func (n *Node) filters() (Shape, error) {
	k := n.In("weight").Type.Shape
	if len(k) != 4 || slices.Min(k) < 1 {
		return nil, n.broken(4, "weight %q has shape %v, want O,I/groups,H,W", n.In("weight").Name, k)
	}
	return k, nil
}

// convolved gives the type of the convolution, with n's attributes, of c×h×w
// images with filters of shape k.
func (n *Node) convolved(c, h, w int, k Shape) ([]Type, error) {
	s, p, d, g := n.Ints("stride"), n.Ints("padding"), n.Ints("dilation"), n.Int("groups")
	if min(s[0], s[1], d[0], d[1], g) < 1 || min(p[0], p[1], p[2], p[3]) < 0 {
		return nil, n.broken(5, "stride %v, dilation %v and groups %d must be positive, padding %v not negative", s, d, g, p)
	}
	if c%g != 0 || k[0]%g != 0 || k[1] != c/g {
		subject := "the weight"
		if v := n.In("weight"); v != nil {
			subject = fmt.Sprintf("weight %q", v.Name)
		}
		return nil, n.broken(6, "%s has shape %v, want O,%d/%d,H,W with O divisible by groups", subject, k, c, g)
	}
	oh := window(h, k[2], s[0], d[0], p[0], p[2], false)
	ow := window(w, k[3], s[1], d[1], p[1], p[3], false)
	if oh < 1 || ow < 1 {
		return nil, n.broken(8, "a %dx%d kernel does not fit into %dx%d with padding %v", k[2], k[3], h, w, p)
	}
	return images(k[0], oh, ow), nil
}

func sameShape(a, b Shape) bool { return Type{Shape: a}.Same(Type{Shape: b}) }

func inferPerChannel(n *Node) ([]Type, error) {
	if err := n.perChannel(n.Inputs[0], n.Inputs[1:]...); err != nil {
		return nil, err
	}
	return inferSame(n)
}

// channels checks that x has a channel axis.
func (n *Node) channels(x *Value) error {
	if s := x.Type.Shape; len(s) < 2 {
		return n.broken(3, "input %q has shape %v, want N,C,…", x.Name, s)
	}
	return nil
}

// perChannel checks that each of params has one element per channel of x.
func (n *Node) perChannel(x *Value, params ...*Value) error {
	if err := n.channels(x); err != nil {
		return err
	}
	s := x.Type.Shape
	for _, p := range params {
		if !sameShape(p.Type.Shape, Shape{s[1]}) {
			return n.broken(4, "%q has shape %v, want %d (the input's channels)", p.Name, p.Type.Shape, s[1])
		}
	}
	return nil
}

// epsilon checks the attribute eps.
func (n *Node) epsilon() error {
	if eps := n.Float("eps"); !(eps >= 0) || math.IsInf(eps, 0) {
		return n.broken(5, "eps is %v, want a finite number that is not negative", eps)
	}
	return nil
}

func inferBatchNorm(n *Node) ([]Type, error) {
	if err := n.epsilon(); err != nil {
		return nil, err
	}
	return inferPerChannel(n)
}

func inferDropout(n *Node) ([]Type, error) {
	if p := n.Float("p"); !(p >= 0 && p <= 1) {
		return nil, n.broken(3, "p is %v, want a probability between 0 and 1", p)
	}
	return inferSame(n)
}

func inferSoftmax(n *Node) ([]Type, error) {
	if err := n.channels(n.Inputs[0]); err != nil {
		return nil, err
	}
	return inferSame(n)
}

func inferAdd(n *Node) ([]Type, error) {
	a, b := n.Inputs[0], n.Inputs[1]
	if !a.Type.Same(b.Type) {
		return nil, n.broken(3, "operands %q and %q have types %v and %v, want the same", a.Name, b.Name, a.Type, b.Type)
	}
	return inferSame(n)
}

func inferPool(n *Node) ([]Type, error) {
	c, h, w, err := n.image(n.Inputs[0])
	if err != nil {
		return nil, err
	}
	oh, ow, err := n.pooled(h, w)
	if err != nil {
		return nil, err
	}
	return images(c, oh, ow), nil
}

// pooled gives the number of windows over h×w pixels.
func (n *Node) pooled(h, w int) (oh, ow int, err error) {
	k, s, p, ceil := n.Ints("kernel"), n.Ints("stride"), n.Ints("padding"), n.Bool("ceil_mode")
	if min(k[0], k[1], s[0], s[1]) < 1 || min(p[0], p[1], p[2], p[3]) < 0 {
		return 0, 0, n.broken(4, "kernel %v and stride %v must be positive, padding %v not negative", k, s, p)
	}
	if 2*max(p[0], p[2]) > k[0] || 2*max(p[1], p[3]) > k[1] {
		return 0, 0, n.broken(5, "padding %v is more than half of the kernel %v", p, k)
	}
	oh, ow = window(h, k[0], s[0], 1, p[0], p[2], ceil), window(w, k[1], s[1], 1, p[1], p[3], ceil)
	if oh < 1 || ow < 1 {
		return 0, 0, n.broken(6, "a %dx%d window does not fit into %dx%d with padding %v", k[0], k[1], h, w, p)
	}
	return oh, ow, nil
}

func inferGlobalPool(n *Node) ([]Type, error) {
	c, _, _, err := n.image(n.Inputs[0])
	if err != nil {
		return nil, err
	}
	return images(c, 1, 1), nil
}

func inferLinear(n *Node) ([]Type, error) {
	s, w := n.In("input").Type.Shape, n.In("weight").Type.Shape
	if len(s) != 2 || s[0] != Batch {
		return nil, n.broken(3, "input %q has shape %v, want N,I", n.In("input").Name, s)
	}
	if len(w) != 2 || w[1] != s[1] || w[0] < 1 {
		return nil, n.broken(4, "weight %q has shape %v, want O,%d", n.In("weight").Name, w, s[1])
	}
	if b := n.In("bias"); b != nil && !sameShape(b.Type.Shape, Shape{w[0]}) {
		return nil, n.broken(5, "bias %q has shape %v, want %d", b.Name, b.Type.Shape, w[0])
	}
	return []Type{{Shape: Shape{Batch, w[0]}}}, nil
}

func inferFlatten(n *Node) ([]Type, error) {
	c, h, w, err := n.image(n.Inputs[0])
	if err != nil {
		return nil, err
	}
	return []Type{{Shape: Shape{Batch, c * h * w}}}, nil
}

func inferSubsample(n *Node) ([]Type, error) {
	c, h, w, err := n.image(n.Inputs[0])
	if err != nil {
		return nil, err
	}
	s := n.Ints("stride")
	if min(s[0], s[1]) < 1 {
		return nil, n.broken(4, "stride %v must be positive", s)
	}
	return images(c, (h-1)/s[0]+1, (w-1)/s[1]+1), nil
}

func inferPadChannels(n *Node) ([]Type, error) {
	c, h, w, err := n.image(n.Inputs[0])
	if err != nil {
		return nil, err
	}
	before, after := n.Int("before"), n.Int("after")
	if min(before, after) < 0 {
		return nil, n.broken(4, "before %d and after %d must not be negative", before, after)
	}
	return images(before+c+after, h, w), nil
}

func inferConcat(n *Node) ([]Type, error) {
	if err := n.channels(n.Inputs[0]); err != nil {
		return nil, err
	}
	first := n.Inputs[0].Type.Shape
	out := append(Shape(nil), first...)
	for _, v := range n.Inputs[1:] {
		s := v.Type.Shape
		if len(s) != len(first) || !sameShape(s[2:], first[2:]) || s[0] != first[0] {
			return nil, n.broken(4, "input %q has shape %v, want that of %q but for the channels: %v", v.Name, s, n.Inputs[0].Name, first)
		}
		out[1] += s[1]
	}
	return []Type{{Shape: out}}, nil
}
