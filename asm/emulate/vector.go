package emulate

// last returns the destination.
func (f *form) last() operand { return f.operands[len(f.operands)-1] }

// source returns what gives an operand's lanes, of which it has n.  An
// instruction has one operand in memory at most.
func (f *form) source(o operand, n int) func(*machine) *vec {
	f.readsOf(o)
	switch {
	case o.kind == vector:
		if o.bytes != 4*n {
			fail("%s has %d bytes, not %d", o.text, o.bytes, 4*n)
		}
		return func(m *machine) *vec { return &m.vectors[o.register] }
	case f.masked:
		fail("an operand in memory, under a mask")
	case f.broadcast || n == 1:
		return func(m *machine) *vec {
			x := *(*float32)(m.load(m.address(&o), 4))
			for i := range m.operand {
				m.operand[i] = x
			}
			return &m.operand
		}
	case n == 16:
		return func(m *machine) *vec {
			m.operand = *(*vec)(m.load(m.address(&o), 64))
			return &m.operand
		}
	}
	return func(m *machine) *vec {
		m.operand = vec{}
		if n == 8 {
			*(*[8]float32)(m.operand[:]) = *(*[8]float32)(m.load(m.address(&o), 32))
		} else {
			*(*[4]float32)(m.operand[:]) = *(*[4]float32)(m.load(m.address(&o), 16))
		}
		return &m.operand
	}
}

// result returns an instruction that computes the lanes of its destination,
// under its mask.
func (f *form) result(compute func(m *machine, d *vec)) func(*machine) {
	o := f.last()
	f.writesTo(o)
	n := o.bytes / 4
	if !f.masked {
		if n == 16 {
			return func(m *machine) { compute(m, &m.vectors[o.register]) }
		}
		return func(m *machine) {
			d := &m.vectors[o.register]
			compute(m, d)
			clear(d[n:])
		}
	}
	if !f.zeroing {
		f.readsOf(o)
	}
	return func(m *machine) {
		d := &m.vectors[o.register]
		m.out = *d // for what computes of the destination
		compute(m, &m.out)
		for i := range n {
			if m.masks[f.mask]>>i&1 != 0 {
				d[i] = m.out[i]
			} else if f.zeroing {
				d[i] = 0
			}
		}
		clear(d[n:])
	}
}

// lanewise makes a builder for an operation on the lanes of two sources.
func lanewise(op func(d, x, y *vec, n int)) func(*form) func(*machine) {
	return func(f *form) func(*machine) {
		if !f.is("vm", "v", "v") {
			return nil
		}
		n := f.last().bytes / 4
		x, y := f.source(f.operands[1], n), f.source(f.operands[0], n)
		return f.result(func(m *machine, d *vec) { op(d, x(m), y(m), n) })
	}
}

// arithmetic makes a builder for an operation on floats.
func arithmetic(op func(x, y float32) float32) func(*form) func(*machine) {
	return lanewise(func(d, x, y *vec, n int) {
		for i := range n {
			r := op(x[i], y[i])
			if r != r {
				r = nan(x[i], y[i])
			}
			d[i] = r
		}
	})
}

// larger is VMAXPS, which gives the second source if none is larger.
func larger(d, x, y *vec, n int) {
	for i := range n {
		if i &= 15; x[i] > y[i] {
			d[i] = x[i]
		} else {
			d[i] = y[i]
		}
	}
}

// bitwise makes a builder for an operation on bits.
func bitwise(op func(x, y uint32) uint32) func(*form) func(*machine) {
	build := lanewise(func(d, x, y *vec, n int) {
		for i := range n {
			d.bits()[i] = op(x.bits()[i], y.bits()[i])
		}
	})
	return func(f *form) func(*machine) {
		run := build(f)
		if run != nil && f.operands[0].text == f.operands[1].text && op(1, 1) == 0 {
			f.reads &^= vectorState(f.operands[0].register) // that is how to clear a register
		}
		return run
	}
}

// multiplyAdd makes a builder for a fused multiply-add: the product of two
// operands plus a third.  Operands are counted as Intel's manual does, from the
// destination, which is 1.
func multiplyAdd(a, b, c int, op func(d, x, y, z *vec, n int)) func(*form) func(*machine) {
	return func(f *form) func(*machine) {
		if !f.is("vm", "v", "v") {
			return nil
		}
		n := f.last().bytes / 4
		x, y, z := f.source(f.operands[3-a], n), f.source(f.operands[3-b], n), f.source(f.operands[3-c], n)
		return f.result(func(m *machine, d *vec) { op(d, x(m), y(m), z(m), n) })
	}
}

// compareLanes is VCMPPS.
func compareLanes(f *form) func(*machine) {
	if !f.is("i", "vm", "v", "vk") {
		return nil
	}
	n := f.operands[2].bytes / 4
	x, y := f.source(f.operands[2], n), f.source(f.operands[1], n)
	imm, to := f.operands[0].value, f.last()
	if imm < 0 || imm > 31 {
		fail("no predicate %d", imm)
	}
	lane := func(x, y float32) bool { return predicates[imm&15]&compare(x, y) != 0 }
	if to.kind == vector {
		return f.result(func(m *machine, d *vec) {
			x, y := x(m), y(m)
			for i := range n {
				r := uint32(0)
				if lane(x[i], y[i]) {
					r = 1<<32 - 1
				}
				d.bits()[i] = r
			}
		})
	}
	f.writesTo(to)
	return func(m *machine) {
		x, y := x(m), y(m)
		k := uint64(0)
		for i := range n {
			if lane(x[i], y[i]) {
				k |= 1 << i
			}
		}
		m.masks[to.register] = k
	}
}

// blend is VBLENDVPS: the second source where the sign of the mask is set.
func blend(f *form) func(*machine) {
	if !f.is("v", "vm", "v", "v") {
		return nil
	}
	n := f.last().bytes / 4
	x, y, where := f.source(f.operands[2], n), f.source(f.operands[1], n), f.source(f.operands[0], n)
	return f.result(func(m *machine, d *vec) {
		x, y, where := x(m), y(m), where(m)
		for i := range n {
			if where.bits()[i]>>31 != 0 {
				d[i] = y[i]
			} else {
				d[i] = x[i]
			}
		}
	})
}
