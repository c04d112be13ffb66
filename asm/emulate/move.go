package emulate

import (
	"math"
	"unsafe"
)

// move makes a builder for a move of whole registers, to and from memory that
// may have to be aligned.
func move(aligned bool) func(*form) func(*machine) {
	return func(f *form) func(*machine) {
		check := func(a, size uint64) uint64 {
			if aligned && a%size != 0 {
				fail("the address %#x is no multiple of %d", a, size)
			}
			return a
		}
		switch {
		case f.is("v", "v"):
			x := f.source(f.operands[0], f.last().bytes/4)
			return f.result(func(m *machine, d *vec) { *d = *x(m) })
		case f.is("v", "m"):
			from, to := f.operands[0], f.operands[1]
			f.readsOf(from)
			f.writesTo(to)
			size := uint64(from.bytes)
			return func(m *machine) {
				storeVector(m.store(check(m.address(&to), size), size), &m.vectors[from.register], from.bytes)
			}
		case f.is("m", "v") && f.masked && !aligned:
			return f.maskedLoad()
		case f.is("m", "v"):
			from, size := f.operands[0], uint64(f.last().bytes)
			x := f.source(from, int(size/4))
			return f.result(func(m *machine, d *vec) {
				check(m.address(&from), size)
				*d = *x(m)
			})
		}
		return nil
	}
}

// maskedLoad reads the lanes that a mask has.  The rest is not touched, so that
// it may lie where nobody may read.
func (f *form) maskedLoad() func(*machine) {
	from, n := f.operands[0], f.last().bytes/4
	f.readsOf(from)
	return f.result(func(m *machine, d *vec) {
		a := m.address(&from)
		for i := range n {
			if m.masks[f.mask]>>i&1 != 0 {
				d[i] = *(*float32)(m.load(a+4*uint64(i), 4))
			}
		}
	})
}

func storeVector(to unsafe.Pointer, x *vec, bytes int) {
	switch bytes {
	case 64:
		*(*vec)(to) = *x
	case 32:
		*(*[8]float32)(to) = *(*[8]float32)(x[:])
	default:
		*(*[4]float32)(to) = *(*[4]float32)(x[:])
	}
}

// broadcast is VBROADCASTSS.
func broadcast(f *form) func(*machine) {
	if !f.is("vm", "v") {
		return nil
	}
	n, from := f.last().bytes/4, f.operands[0]
	lanes := 4 // of a register, of which the first one counts
	if from.kind == memory {
		lanes = 1
	}
	x := f.source(from, lanes)
	return f.result(func(m *machine, d *vec) {
		x := x(m)[0]
		for i := range n {
			d[i] = x
		}
	})
}

// moveFloat is VMOVSS from memory.
func moveFloat(f *form) func(*machine) {
	if !f.is("m", "v") || f.last().bytes != 16 || f.masked {
		return nil
	}
	x := f.source(f.operands[0], 1)
	return f.result(func(m *machine, d *vec) { *d = vec{x(m)[0]} })
}

// moveInteger is VMOVD to a vector register.
func moveInteger(f *form) func(*machine) {
	if !f.is("r", "v") || f.last().bytes != 16 || f.masked {
		return nil
	}
	from := f.operands[0]
	f.readsOf(from)
	return f.result(func(m *machine, d *vec) {
		*d = vec{math.Float32frombits(uint32(m.general[from.register]))}
	})
}

// convertHalf is VCVTPH2PS from memory.
func convertHalf(f *form) func(*machine) {
	if !f.is("m", "v") || f.masked || f.broadcast {
		return nil
	}
	from, n := f.operands[0], f.last().bytes/4
	f.readsOf(from)
	return f.result(func(m *machine, d *vec) {
		for i, h := range unsafe.Slice((*uint16)(m.load(m.address(&from), uint64(2*n))), n) {
			d[i] = halfToSingle(h)
		}
	})
}

// extract is VEXTRACTF128 to memory.
func extract(f *form) func(*machine) {
	if !f.is("i", "v", "m") || f.operands[1].bytes != 32 {
		return nil
	}
	part, from, to := int(f.operands[0].value&1), f.operands[1], f.operands[2]
	f.readsOf(from)
	f.writesTo(to)
	return func(m *machine) {
		x := m.vectors[from.register][4*part:]
		*(*[4]float32)(m.store(m.address(&to), 16)) = *(*[4]float32)(x)
	}
}

// upperZero is VZEROUPPER.
func upperZero(f *form) func(*machine) {
	if !f.is() {
		return nil
	}
	f.kills |= upper
	return func(m *machine) {
		for i := range 16 {
			clear(m.vectors[i][4:])
		}
	}
}
