package asm

import "github.com/resnetc/resnetc/asm/neon"

// neonWinogradGrad4In is the transform A d Aᵀ, with the roundings of winogradGrad4In.
func neonWinogradGrad4In(b *neonBuilder) {
	b.arg("row", neonWinoFrom)
	b.winoMultiples(neonWinoFrom, 3)
	b.arg("matrix", neonWinoMatrix)
	b.winoMultiples(neonWinoMatrix, 5)
	b.Inst(neon.ADD, neonWinoLine, neonWinoMatrix+4, neonWinoMatrix)
	c, free := b.winoConstants(2, 4)
	load := func(y int) int {
		i := free.take()
		b.winoLoad(i, y)
		return i
	}
	// x ± y*factor, in two registers of which x is the second; gives y free.
	both := func(x, y int, factor float64) (sum, difference int) {
		sum = free.take()
		if factor == 1 {
			b.add(sum, x, y)
			b.sub(x, x, y)
		} else {
			b.move(sum, x)
			b.fmla(sum, y, c[factor])
			b.fmls(x, y, c[factor])
		}
		free.give(y)
		return sum, x
	}
	b.winoTileLoop(4*64, 64, func() {
		for _, rows := range winoPairs[4] {
			var half [2][4]int
			for x := range 4 {
				b.Inst(neon.ADDImm, neonWinoTo, neonWinoIn, 64*x)
				if rows[0] == 0 {
					half[0][x], half[1][x] = load(0), load(3)
					continue
				}
				d, factor := [4]int{load(0), load(1), load(2), load(3)}, 1.
				if rows[0] == 1 {
					b.add(d[0], d[0], d[2])
					b.add(d[1], d[1], d[3])
				} else {
					b.fmla(d[0], d[2], c[4])
					b.fmla(d[1], d[3], c[4])
					factor = 2
				}
				free.give(d[2], d[3])
				half[0][x], half[1][x] = both(d[0], d[1], factor)
			}
			for i, h := range half {
				b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, rows[i])
				even, odd, even4, odd4 := free.take(), free.take(), free.take(), free.take()
				b.add(even, h[0], h[2])
				b.add(odd, h[1], h[3])
				b.move(even4, h[0])
				b.fmla(even4, h[2], c[4])
				b.move(odd4, h[1])
				b.fmla(odd4, h[3], c[4])
				free.give(h[1], h[2])
				e1, e2 := both(even, odd, 1)
				e3, e4 := both(even4, odd4, 2)
				all := []int{h[0], e1, e2, e3, e4, h[3]}
				b.winoStoreLine(all, neonWinoMatrix)
				free.give(all...)
			}
		}
	}, func() {})
}

// neonWinogradGrad4Out is the transform Gᵀ u G, with the roundings of winogradGrad4Out.
func neonWinogradGrad4Out(b *neonBuilder) {
	const (
		tap    = neonWinoMatrix     // distance of taps, times 1 and 2
		column = neonWinoMatrix + 2 // distance of a row's sums
	)
	b.arg("matrix", column)
	b.Inst(neon.ADDShift, neonWinoFrom, column, column, 1)
	b.Inst(neon.ADD, neonWinoFrom, neonWinoFrom, neonWinoFrom)
	b.winoMultiples(neonWinoFrom, 5)
	b.arg("row", tap)
	b.winoMultiples(tap, 2)
	b.Inst(neon.ADD, neonWinoLine, tap+1, tap)
	c, free := b.winoConstants(1./2, 1./4, 1./6)
	times := func(i int, factor float64) { b.Inst(neon.FMUL, neon.Vec(i), neon.Vec(i), c[factor]) }
	// Element k of Gᵀ u.
	fold := func(k int, u [6]int) int {
		first, second := free.take(), free.take()
		if k == 1 {
			b.sub(first, u[3], u[4])
			b.sub(second, u[2], u[1])
			times(first, 1./2)
			b.add(first, first, second)
		} else {
			b.add(first, u[3], u[4])
			b.add(second, u[2], u[1])
			if k == 0 {
				times(first, 1./4)
			}
			b.sub(first, first, second)
		}
		times(first, 1./6)
		switch k {
		case 0:
			b.fmla(first, u[0], c[1./4])
		case 2:
			b.add(first, first, u[5])
		}
		free.give(second)
		return first
	}
	b.winoTileLoop(64, 64, func() {
		for y := range 3 {
			var half [6]int
			for x := range half {
				b.winoPlace(neonWinoTo, neonWinoIn, column, x)
				var u [6]int
				for i := range u {
					u[i] = free.take()
					b.winoLoad(u[i], i)
				}
				half[x] = fold(y, u)
				free.give(u[:]...)
			}
			b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, y)
			taps := []int{fold(0, half), fold(1, half), fold(2, half)}
			b.winoStoreLine(taps, tap)
			free.give(taps...)
			free.give(half[:]...)
		}
	}, func() {})
}
