package irtest

import "github.com/resnetc/resnetc/ir"

func (b *builder) convBNReLU(x *ir.Value) *ir.Value {
	x = b.batchNorm(b.randomConv(x))
	if b.chance(80) {
		x = b.add(ir.ReLU, nil, x)
	}
	return x
}

// preActivation is batch norm, relu and convolution in this order (arXiv
// 1603.05027): no convolution in front can take up the batch norm if it
// has another reader.
func (b *builder) preActivation(x *ir.Value) *ir.Value {
	y := b.add(ir.ReLU, nil, b.batchNorm(x))
	y = b.randomConv(y)
	if b.chance(70) && y.Type.Same(x.Type) {
		return b.sum(x, y)
	}
	return y
}

func (b *builder) bareConv(x *ir.Value) *ir.Value { return b.randomConv(x) }

// fusedConv is a convolution as passes leave it.
func (b *builder) fusedConv(x *ir.Value) *ir.Value {
	y := b.randomConv(x)
	if b.chance(50) {
		y.Def.Set("relu", true)
	}
	if r := b.like(y); r != nil {
		y.Def.SetIn("residual", r)
	}
	return y
}

// like gives an image of the same type as y, made before it, or nil.
func (b *builder) like(y *ir.Value) *ir.Value {
	for _, v := range b.images {
		if v.Type.Same(y.Type) {
			return v
		}
	}
	return nil
}

// sum adds in either order of operands.
func (b *builder) sum(x, y *ir.Value) *ir.Value {
	if b.chance(50) {
		x, y = y, x
	}
	return b.add(ir.Add, nil, x, y)
}

// block is a basic block of arXiv 1512.03385 with one of its three shortcuts:
// option A (subsample and pad the channels), B and C (a projection), or none
// where the shape stays.
func (b *builder) block(x *ir.Value) *ir.Value {
	c, out, stride := x.Type.Shape[1], 0, pick(b.rng, 1, 1, 2)
	if out = c; b.chance(40) {
		out = c + pick(b.rng, 1, 4, 16)
	}
	three := func(x *ir.Value, stride int) *ir.Value {
		return b.batchNorm(b.conv(x, out, 3, 3, ir.Attrs{"stride": []int{stride, stride}, "padding": []int{1, 1, 1, 1}}))
	}
	strides := ir.Attrs{"stride": []int{stride, stride}}
	// The shortcut may be made before or after the branch.
	shortcut := func() *ir.Value {
		switch {
		case out == c && stride == 1 && b.chance(80):
			return x
		case b.chance(40):
			s := x
			if stride > 1 {
				s = b.add(ir.Subsample, strides, s)
			}
			before := b.rng.IntN(out - c + 1)
			return b.add(ir.PadChannels, ir.Attrs{"before": before, "after": out - c - before}, s)
		}
		return b.batchNorm(b.conv(x, out, 1, 1, strides))
	}
	var s *ir.Value
	early := b.chance(50)
	if early {
		s = shortcut()
	}
	y := b.add(ir.ReLU, nil, three(x, stride))
	y = three(y, 1)
	if b.chance(20) {
		y = b.add(ir.StochasticDepth, ir.Attrs{"p": 0.2}, y)
	}
	if !early {
		s = shortcut()
	}
	y = b.sum(s, y)
	if b.chance(85) {
		y = b.add(ir.ReLU, nil, y)
	}
	return y
}

func (b *builder) pool(x *ir.Value) *ir.Value {
	k := min(pick(b.rng, 1, 2, 3), x.Type.Shape[2], x.Type.Shape[3])
	s := pick(b.rng, 1, 2, 2, 3)
	attrs := ir.Attrs{"kernel": []int{k, k}, "stride": []int{s, s}, "ceil_mode": b.chance(40)}
	padding := []int{0, 0, 0, 0}
	for i := range padding {
		padding[i] = b.rng.IntN(k/2 + 1)
	}
	attrs["padding"] = padding
	if b.chance(50) {
		return b.add(ir.MaxPool, attrs, x)
	}
	attrs["count_include_pad"] = b.chance(50)
	return b.add(ir.AvgPool, attrs, x)
}

// concat joins x with images of the same height and width, x itself among them.
func (b *builder) concat(x *ir.Value) *ir.Value {
	in := []*ir.Value{x}
	for _, v := range b.images {
		s, t := v.Type.Shape, x.Type.Shape
		if s[2] == t[2] && s[3] == t[3] && s[1]+t[1] < 64 && len(in) < 3 && b.chance(50) {
			in = append(in, v)
		}
	}
	return b.add(ir.Concat, nil, in...)
}

func (b *builder) elementwise(x *ir.Value) *ir.Value {
	c := x.Type.Shape[1]
	switch b.rng.IntN(6) {
	case 0:
		return b.add(ir.Dropout, nil, x)
	case 1:
		return b.add(ir.Reorder, nil, x)
	case 2:
		return b.add(ir.Affine, ir.Attrs{"relu": b.chance(50)}, x, b.param("scale", 0, 1, c), b.param("shift", 0, 1, c))
	case 3:
		return b.add(ir.Add, ir.Attrs{"relu": b.chance(50)}, x, x) // grows, but only twofold
	case 4:
		return b.add(ir.ReLU, nil, b.add(ir.ReLU, nil, x))
	}
	return b.batchNorm(x)
}

// constants is a convolution whose weight and bias are computed from
// parameters alone.
func (b *builder) constants(x *ir.Value) *ir.Value {
	out, c := b.channels(), x.Type.Shape[1]
	weight := b.add(ir.Add, nil, b.param("weight", 0, 0.2, out, c, 1, 1), b.param("weight", 0, 0.2, out, c, 1, 1))
	if b.chance(50) {
		weight = b.add(ir.Affine, nil, weight, b.param("scale", 0, 1, c), b.param("shift", 0, 0.1, c))
	}
	bias := b.add(ir.ReLU, nil, b.param("bias", 0, 1, out))
	y := b.add(ir.Conv2D, nil, x, weight, bias)
	if b.chance(50) { // the weight has a second reader
		y = b.add(ir.Conv2D, nil, x, weight)
	}
	return b.batchNorm(y)
}
