package asm

import "github.com/mmcloughlin/avo/operand"

// The matrix Bᵀ of polyphase_in takes five pixels x to x0-x2, x1, x2, x3 and
// x4-x2.  polyphaseMinus tells which of its rows take element 2 away.
const polyphaseElements = 5

func polyphaseMinus(row int) bool { return row == 0 || row == 4 }

// polyphaseIn is the transform Bᵀ d B of tiles of 5 by 5 input pixels, 4 pixels
// apart.  Stores bound it, so it reads row 2 of d three times rather than keep it.
func polyphaseIn(b *builder) {
	w := newWinograd(b)
	w.MOVQ(w.arg("row"), winoRow)
	w.multiples(winoRow, winoRow3, winoRow5)
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.multiples(winoMatrix, winoMatrix3, winoMatrix5)

	w.tileLoop(func() {
		w.MOVQ(winoOut, winoAt)
		for y := range polyphaseElements {
			for v := range w.isa.vectors() {
				disp := v * w.isa.bytes()
				d := func(y, x int) operand.Mem {
					return winoStrided(winoIn, winoRow, winoRow3, winoRow5, y, x*64+disp)
				}
				var h []int
				for x := range polyphaseElements {
					i := w.read(d(y, x))
					if polyphaseMinus(y) {
						w.sub(i, d(2, x))
					}
					h = append(h, i)
				}
				for x, i := range h {
					if polyphaseMinus(x) {
						w.sub(i, w.vec(h[2]))
					}
					w.VMOVUPS(w.vec(i), winoStrided(winoAt, winoMatrix, winoMatrix3, winoMatrix5, x, disp))
				}
				w.give(h...)
			}
			w.ADDQ(winoMatrix5, winoAt)
		}
		w.ADDQ(operand.I32(4*64), winoIn)
		w.ADDQ(operand.I32(64), winoOut)
	})
}
