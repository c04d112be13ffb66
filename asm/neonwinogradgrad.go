package asm

import "github.com/resnetc/resnetc/asm/neon"

// neonWinogradGradIn is the transform A d Aᵀ, with the signs of winogradGradIn.
func neonWinogradGradIn(b *neonBuilder) {
	b.arg("row", neonWinoFrom)
	b.arg("matrix", neonWinoMatrix)
	b.winoMultiples(neonWinoMatrix, 3)
	b.Inst(neon.ADD, neonWinoLine, neonWinoMatrix+2, neonWinoMatrix)
	_, free := b.winoConstants()
	// Of x, y: x, x+y, x-y, y.
	spread := func(x, y int) [4]int {
		sum, difference := free.take(), free.take()
		b.add(sum, x, y)
		b.sub(difference, x, y)
		return [4]int{x, sum, difference, y}
	}
	b.winoTileLoop(2*64, 64, func() {
		column := func(x int) [4]int {
			b.Inst(neon.ADDImm, neonWinoTo, neonWinoIn, 64*x)
			top, bottom := free.take(), free.take()
			b.winoLoad(top, 0)
			b.winoLoad(bottom, 1)
			return spread(top, bottom)
		}
		left, right := column(0), column(1)
		for y := range left {
			b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, y)
			all := spread(left[y], right[y])
			b.winoStoreLine(all[:], neonWinoMatrix)
			free.give(all[:]...)
		}
	}, func() {})
}

// neonWinogradGradOut is the transform Gᵀ u G, with the roundings of winogradGradOut.
func neonWinogradGradOut(b *neonBuilder) {
	const (
		column = neonWinoFrom + 3 // distance of a row's sums
		tap    = neonWinoMatrix   // distance of taps, times 1 and 2
	)
	b.arg("matrix", column)
	b.Inst(neon.ADDShift, neonWinoFrom, column, column, 1)
	b.Inst(neon.ADD, neonWinoFrom, neonWinoFrom, column)
	b.winoMultiples(neonWinoFrom, 3)
	b.arg("row", tap)
	b.winoMultiples(tap, 2)
	b.Inst(neon.ADD, neonWinoLine, tap+1, tap)
	constants, free := b.winoConstants(0.5)
	half := func(i int) { b.Inst(neon.FMUL, neon.Vec(i), neon.Vec(i), constants[0.5]) }
	// Of u: u0+(u1+u2)/2, (u1-u2)/2, (u1+u2)/2-u3; uses u up.
	gather := func(u [4]int) [3]int {
		sum := free.take()
		b.add(sum, u[1], u[2])
		b.sub(u[1], u[1], u[2])
		half(sum)
		half(u[1])
		b.sub(u[3], sum, u[3])
		b.add(sum, sum, u[0])
		free.give(u[0], u[2])
		return [3]int{sum, u[1], u[3]}
	}
	b.winoTileLoop(64, 64, func() {
		var rows [3][4]int
		for x := range 4 {
			b.winoPlace(neonWinoTo, neonWinoIn, column, x)
			var u [4]int
			for y := range u {
				u[y] = free.take()
				b.winoLoad(u[y], y)
			}
			for y, i := range gather(u) {
				rows[y][x] = i
			}
		}
		for y, h := range rows {
			b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, y)
			taps := gather(h)
			b.winoStoreLine(taps[:], tap)
			free.give(taps[:]...)
		}
	}, func() {})
}
