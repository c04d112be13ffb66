package ir

import "math"

// scalar checks that v, if it is given, has no axes.
func (n *Node) scalar(number int, v *Value) error {
	if v != nil && len(v.Type.Shape) != 0 {
		return n.broken(number, "%q has shape %v, want a scalar []", v.Name, v.Type.Shape)
	}
	return nil
}

// within checks that the attribute is a number from least to most.
func (n *Node) within(number int, attr string, least, most float64) error {
	if x := n.Float(attr); !(x >= least && x <= most) {
		return n.broken(number, "%s is %v, want a number from %v to %v", attr, x, least, most)
	}
	return nil
}

// first gives the first error that is not nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func vector(v *Value) Type { return Type{Shape: Shape{v.Type.Shape[1]}} }

func inferBatchNormTrain(n *Node) ([]Type, error) {
	x := n.In("input")
	if err := first(n.epsilon(), n.perChannel(x, n.Inputs[1:]...)); err != nil {
		return nil, err
	}
	if x.Type.Shape[0] != Batch {
		return nil, n.broken(6, "input %q has shape %v, want N,C,…", x.Name, x.Type.Shape)
	}
	return []Type{{Shape: x.Type.Shape}, vector(x), vector(x)}, nil
}

func inferBatchNormGrad(n *Node) ([]Type, error) {
	dy, x := n.In("dy"), n.In("input")
	if err := first(n.epsilon(), n.perChannel(x, n.Inputs[2:]...)); err != nil {
		return nil, err
	}
	if !dy.Type.Same(x.Type) {
		return nil, n.broken(6, "dy %q has type %v, want that of the input, %v", dy.Name, dy.Type, x.Type)
	}
	return []Type{{Shape: x.Type.Shape}, vector(x), vector(x)}, nil
}

func inferAffineGrad(n *Node) ([]Type, error) {
	dy, x := n.In("dy"), n.In("input")
	if err := n.perChannel(x, n.In("scale")); err != nil {
		return nil, err
	}
	if !dy.Type.Same(x.Type) {
		return nil, n.broken(5, "dy %q has type %v, want that of the input, %v", dy.Name, dy.Type, x.Type)
	}
	return []Type{{Shape: x.Type.Shape}, vector(x), vector(x)}, nil
}

func inferRunningAverage(n *Node) ([]Type, error) {
	running, batch, x := n.In("running"), n.In("batch"), n.In("input")
	if len(running.Type.Shape) != 1 || !running.Type.Same(batch.Type) {
		return nil, n.broken(3, "running %q and batch %q have types %v and %v, want the same vector", running.Name, batch.Name, running.Type, batch.Type)
	}
	if x != nil && (len(x.Type.Shape) < 2 || x.Type.Shape[0] != Batch || x.Type.Shape[1] != running.Type.Shape[0]) {
		return nil, n.broken(4, "input %q has shape %v, want N,%v,…", x.Name, x.Type.Shape, running.Type.Shape)
	}
	if err := n.within(5, "momentum", 0, 1); err != nil {
		return nil, err
	}
	return inferSame(n)
}

func inferRandom(n *Node) ([]Type, error) {
	if err := first(n.within(3, "p", 0, 1), n.scalar(4, n.In("seed")), n.scalar(4, n.In("step"))); err != nil {
		return nil, err
	}
	if x := n.In("input"); len(x.Type.Shape) < 1 || x.Type.Shape[0] != Batch {
		return nil, n.broken(5, "input %q has shape %v, want N,…", x.Name, x.Type.Shape)
	}
	return inferSame(n)
}

// classification checks logits, labels and label smoothing.
func (n *Node) classification() error {
	logits, labels := n.In("logits"), n.In("labels")
	if s := logits.Type.Shape; len(s) != 2 || s[0] != Batch {
		return n.broken(3, "logits %q have shape %v, want N,classes", logits.Name, s)
	}
	if s := labels.Type.Shape; len(s) != 1 || s[0] != Batch {
		return n.broken(4, "labels %q have shape %v, want N", labels.Name, s)
	}
	return n.within(5, "label_smoothing", 0, 1)
}

func inferCrossEntropy(n *Node) ([]Type, error) {
	return []Type{{Shape: Shape{}}}, n.classification()
}

func inferCrossEntropyGrad(n *Node) ([]Type, error) {
	return []Type{{Shape: n.In("logits").Type.Shape}}, n.classification()
}

// inputSize gives the attribute input_size.
func (n *Node) inputSize(number int) (h, w int, err error) {
	s := n.Ints("input_size")
	if min(s[0], s[1]) < 1 {
		return 0, 0, n.broken(number, "input_size is %v, want two positive numbers", s)
	}
	return s[0], s[1], nil
}

func inferConv2DGradInput(n *Node) ([]Type, error) {
	dy := n.In("dy")
	k, err := n.filters()
	if err != nil {
		return nil, err
	}
	h, w, err := n.inputSize(9)
	if err != nil {
		return nil, err
	}
	c := k[1] * max(n.Int("groups"), 0)
	out, err := n.convolved(c, h, w, k)
	if err != nil {
		return nil, err
	}
	if !dy.Type.Same(out[0]) {
		return nil, n.broken(7, "dy %q has type %v, want that of the convolution, %v", dy.Name, dy.Type, out[0])
	}
	return images(c, h, w), nil
}

func inferConv2DGradWeight(n *Node) ([]Type, error) {
	c, h, w, err := n.image(n.In("input"))
	if err != nil {
		return nil, err
	}
	o, _, _, err := n.image(n.In("dy"))
	if err != nil {
		return nil, err
	}
	k := n.Ints("kernel")
	if min(k[0], k[1]) < 1 {
		return nil, n.broken(4, "kernel is %v, want two positive numbers", k)
	}
	weight := Shape{o, c / max(n.Int("groups"), 1), k[0], k[1]}
	out, err := n.convolved(c, h, w, weight)
	if err != nil {
		return nil, err
	}
	if dy := n.In("dy"); !dy.Type.Same(out[0]) {
		return nil, n.broken(7, "dy %q has type %v, want that of the convolution, %v", dy.Name, dy.Type, out[0])
	}
	return []Type{{Shape: weight}}, nil
}

func inferBiasGrad(n *Node) ([]Type, error) {
	if err := n.channels(n.Inputs[0]); err != nil {
		return nil, err
	}
	return []Type{vector(n.Inputs[0])}, nil
}

func inferSameAsDY(n *Node) ([]Type, error) {
	if dy, y := n.In("dy"), n.In("y"); !dy.Type.Same(y.Type) {
		return nil, n.broken(3, "dy %q and y %q have types %v and %v, want the same", dy.Name, y.Name, dy.Type, y.Type)
	}
	return inferSame(n)
}

func inferSoftmaxGrad(n *Node) ([]Type, error) {
	if s := n.In("y").Type.Shape; len(s) < 2 {
		return nil, n.broken(4, "y %q has shape %v, want N,C,…", n.In("y").Name, s)
	}
	return inferSameAsDY(n)
}

func inferMaxPoolGrad(n *Node) ([]Type, error) {
	c, h, w, err := n.image(n.In("input"))
	if err != nil {
		return nil, err
	}
	return n.poolGrad(c, h, w)
}

func inferAvgPoolGrad(n *Node) ([]Type, error) {
	c, _, _, err := n.image(n.In("dy"))
	if err != nil {
		return nil, err
	}
	h, w, err := n.inputSize(8)
	if err != nil {
		return nil, err
	}
	return n.poolGrad(c, h, w)
}

// poolGrad gives the type of the gradient for the c×h×w images that were pooled.
func (n *Node) poolGrad(c, h, w int) ([]Type, error) {
	oh, ow, err := n.pooled(h, w)
	if err != nil {
		return nil, err
	}
	if dy, want := n.In("dy"), images(c, oh, ow)[0]; !dy.Type.Same(want) {
		return nil, n.broken(7, "dy %q has type %v, want that of the pool, %v", dy.Name, dy.Type, want)
	}
	return images(c, h, w), nil
}

func inferLinearGradInput(n *Node) ([]Type, error) {
	s, w := n.In("dy").Type.Shape, n.In("weight").Type.Shape
	if len(w) != 2 {
		return nil, n.broken(4, "weight %q has shape %v, want O,I", n.In("weight").Name, w)
	}
	if len(s) != 2 || s[0] != Batch || s[1] != w[0] {
		return nil, n.broken(3, "dy %q has shape %v, want N,%d", n.In("dy").Name, s, w[0])
	}
	return []Type{{Shape: Shape{Batch, w[1]}}}, nil
}

func inferLinearGradWeight(n *Node) ([]Type, error) {
	for _, v := range n.Inputs {
		if s := v.Type.Shape; len(s) != 2 || s[0] != Batch {
			return nil, n.broken(3, "%q has shape %v, want N,C", v.Name, s)
		}
	}
	return []Type{{Shape: Shape{n.In("dy").Type.Shape[1], n.In("input").Type.Shape[1]}}}, nil
}

func inferUnflatten(n *Node) ([]Type, error) {
	in, s := n.Inputs[0].Type.Shape, n.Ints("shape")
	if len(in) != 2 || in[0] != Batch {
		return nil, n.broken(3, "input %q has shape %v, want N,C", n.Inputs[0].Name, in)
	}
	out := Shape{Batch, s[0], s[1], s[2]}
	if checkShape(out) != nil || out.Elems() != in[1] {
		return nil, n.broken(4, "shape is %v, want C, H and W whose product is %d", s, in[1])
	}
	return []Type{{Shape: out}}, nil
}

func inferSubsampleGrad(n *Node) ([]Type, error) {
	dy := n.In("dy")
	c, oh, ow, err := n.image(dy)
	if err != nil {
		return nil, err
	}
	s := n.Ints("stride")
	if min(s[0], s[1]) < 1 {
		return nil, n.broken(4, "stride %v must be positive", s)
	}
	h, w, err := n.inputSize(6)
	if err != nil {
		return nil, err
	}
	if oh != (h-1)/s[0]+1 || ow != (w-1)/s[1]+1 {
		return nil, n.broken(5, "dy %q has shape %v, want N,C,%d,%d", dy.Name, dy.Type.Shape, (h-1)/s[0]+1, (w-1)/s[1]+1)
	}
	return images(c, h, w), nil
}

func inferSliceChannels(n *Node) ([]Type, error) {
	x, begin, channels := n.Inputs[0], n.Int("begin"), n.Int("channels")
	if err := n.channels(x); err != nil {
		return nil, err
	}
	s := append(Shape(nil), x.Type.Shape...)
	if begin < 0 || channels < 1 || begin+channels > s[1] {
		return nil, n.broken(4, "channels %d to %d of %q, which has %d", begin, begin+channels-1, x.Name, s[1])
	}
	s[1] = channels
	return []Type{{Shape: s}}, nil
}

func inferGradNorm(n *Node) ([]Type, error) {
	if m := n.Float("max_norm"); !(m > 0) {
		return nil, n.broken(3, "max_norm is %v, want a number above 0", m)
	}
	return []Type{{Shape: Shape{}}, {Shape: Shape{}}}, nil
}

// sameAsParam checks that values have the type of the operand param.
func (n *Node) sameAsParam(number int, values ...*Value) error {
	for _, v := range values {
		if p := n.In("param"); v != nil && !v.Type.Same(p.Type) {
			return n.broken(number, "%q has type %v, want that of the parameter %q, %v", v.Name, v.Type, p.Name, p.Type)
		}
	}
	return nil
}

func inferSGD(n *Node) ([]Type, error) {
	err := first(
		n.sameAsParam(3, n.In("grad"), n.In("velocity")),
		n.scalar(4, n.In("lr")), n.scalar(4, n.In("scale")),
		n.within(5, "momentum", 0, math.MaxFloat64), n.within(5, "weight_decay", 0, math.MaxFloat64))
	if err != nil {
		return nil, err
	}
	p := Type{Shape: n.In("param").Type.Shape}
	if m := n.Float("momentum"); (m != 0) != (n.In("velocity") != nil) {
		return nil, n.broken(6, "momentum is %v: the operand velocity must be given if, and only if, it is not 0", m)
	}
	if n.In("velocity") == nil {
		if n.Bool("nesterov") {
			return nil, n.broken(7, "nesterov wants a momentum above 0")
		}
		return []Type{p}, nil
	}
	return []Type{p, p}, nil
}

func inferAdamW(n *Node) ([]Type, error) {
	err := first(
		n.sameAsParam(3, n.In("grad"), n.In("m"), n.In("v")),
		n.scalar(4, n.In("lr")), n.scalar(4, n.In("step")), n.scalar(4, n.In("scale")),
		n.within(5, "beta1", 0, 1), n.within(5, "beta2", 0, 1), n.within(5, "eps", 0, 1), n.within(5, "weight_decay", 0, math.MaxFloat64))
	if err != nil {
		return nil, err
	}
	p := Type{Shape: n.In("param").Type.Shape}
	return []Type{p, p, p}, nil
}
