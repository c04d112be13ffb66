package asm

import "github.com/mmcloughlin/avo/operand"

// winogradGradIn is the transform of tiles of 2 by 2 pixels of dy for a weight
// gradient: A d Aᵀ, but for the sign of its last row and column, which the
// transform of the sum takes into account.
func winogradGradIn(b *builder) {
	w := newWinograd(b)
	w.MOVQ(w.arg("row"), winoRow)
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.multiples(winoMatrix, winoMatrix3, winoMatrix5)
	w.tileLoop(func() {
		for v := range w.isa.vectors() {
			disp := v * w.isa.bytes()
			// Of x, y: x, x+y, x-y, y.
			spread := func(x, y int) [4]int {
				sum, difference := w.copy(x), w.copy(x)
				w.add(sum, w.vec(y))
				w.sub(difference, w.vec(y))
				return [4]int{x, sum, difference, y}
			}
			left := spread(w.read(at(winoIn, disp)), w.read(at(winoIn, disp).Idx(winoRow, 1)))
			right := spread(w.read(at(winoIn, 64+disp)), w.read(at(winoIn, 64+disp).Idx(winoRow, 1)))
			w.MOVQ(winoOut, winoAt)
			for y := range left {
				if y > 0 {
					w.LEAQ(operand.Mem{Base: winoAt, Index: winoMatrix, Scale: 4}, winoAt)
				}
				for x, i := range spread(left[y], right[y]) {
					w.VMOVUPS(w.vec(i), winoStrided(winoAt, winoMatrix, winoMatrix3, winoMatrix5, x, disp))
					w.give(i)
				}
			}
		}
		w.ADDQ(operand.I32(2*64), winoIn)
		w.ADDQ(operand.I32(64), winoOut)
	})
}

// winogradGradOut is the transform Gᵀ u G of rows of 16 sums of products to the
// nine taps of a weight's gradient.
func winogradGradOut(b *builder) {
	w := newWinograd(b, 0.5)
	w.MOVQ(w.arg("row"), winoRow)
	w.multiples(winoRow, winoRow3, winoRow5)
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.multiples(winoMatrix, winoMatrix3, winoMatrix5)
	half := func(i int) { w.VMULPS(w.constants[0.5], w.vec(i), w.vec(i)) }
	w.tileLoop(func() {
		for v := range w.isa.vectors() {
			disp := v * w.isa.bytes()
			var rows [3][4]int
			for x := range 4 { // u0+(u1+u2)/2, (u1-u2)/2, (u1+u2)/2-u3
				w.LEAQ(winoStrided(winoIn, winoMatrix, winoMatrix3, winoMatrix5, x, disp), winoAt)
				u := func(y int) operand.Mem {
					switch m := at(winoAt, 0); y {
					case 1:
						return m.Idx(winoMatrix, 4)
					case 2:
						return m.Idx(winoMatrix, 8)
					case 3:
						return m.Idx(winoMatrix3, 4)
					default:
						return m
					}
				}
				difference := w.read(u(1))
				first := w.copy(difference)
				w.add(first, u(2))
				w.sub(difference, u(2))
				half(first)
				half(difference)
				last := w.copy(first)
				w.sub(last, u(3))
				w.add(first, u(0))
				rows[0][x], rows[1][x], rows[2][x] = first, difference, last
			}
			w.MOVQ(winoOut, winoAt)
			for y, h := range rows {
				if y > 0 {
					w.ADDQ(winoRow3, winoAt)
				}
				sum := w.copy(h[1])
				w.add(sum, w.vec(h[2]))
				w.sub(h[1], w.vec(h[2]))
				half(sum)
				half(h[1])
				w.VSUBPS(w.vec(h[3]), w.vec(sum), w.vec(h[3]))
				w.add(sum, w.vec(h[0]))
				for x, i := range []int{sum, h[1], h[3]} {
					w.VMOVUPS(w.vec(i), winoStrided(winoAt, winoRow, winoRow3, winoRow5, x, disp))
				}
				w.give(sum)
				w.give(h[:]...)
			}
		}
		w.ADDQ(operand.I32(64), winoIn)
		w.ADDQ(operand.I32(64), winoOut)
	})
}
