package asm

import "github.com/resnetc/resnetc/asm/neon"

// The Winograd transforms do the same arithmetic as those of amd64 in
// winograd.go, and give the same bits.  A loop goes through a tile's four
// vectors of channels.

// General-purpose registers of the Winograd kernels.
const (
	neonWinoIn     = neon.X1 // of the tile's current vector
	neonWinoOut    = neon.X2
	neonWinoTiles  = neon.X3  // left to do
	neonWinoVector = neon.X4  // vectors of the tile left
	neonWinoFrom   = neon.X5  // distance of what a column is read from, times 1, and 2 to 5 after it
	neonWinoMatrix = neon.X10 // the matrices' distance, times 1, and in the input transform 2 to 5 after it
	neonWinoTo     = neon.X15 // scratch
	neonWinoFactor = neon.X16 // scratch
	neonWinoLine   = neon.X17 // distance of rows of what is written
)

// winoVectors hands out vector registers.
type winoVectors []int

func (f *winoVectors) take() int {
	i := (*f)[0]
	*f = (*f)[1:]
	return i
}

func (f *winoVectors) give(i ...int) { *f = append(*f, i...) }

// winoPairs are the rows of Bᵀ d that are computed together, by m.
var winoPairs = map[int][][2]int{
	2: {{0, 3}, {1, 2}},
	4: {{0, 5}, {1, 2}, {3, 4}},
}

// winoConstants puts constants into the highest registers and returns where,
// and the registers below neonWinoBiasVec, which are free.
func (b *neonBuilder) winoConstants(constants ...float64) (map[float64]neon.Vec, winoVectors) {
	at := map[float64]neon.Vec{}
	for i, c := range constants {
		at[c] = neon.Vec(neon.Vectors - 1 - i)
		b.fill(at[c], c)
	}
	var free winoVectors
	for i := range int(neonWinoBiasVec) {
		free = append(free, i)
	}
	return at, free
}

// winoMultiples sets the registers after one to 2, 3 and so on times it, up to n.
func (b *neonBuilder) winoMultiples(one neon.Reg, n int) {
	for i := range neon.Reg(n - 1) {
		b.Inst(neon.ADD, one+i+1, one+i, one)
	}
}

// winoPlace sets a register to base plus k distances.
func (b *neonBuilder) winoPlace(to, base, distance neon.Reg, k int) {
	switch k {
	case 0:
		b.Inst(neon.MOV, to, base)
	case 1:
		b.Inst(neon.ADD, to, base, distance)
	default:
		b.Inst(neon.MOVZ, neonWinoFactor, k)
		b.Inst(neon.MADD, to, distance, neonWinoFactor, base)
	}
}

// winoLoad loads element i of a column that begins at neonWinoTo.
func (b *neonBuilder) winoLoad(r, i int) {
	if i == 0 {
		b.Inst(neon.LDRQ, neon.Vec(r), neonWinoTo, 0)
	} else {
		b.Inst(neon.LDRQX, neon.Vec(r), neonWinoTo, neonWinoFrom+neon.Reg(i-1))
	}
}

// winoTileLoop calls body for each vector of each tile; in and out advance by
// so many bytes from one tile to the next.
func (b *neonBuilder) winoTileLoop(in, out int, body, end func()) {
	b.arg("tiles", neonWinoTiles)
	b.Inst(neon.CMPImm, neonWinoTiles, 0)
	b.Inst(neon.BLE, neon.Label("done"))
	b.arg("in", neonWinoIn)
	b.arg("out", neonWinoOut)
	b.Label("tile")
	b.Inst(neon.MOVZ, neonWinoVector, 4)
	b.Label("vector")
	body()
	b.Inst(neon.ADDImm, neonWinoIn, neonWinoIn, 16)
	b.Inst(neon.ADDImm, neonWinoOut, neonWinoOut, 16)
	b.Inst(neon.SUBSImm, neonWinoVector, neonWinoVector, 1)
	b.Inst(neon.BNE, neon.Label("vector"))
	for _, p := range []struct {
		r neon.Reg
		n int
	}{{neonWinoIn, in}, {neonWinoOut, out}} {
		if p.n > 64 {
			b.Inst(neon.ADDImm, p.r, p.r, p.n-64)
		}
	}
	end()
	b.Inst(neon.SUBSImm, neonWinoTiles, neonWinoTiles, 1)
	b.Inst(neon.BNE, neon.Label("tile"))
	b.Label("done")
}

// neonWinogradIn is the transform Bᵀ d B of tiles of m+2 by m+2 input pixels.
func neonWinogradIn(b *neonBuilder) {
	m := b.kernel.Pixels
	n := m + 2
	b.arg("row", neonWinoFrom)
	b.winoMultiples(neonWinoFrom, n-1)
	b.arg("matrix", neonWinoMatrix)
	b.winoMultiples(neonWinoMatrix, n-1)
	b.Inst(neon.ADD, neonWinoLine, neonWinoMatrix+neon.Reg(n-2), neonWinoMatrix)
	constants, free := b.winoConstants([]float64{2, 4}[:2*(m/4)]...)

	b.winoTileLoop(m*64, 64, func() {
		for _, pair := range winoPairs[m] {
			half := [2][]int{}
			for x := range n {
				b.Inst(neon.ADDImm, neonWinoTo, neonWinoIn, x*64)
				first, second := b.winoBRows(pair, constants, &free)
				half[0], half[1] = append(half[0], first), append(half[1], second)
			}
			for k, h := range half {
				b.winoPlace(neonWinoTo, neonWinoOut, neonWinoLine, pair[k])
				b.winoBColumns(h, constants, &free, func(x, i int) {
					if x == 0 {
						b.Inst(neon.STRQ, neon.Vec(i), neonWinoTo, 0)
					} else {
						b.Inst(neon.STRQX, neon.Vec(i), neonWinoTo, neonWinoMatrix+neon.Reg(x-1))
					}
				})
			}
		}
	}, func() {})
}

// winoBRows computes two rows of Bᵀ d in the column at neonWinoTo, and returns
// the registers that hold them.
func (b *neonBuilder) winoBRows(pair [2]int, c map[float64]neon.Vec, free *winoVectors) (first, second int) {
	d := map[int]int{}
	take := func(ys ...int) {
		for _, y := range ys {
			d[y] = free.take()
			b.winoLoad(d[y], y)
		}
	}
	r := free.take()
	switch {
	case pair == [2]int{0, 3}: // d0-d2, d1-d3
		take(0, 1, 2, 3)
		b.sub(d[0], d[0], d[2])
		b.sub(d[1], d[1], d[3])
		free.give(r, d[2], d[3])
		return d[0], d[1]
	case pair == [2]int{0, 5}: // (d4-d2)+4(d0-d2), (d5-d3)+4(d1-d3)
		take(0, 1, 2, 3, 4, 5)
		for i := range 2 {
			b.sub(d[i+4], d[i+4], d[i+2])
			b.sub(d[i], d[i], d[i+2])
			b.fmla(d[i+4], d[i], c[4])
		}
		free.give(r, d[0], d[1], d[2], d[3])
		return d[4], d[5]
	case len(c) == 0: // d2+d1, d2-d1
		take(1, 2)
		b.add(r, d[2], d[1])
		b.sub(d[2], d[2], d[1])
		free.give(d[1])
		return r, d[2]
	}
	take(1, 2, 3, 4)
	if pair[0] == 1 { // (d4-4d2) ± (d3-4d1)
		b.fmls(d[4], d[2], c[4])
		b.fmls(d[3], d[1], c[4])
		b.add(r, d[4], d[3])
		b.sub(d[4], d[4], d[3])
	} else { // (d4-d2) ± 2(d3-d1)
		b.sub(d[4], d[4], d[2])
		b.sub(d[3], d[3], d[1])
		b.move(r, d[4])
		b.fmla(r, d[3], c[2])
		b.fmls(d[4], d[3], c[2])
	}
	free.give(d[1], d[2], d[3])
	return r, d[4]
}

// winoBColumns computes a row of (Bᵀ d) B from the registers of a row of Bᵀ d,
// which it uses up, and stores element x from its register.
func (b *neonBuilder) winoBColumns(h []int, c map[float64]neon.Vec, free *winoVectors, store func(x, i int)) {
	t, u := free.take(), free.take()
	if len(h) == 4 {
		b.sub(h[0], h[0], h[2])
		store(0, h[0])
		b.sub(h[3], h[1], h[3])
		store(3, h[3])
		b.add(t, h[2], h[1])
		store(1, t)
		b.sub(u, h[2], h[1])
		store(2, u)
	} else {
		// With t = h4-h2 and h0 = h3-h1 after its use:
		// t+4(h0-h2), h5-h3-4(h3-h1), t ± 2(h3-h1), (h4-4h2) ± (h3-4h1).
		b.sub(t, h[4], h[2])
		b.sub(h[0], h[0], h[2])
		b.move(u, t)
		b.fmla(u, h[0], c[4])
		store(0, u)
		b.sub(h[0], h[3], h[1])
		b.sub(h[5], h[5], h[3])
		b.fmls(h[5], h[0], c[4])
		store(5, h[5])
		b.fmls(h[4], h[2], c[4])
		b.fmls(h[3], h[1], c[4])
		b.add(h[2], h[4], h[3])
		store(1, h[2])
		b.sub(h[4], h[4], h[3])
		store(2, h[4])
		b.move(h[1], t)
		b.fmla(h[1], h[0], c[2])
		store(3, h[1])
		b.fmls(t, h[0], c[2])
		store(4, t)
	}
	free.give(t, u)
	free.give(h...)
}

// Arithmetic on registers by number: dst = x+y, dst = x-y, dst += x*c,
// dst -= x*c (rounded once) and dst = src.
func (b *neonBuilder) add(dst, x, y int) {
	b.Inst(neon.FADD, neon.Vec(dst), neon.Vec(x), neon.Vec(y))
}

func (b *neonBuilder) sub(dst, x, y int) {
	b.Inst(neon.FSUB, neon.Vec(dst), neon.Vec(x), neon.Vec(y))
}

func (b *neonBuilder) fmla(dst, x int, c neon.Vec) {
	b.Inst(neon.FMLA, neon.Vec(dst), neon.Vec(x), c)
}

func (b *neonBuilder) fmls(dst, x int, c neon.Vec) {
	b.Inst(neon.FMLS, neon.Vec(dst), neon.Vec(x), c)
}

func (b *neonBuilder) move(dst, src int) {
	b.Inst(neon.MOVV, neon.Vec(dst), neon.Vec(src))
}
