package emulate

// value returns what gives an operand of 64 bits.
func (f *form) value(o operand) func(*machine) uint64 {
	f.readsOf(o)
	switch o.kind {
	case immediate:
		return func(*machine) uint64 { return uint64(o.value) }
	case general:
		return func(m *machine) uint64 { return m.general[o.register] }
	}
	return func(m *machine) uint64 { return *(*uint64)(m.load(m.address(&o), 8)) }
}

// moveQuad is MOVQ between general registers and memory.
func moveQuad(f *form) func(*machine) {
	if !f.is("irm", "r") && !f.is("ir", "m") {
		return nil
	}
	x, to := f.value(f.operands[0]), f.last()
	f.writesTo(to)
	if to.kind == memory {
		return func(m *machine) { *(*uint64)(m.store(m.address(&to), 8)) = x(m) }
	}
	return func(m *machine) { m.general[to.register] = x(m) }
}

// moveLong is MOVL of an immediate.
func moveLong(f *form) func(*machine) {
	if !f.is("i", "r") {
		return nil
	}
	x, to := uint64(uint32(f.operands[0].value)), f.last()
	f.writesTo(to)
	return func(m *machine) { m.general[to.register] = x }
}

// loadAddress is LEAQ.
func loadAddress(f *form) func(*machine) {
	if !f.is("m", "r") {
		return nil
	}
	from, to := f.operands[0], f.last()
	f.readsOf(from)
	f.writesTo(to)
	return func(m *machine) { m.general[to.register] = m.address(&from) }
}

// multiply is IMUL3Q, after which flags say nothing of use.
func multiply(f *form) func(*machine) {
	if !f.is("i", "rm", "r") {
		return nil
	}
	x, y, to := f.value(f.operands[0]), f.value(f.operands[1]), f.last()
	f.writesTo(to)
	f.kills |= flags
	return func(m *machine) { m.general[to.register] = x(m) * y(m) }
}

// sum sets flags and returns x + y.
func (m *machine) sum(x, y uint64) uint64 {
	r := x + y
	m.result, m.over = int64(r), int64((x^r)&(y^r)) < 0
	return r
}

// difference sets flags and returns x - y.
func (m *machine) difference(x, y uint64) uint64 {
	r := x - y
	m.result, m.over = int64(r), int64((x^y)&(x^r)) < 0
	return r
}

// modify returns an instruction that replaces x, its destination, by op(m, x), and sets
// flags.
func (f *form) modify(op func(m *machine, x uint64) uint64) func(*machine) {
	to := f.last()
	f.readsOf(to)
	f.writesTo(to)
	f.writes |= flags
	if to.kind == general {
		return func(m *machine) { m.general[to.register] = op(m, m.general[to.register]) }
	}
	return func(m *machine) {
		a := m.address(&to)
		x := *(*uint64)(m.load(a, 8))
		*(*uint64)(m.store(a, 8)) = op(m, x)
	}
}

// accumulate makes a builder for an operation on a destination and an operand.
func accumulate(op func(m *machine, x, y uint64) uint64) func(*form) func(*machine) {
	return func(f *form) func(*machine) {
		if !f.is("irm", "r") && !f.is("ir", "m") {
			return nil
		}
		y := f.value(f.operands[0])
		return f.modify(func(m *machine, x uint64) uint64 { return op(m, x, y(m)) })
	}
}

// decrement is DECQ.
func decrement(f *form) func(*machine) {
	if !f.is("rm") {
		return nil
	}
	return f.modify(func(m *machine, x uint64) uint64 { return m.difference(x, 1) })
}

// compareQuad is CMPQ, whose first operand is the minuend.
func compareQuad(f *form) func(*machine) {
	if !f.is("rm", "irm") {
		return nil
	}
	x, y := f.value(f.operands[0]), f.value(f.operands[1])
	f.writes |= flags
	return func(m *machine) { m.difference(x(m), y(m)) }
}

// test is TESTQ.
func test(f *form) func(*machine) {
	if !f.is("ir", "rm") {
		return nil
	}
	x, y := f.value(f.operands[0]), f.value(f.operands[1])
	f.writes |= flags
	return func(m *machine) { m.result, m.over = int64(x(m)&y(m)), false }
}

// orMasks is KORW.
func orMasks(f *form) func(*machine) {
	if !f.is("k", "k", "k") {
		return nil
	}
	x, y, to := f.operands[0], f.operands[1], f.operands[2]
	f.readsOf(x)
	f.readsOf(y)
	f.writesTo(to)
	return func(m *machine) {
		m.masks[to.register] = (m.masks[x.register] | m.masks[y.register]) & 0xffff
	}
}

// prefetch does nothing.
func prefetch(f *form) func(*machine) {
	if !f.is("m") {
		return nil
	}
	f.readsOf(f.last())
	return func(*machine) {}
}

// jump makes a builder for a jump under a condition, nil for always.
func jump(condition func(m *machine) bool) func(*form) func(*machine) {
	return func(f *form) func(*machine) {
		if !f.is("l") {
			return nil
		}
		to, ok := f.labels[f.last().text]
		if !ok {
			fail("no such label")
		}
		if condition == nil {
			f.ends = true
			return func(m *machine) { m.next = to }
		}
		f.reads |= flags
		return func(m *machine) {
			if condition(m) {
				m.next = to
			}
		}
	}
}

// less is the condition that signed integers compared as less.
func (m *machine) less() bool { return m.result < 0 != m.over }

// leave is RET.
func leave(f *form) func(*machine) {
	if !f.is() {
		return nil
	}
	f.ends = true
	return func(m *machine) {
		if m.defined&upper != 0 {
			fail("no VZEROUPPER since upper halves of vector registers were written")
		}
		m.done = true
	}
}
