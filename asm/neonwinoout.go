package asm

import (
	"fmt"
	"math"

	"github.com/resnetc/resnetc/asm/neon"
)

// Registers of the output transform, beside those of both.
const (
	neonWinoBias    = neon.X11 // of the current vector, or nil
	neonWinoResRow  = neon.X12
	neonWinoRows    = neon.X13
	neonWinoCols    = neon.X14 // left
	neonWinoRes     = neon.X19 // scratch
	neonWinoBiasVec = neon.Vec(25)
	neonWinoFloor   = neon.Vec(26)
	neonWinoMask    = neon.Vec(27)
)

// neonWinogradOut is the transform Aᵀ d A to tiles of m by m output pixels,
// with the epilogue of a convolution.
func neonWinogradOut(b *neonBuilder) {
	m, n := b.kernel.Pixels, b.kernel.winogradSums()
	b.floor(neonWinoFloor)
	b.fill(neonWinoBiasVec, math.Copysign(0, -1)) // which changes nothing
	b.arg("matrix", neonWinoMatrix)
	b.Inst(neon.MOVZ, neonWinoFactor, n)
	b.Inst(neon.MUL, neonWinoFrom, neonWinoMatrix, neonWinoFactor)
	b.winoMultiples(neonWinoFrom, n-1)
	b.arg("row", neonWinoLine)
	b.arg("resRow", neonWinoResRow)
	b.arg("rows", neonWinoRows)
	b.arg("cols", neonWinoCols)
	b.arg("bias", neonWinoBias)
	rows, constants := [][2]int{{0, 1}}, []float64(nil)
	if m == 4 {
		rows, constants = [][2]int{{0, 2}, {1, 3}}, []float64{2, 4, 8}
	}
	c, free := b.winoConstants(constants...)

	b.winoTileLoop(64, m*64, func() {
		b.Inst(neon.CBZ, neonWinoBias, neon.Label("unbiased"))
		b.Inst(neon.LDRQ, neonWinoBiasVec, neonWinoBias, 0)
		b.Inst(neon.ADDImm, neonWinoBias, neonWinoBias, 16)
		b.Label("unbiased")
		for _, pair := range rows {
			half := [2][]int{}
			b.Inst(neon.MOV, neonWinoTo, neonWinoIn)
			for x := range n {
				if x > 0 {
					b.Inst(neon.ADD, neonWinoTo, neonWinoTo, neonWinoMatrix)
				}
				first, second := b.winoARows(pair, x == 1, c, &free)
				half[0], half[1] = append(half[0], first), append(half[1], second)
			}
			for k, h := range half {
				pixels, spare := b.winoAColumns(h, c, &free)
				b.winoStore(pair[k], pixels)
				free.give(pixels...)
				free.give(spare...)
			}
		}
	}, func() {
		b.Inst(neon.SUBImm, neonWinoCols, neonWinoCols, m)
		b.Inst(neon.CBZ, neonWinoBias, neon.Label("next"))
		b.Inst(neon.SUBImm, neonWinoBias, neonWinoBias, 64)
		b.Label("next")
	})
}

// winoARows computes two rows of Aᵀ d in one column, as winoBRows does.  The
// bias is added to element (1, 1) of d, of the biased column: see winogradOut.
func (b *neonBuilder) winoARows(pair [2]int, biased bool, c map[float64]neon.Vec, free *winoVectors) (first, second int) {
	d := map[int]int{}
	take := func(ys ...int) {
		for _, y := range ys {
			d[y] = free.take()
			b.winoLoad(d[y], y)
			if y == 1 && biased {
				b.add(d[1], d[1], int(neonWinoBiasVec))
			}
		}
	}
	r := free.take()
	if b.kernel.winogradSums() == 3 { // d0+d1, d1+d2
		take(0, 1, 2)
		b.add(r, d[0], d[1])
		b.add(d[1], d[1], d[2])
		free.give(d[0], d[2])
		return r, d[1]
	}
	switch pair {
	case [2]int{0, 1}: // d0+d1+d2, d1-d2-d3
		take(0, 1, 2, 3)
		b.add(r, d[1], d[2])
		b.add(r, r, d[0])
		b.sub(d[1], d[1], d[2])
		b.sub(d[1], d[1], d[3])
		free.give(d[0], d[2], d[3])
	case [2]int{0, 2}: // d0+(d1+d2)+(d3+d4), (d1+d2)+4(d3+d4)
		take(0, 1, 2, 3, 4)
		b.add(d[1], d[1], d[2])
		b.add(d[3], d[3], d[4])
		b.add(r, d[1], d[0])
		b.add(r, r, d[3])
		b.fmla(d[1], d[3], c[4])
		free.give(d[0], d[2], d[3], d[4])
	default: // (d1-d2)+2(d3-d4), (d1-d2)+8(d3-d4)+d5
		take(1, 2, 3, 4, 5)
		b.sub(d[1], d[1], d[2])
		b.sub(d[3], d[3], d[4])
		b.move(r, d[1])
		b.fmla(r, d[3], c[2])
		b.fmla(d[1], d[3], c[8])
		b.add(d[1], d[1], d[5])
		free.give(d[2], d[3], d[4], d[5])
	}
	return r, d[1]
}

// winoAColumns computes a row of (Aᵀ d) A from the registers of a row of Aᵀ d.
// It returns the registers of its pixels and those that are no longer used.
func (b *neonBuilder) winoAColumns(h []int, c map[float64]neon.Vec, free *winoVectors) (pixels, spare []int) {
	if len(h) == 3 {
		b.add(h[0], h[0], h[1])
		b.add(h[1], h[1], h[2])
		return h[:2], h[2:]
	}
	t := free.take()
	b.add(t, h[1], h[2])
	b.sub(h[1], h[1], h[2])
	b.add(h[0], h[0], t)
	if len(h) == 4 {
		b.sub(h[1], h[1], h[3])
		return []int{h[0], h[1]}, []int{h[2], h[3], t}
	}
	b.add(h[2], h[3], h[4])
	b.sub(h[3], h[3], h[4])
	b.add(h[0], h[0], h[2])
	b.move(h[4], h[1])
	b.fmla(h[4], h[3], c[2])
	b.fmla(t, h[2], c[4])
	b.fmla(h[1], h[3], c[8])
	b.add(h[1], h[1], h[5])
	return []int{h[0], h[4], t, h[1]}, []int{h[2], h[3], h[5]}
}

// winoStore finishes and stores a row's pixels, as far as they lie in the output.
func (b *neonBuilder) winoStore(row int, pixels []int) {
	end, linear := neon.Label(fmt.Sprintf("row%d", row)), fmt.Sprintf("linear%d_", row)
	b.Inst(neon.CMPImm, neonWinoRows, row)
	b.Inst(neon.BLE, end)
	b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, row)
	b.arg("res", neonWinoRes)
	b.Inst(neon.CBZ, neonWinoRes, neon.Label(linear))
	// The residual advances as the output does.
	b.winoPlace(neonWinoRes, neonWinoRes, neonWinoResRow, row)
	b.Inst(neon.ADD, neonWinoRes, neonWinoRes, neonWinoOut)
	b.arg("out", neonScratch)
	b.Inst(neon.SUB, neonWinoRes, neonWinoRes, neonScratch)
	b.Label(neon.Label(linear))
	for x, i := range pixels {
		v := neon.Vec(i)
		b.Inst(neon.CMPImm, neonWinoCols, x)
		b.Inst(neon.BLE, end)
		next := neon.Label(fmt.Sprintf("%s%d", linear, x))
		b.Inst(neon.CBZ, neonWinoRes, next)
		b.Inst(neon.LDRQ, neonWinoMask, neonWinoRes, x*64)
		b.Inst(neon.FADD, v, v, neonWinoMask)
		b.Label(next)
		b.clampTo(v, v, neonWinoFloor, neonWinoMask)
		b.Inst(neon.STRQ, v, neonWinoTo, x*64)
	}
	b.Label(end)
}
