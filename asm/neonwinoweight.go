package asm

import "github.com/resnetc/resnetc/asm/neon"

// neonWinogradWeight is the transform G g Gᵀ, with the roundings of winogradWeight.
func neonWinogradWeight(b *neonBuilder) {
	const row = neonWinoFrom + 2 // distance of taps; those of a column are three apart
	n := b.kernel.Pixels + 2
	b.arg("row", row)
	b.Inst(neon.ADDShift, neonWinoFrom, row, row, 1)
	b.winoMultiples(neonWinoFrom, 2)
	b.arg("matrix", neonWinoMatrix)
	b.winoMultiples(neonWinoMatrix, n-1)
	b.Inst(neon.ADD, neonWinoLine, neonWinoMatrix+neon.Reg(n-2), neonWinoMatrix)
	factors := []float64{1. / 4, 1. / 6, -1. / 6, 1. / 12, 1. / 24}
	if n == 4 {
		factors = []float64{0.5}
	}
	constants, free := b.winoConstants(factors...)

	b.winoTileLoop(64, 64, func() {
		half := make([][]int, n)
		for x := range 3 {
			b.winoPlace(neonWinoTo, neonWinoIn, row, x)
			var g [3]int
			for y := range g {
				g[y] = free.take()
				b.winoLoad(g[y], y)
			}
			for y, i := range b.winoG(g, constants, &free) {
				half[y] = append(half[y], i)
			}
		}
		for y, h := range half {
			b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, y)
			all := b.winoG([3]int(h), constants, &free)
			b.winoStoreLine(all, neonWinoMatrix)
			free.give(all...)
		}
	}, func() {})
}

// winoStoreLine stores registers from neonWinoTo on, that far apart; multiples
// of the distance follow it.
func (b *neonBuilder) winoStoreLine(registers []int, distance neon.Reg) {
	b.Inst(neon.STRQ, neon.Vec(registers[0]), neonWinoTo, 0)
	for x, i := range registers[1:] {
		b.Inst(neon.STRQX, neon.Vec(i), neonWinoTo, distance+neon.Reg(x))
	}
}

// winoG multiplies G by three registers, which it uses up, and returns the
// registers of the product's elements.
func (b *neonBuilder) winoG(g [3]int, c map[float64]neon.Vec, free *winoVectors) []int {
	times := func(dst, x int, factor float64) { b.Inst(neon.FMUL, neon.Vec(dst), neon.Vec(x), c[factor]) }
	s, t := free.take(), free.take()
	b.add(s, g[0], g[2])
	if len(c) == 1 { // g0, (g0+g2)/2 ± g1/2, g2
		times(s, s, 0.5)
		times(g[1], g[1], 0.5)
		b.sub(t, s, g[1])
		b.add(s, s, g[1])
		free.give(g[1])
		return []int{g[0], s, t, g[2]}
	}
	// g0/4, -((g0+g2)±g1)/6, (g0/24+g2/6) ± g1/12, g2
	u, v := free.take(), free.take()
	b.sub(t, s, g[1])
	b.add(s, s, g[1])
	times(s, s, -1./6)
	times(t, t, -1./6)
	times(u, g[0], 1./24)
	times(v, g[2], 1./6)
	b.add(u, u, v)
	times(g[1], g[1], 1./12)
	b.sub(v, u, g[1])
	b.add(u, u, g[1])
	times(g[0], g[0], 1./4)
	free.give(g[1])
	return []int{g[0], s, t, u, v, g[2]}
}
