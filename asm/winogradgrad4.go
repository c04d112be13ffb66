package asm

import "github.com/mmcloughlin/avo/operand"

// winogradGrad4In is the transform A d Aᵀ of tiles of 4 by 4 pixels of dy, for a
// weight gradient.  Of d0 to d3 the rows of A d are
//
//	d0, (d0+d2) ± (d1+d3), (d0+4d2) ± 2(d1+4d3), d3
//
// all products of which are exact.
func winogradGrad4In(b *builder) {
	const n = 6
	w := newWinograd(b, 2, 4)
	w.MOVQ(w.arg("row"), winoRow)
	w.multiples(winoRow, winoRow3, winoRow5)
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.multiples(winoMatrix, winoMatrix3, winoMatrix5)
	w.tileLoop(func() {
		for v := range w.isa.vectors() {
			disp := v * w.isa.bytes()
			for _, rows := range [][2]int{{0, 5}, {1, 2}, {3, 4}} {
				var half [2][4]int
				for x := range 4 {
					d := func(y int) operand.Mem {
						return winoStrided(winoIn, winoRow, winoRow3, winoRow5, y, x*64+disp)
					}
					half[0][x], half[1][x] = w.spreadRows(rows[0], d)
				}
				for i, y := range rows {
					w.IMUL3Q(operand.I32(n*y), winoMatrix, winoAt)
					w.ADDQ(winoOut, winoAt)
					w.spreadColumns(half[i], func(x, i int) {
						w.VMOVUPS(w.vec(i), winoStrided(winoAt, winoMatrix, winoMatrix3, winoMatrix5, x, disp))
						w.give(i)
					})
				}
			}
		}
		w.ADDQ(operand.I32(4*64), winoIn)
		w.ADDQ(operand.I32(64), winoOut)
	})
}

// spreadRows computes a row of A d in one column, 0, 1 or 3, and that with it.
func (w *winograd) spreadRows(row int, d func(y int) operand.Mem) (int, int) {
	if row == 0 {
		return w.read(d(0)), w.read(d(3))
	}
	even, odd := w.read(d(0)), w.read(d(1))
	if row == 1 {
		w.add(even, d(2))
		w.add(odd, d(3))
		sum := w.copy(even)
		w.add(sum, w.vec(odd))
		w.sub(even, w.vec(odd))
		w.give(odd)
		return sum, even
	}
	w.addTimes(even, 4, d(2))
	w.addTimes(odd, 4, d(3))
	sum := w.copy(even)
	w.addTimes(sum, 2, w.vec(odd))
	w.subTimes(even, 2, w.vec(odd))
	w.give(odd)
	return sum, even
}

// spreadColumns computes a row of (A d) Aᵀ from the registers of a row of A d,
// which it uses up; done gets the register of each element x.
func (w *winograd) spreadColumns(h [4]int, done func(x, i int)) {
	vec := w.vec
	even, odd := w.copy(h[0]), w.copy(h[1])
	w.add(even, vec(h[2]))
	w.add(odd, vec(h[3]))
	sum := w.copy(even)
	w.add(sum, vec(odd))
	done(1, sum)
	w.sub(even, vec(odd))
	done(2, even)
	w.give(odd)
	w.timesAdd(h[2], 4, vec(h[0]))
	done(0, h[0])
	w.addTimes(h[1], 4, vec(h[3]))
	done(5, h[3])
	sum = w.copy(h[2])
	w.addTimes(sum, 2, vec(h[1]))
	done(3, sum)
	w.subTimes(h[2], 2, vec(h[1]))
	done(4, h[2])
	w.give(h[1])
}

// winogradGrad4Out is the transform Gᵀ u G of rows of 16 sums of products to the
// nine taps of a weight's gradient.  Of u0 to u5 the rows of Gᵀ u are
//
//	u0/4 + ((u3+u4)/4 - (u1+u2))/6, ((u2-u1) + (u3-u4)/2)/6, ((u3+u4) - (u1+u2))/6 + u5
func winogradGrad4Out(b *builder) {
	const n = 6
	w := newWinograd(b, 1./2, 1./4, 1./6)
	w.MOVQ(w.arg("row"), winoRow)
	w.multiples(winoRow, winoRow3, winoRow5)
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.tileLoop(func() {
		for v := range w.isa.vectors() {
			disp := v * w.isa.bytes()
			for y := range 3 {
				var half [n]int
				for x := range half {
					half[x] = w.fold(y, func(i int) operand.Op {
						w.IMUL3Q(operand.I32(n*i+x), winoMatrix, winoAt)
						return at(winoIn, disp).Idx(winoAt, 1)
					})
				}
				w.IMUL3Q(operand.I32(3*y), winoRow, winoAt)
				w.ADDQ(winoOut, winoAt)
				for x := range 3 {
					i := w.fold(x, func(i int) operand.Op { return w.vec(half[i]) })
					w.VMOVUPS(w.vec(i), winoStrided(winoAt, winoRow, winoRow3, winoRow5, x, disp))
					w.give(i)
				}
				w.give(half[:]...)
			}
		}
		w.ADDQ(operand.I32(64), winoIn)
		w.ADDQ(operand.I32(64), winoOut)
	})
}

// fold computes element k of Gᵀ u, whose elements are in memory or in registers.
func (w *winograd) fold(k int, u func(i int) operand.Op) int {
	first, second := w.take(), w.take()
	w.VMOVUPS(u(3), w.vec(first))
	w.VMOVUPS(u(2), w.vec(second))
	switch k {
	case 0:
		w.add(first, u(4))
		w.add(second, u(1))
		w.VFMSUB132PS(w.constants[1./4], w.vec(second), w.vec(first)) // first/4 - second
	case 1:
		w.sub(first, u(4))
		w.sub(second, u(1))
		w.timesAdd(first, 1./2, w.vec(second))
	case 2:
		w.add(first, u(4))
		w.add(second, u(1))
		w.sub(first, w.vec(second))
	}
	w.VMULPS(w.constants[1./6], w.vec(first), w.vec(first))
	switch k {
	case 0:
		w.addTimes(first, 1./4, u(0))
	case 2:
		w.add(first, u(5))
	}
	w.give(second)
	return first
}
