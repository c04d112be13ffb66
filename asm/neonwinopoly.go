package asm

import "github.com/resnetc/resnetc/asm/neon"

// neonPolyphaseIn is the transform of polyphaseIn.
func neonPolyphaseIn(b *neonBuilder) {
	const n = polyphaseElements
	b.arg("row", neonWinoFrom)
	b.winoMultiples(neonWinoFrom, n-1)
	b.arg("matrix", neonWinoMatrix)
	b.winoMultiples(neonWinoMatrix, n-1)
	b.Inst(neon.ADD, neonWinoLine, neonWinoMatrix+n-2, neonWinoMatrix)
	_, free := b.winoConstants()

	b.winoTileLoop(4*64, 64, func() {
		middle := make([]int, n) // row 2 of d
		load := func(y, x, r int) {
			b.Inst(neon.ADDImm, neonWinoTo, neonWinoIn, x*64)
			b.winoLoad(r, y)
		}
		for x := range n {
			middle[x] = free.take()
			load(2, x, middle[x])
		}
		// Row 2 is the last one: it is used up.
		for _, y := range []int{0, 1, 3, 4, 2} {
			h := middle
			if y != 2 {
				h = make([]int, n)
				for x := range n {
					h[x] = free.take()
					load(y, x, h[x])
					if polyphaseMinus(y) {
						b.sub(h[x], h[x], middle[x])
					}
				}
			}
			b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, y)
			for x, i := range h {
				if polyphaseMinus(x) {
					b.sub(i, i, h[2])
				}
				if x == 0 {
					b.Inst(neon.STRQ, neon.Vec(i), neonWinoTo, 0)
				} else {
					b.Inst(neon.STRQX, neon.Vec(i), neonWinoTo, neonWinoMatrix+neon.Reg(x-1))
				}
			}
			free.give(h...)
		}
	}, func() {})
}
