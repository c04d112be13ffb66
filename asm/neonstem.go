package asm

import (
	"math"

	"github.com/resnetc/resnetc/asm/neon"
)

// General-purpose registers of the stem kernels.
const (
	neonStemIn     = neon.X1 // of the group
	neonStemOut    = neon.X2 // of the group's current vector
	neonStemLeft   = neon.X3 // groups left
	neonStemW      = neon.X4 // weights of the vector
	neonStemNextW  = neon.X5
	neonStemBias   = neon.X6 // of the vector, or nil
	neonStemRow    = neon.X8 // of transformed input
	neonStemAt     = neon.X9 // transformed input
	neonStemRows   = neon.X10
	neonStemPlane  = neon.X11
	neonStemVector = neon.X12 // vectors of the block left
	neonStemFloor  = neon.X13 // what results are clamped to
	neonStemTwo    = neon.X14 // the bits of 2, 4 and 8
	neonStemFour   = neon.X15
	neonStemEight  = neon.X16
	neonStemKH     = neon.X17 // arguments
	neonStemPlanes = neon.X19
	neonStemInRow  = neon.X20
	neonStemNext   = neon.X21 // from a group to the next one
)

// neonStem is the kernel of stem: a loop goes through the four vectors of the
// block, each with the sums of all tiles of a group.  Accumulator t*7+e holds
// element e of tile t.
func neonStem(b *neonBuilder) {
	b.arg("tiles", neonStemLeft)
	b.Inst(neon.CMPImm, neonStemLeft, 0)
	b.Inst(neon.BLE, neon.Label("done"))
	b.arg("in", neonStemIn)
	b.arg("out", neonStemOut)
	b.arg("kh", neonStemKH)
	b.arg("blocks", neonStemPlanes)
	b.arg("inRow", neonStemInRow)
	b.arg("inPlane", neonStemNext)
	for _, c := range []struct {
		r neon.Reg
		x float32
	}{{neonStemTwo, 2}, {neonStemFour, 4}, {neonStemEight, 8}, {neonStemFloor, float32(math.Inf(-1))}} {
		b.Inst(neon.MOVZHigh, c.r, int(math.Float32bits(c.x)))
	}
	b.arg("flags", neonScratch)
	b.Inst(neon.TBZ, neonScratch, bitReLU, neon.Label("group"))
	b.Inst(neon.SUB, neonStemFloor, neonStemFloor, neonStemFloor)

	b.Label("group")
	b.arg("w", neonStemW)
	b.arg("bias", neonStemBias)
	b.Inst(neon.MOVZ, neonStemVector, 4)
	b.Label("vector")
	b.stemStart()
	b.stemReduce()
	for t := range stemTiles {
		b.stemFinish(t)
	}
	b.Inst(neon.ADDImm, neonStemW, neonStemW, 16)
	b.Inst(neon.ADDImm, neonStemOut, neonStemOut, 16)
	b.Inst(neon.SUBSImm, neonStemVector, neonStemVector, 1)
	b.Inst(neon.BNE, neon.Label("vector"))
	b.Inst(neon.ADDImm, neonStemOut, neonStemOut, stemTiles*stemPixels*64-64)
	b.Inst(neon.ADD, neonStemIn, neonStemIn, neonStemNext)
	b.Inst(neon.SUBSImm, neonStemLeft, neonStemLeft, 1)
	b.Inst(neon.BNE, neon.Label("group"))
	b.Label("done")
}

// stemStart sets the sums as builder's does.
func (b *neonBuilder) stemStart() {
	for i := range stemTiles * stemElements {
		b.zero(neon.Vec(i))
	}
	b.Inst(neon.CBZ, neonStemBias, neon.Label("unbiased"))
	for t := range stemTiles {
		b.Inst(neon.LDRQ, neon.Vec(t*stemElements+1), neonStemBias, 0)
	}
	b.Inst(neon.ADDImm, neonStemBias, neonStemBias, 16)
	b.Label("unbiased")
}

// stemReduce is the reduction: window rows, planes, phases.  A load of an element
// of four tiles and one of weights serve four multiply-adds.
func (b *neonBuilder) stemReduce() {
	b.Inst(neon.MOV, neonStemNextW, neonStemW)
	b.Inst(neon.MOV, neonStemRow, neonStemIn)
	b.Inst(neon.MOV, neonStemRows, neonStemKH)
	b.Label("row")
	b.Inst(neon.MOV, neonStemAt, neonStemRow)
	b.Inst(neon.MOV, neonStemPlane, neonStemPlanes)
	b.Label("plane")
	const sums = stemTiles * stemElements
	x := func(p int) neon.Vec { return neon.Vec(sums + p%2) }
	w := func(p int) neon.Vec { return neon.Vec(sums + 2 + p%2) }
	load := func(p int) {
		b.Inst(neon.LDRQ, x(p), neonStemAt, p*stemTiles*4)
		b.Inst(neon.LDRQ, w(p), neonStemNextW, p*64)
	}
	load(0)
	for p := range stemProducts {
		if p+1 < stemProducts {
			load(p + 1) // ahead, for cores that issue in order
		}
		for t := range stemTiles {
			b.Inst(neon.FMLALane, neon.Vec(t*stemElements+p%stemElements), w(p), x(p), t)
		}
	}
	b.Inst(neon.ADDImm, neonStemNextW, neonStemNextW, stemProducts*64)
	b.Inst(neon.ADDImm, neonStemAt, neonStemAt, stemProducts*stemTiles*4)
	b.Inst(neon.SUBSImm, neonStemPlane, neonStemPlane, 1)
	b.Inst(neon.BNE, neon.Label("plane"))
	b.Inst(neon.ADD, neonStemRow, neonStemRow, neonStemInRow)
	b.Inst(neon.SUBSImm, neonStemRows, neonStemRows, 1)
	b.Inst(neon.BNE, neon.Label("row"))
}

// stemFinish transforms the sums of tile t, clamps and stores its pixels.
func (b *neonBuilder) stemFinish(tile int) {
	const s, t, two, four = 28, 29, neon.Vec(30), neon.Vec(31)
	m := make([]int, stemElements)
	for e := range m {
		m[e] = tile*stemElements + e
	}
	b.Inst(neon.DUP, two, neonStemTwo)
	b.Inst(neon.DUP, four, neonStemFour)
	b.add(s, m[1], m[2]) // s = m1+m2, m1 = m1-m2
	b.sub(m[1], m[1], m[2])
	b.add(t, m[3], m[4]) // t = m3+m4, m3 = m3-m4
	b.sub(m[3], m[3], m[4])
	eight := neon.Vec(m[4])
	b.Inst(neon.DUP, eight, neonStemEight)
	b.add(m[0], m[0], s) // m0+s+t+8m5
	b.add(m[0], m[0], t)
	b.fmla(m[0], m[5], eight)
	b.move(m[2], m[1]) // m1+2m3+4m5
	b.fmla(m[2], m[3], two)
	b.fmla(m[2], m[5], four)
	b.fmla(s, t, four) // s+4t+2m5
	b.fmla(s, m[5], two)
	b.fmla(m[1], m[3], eight) // m1+8m3+m5+m6
	b.add(m[1], m[1], m[5])
	b.add(m[1], m[1], m[6])
	b.Inst(neon.DUP, two, neonStemFloor)
	for x, i := range []int{m[0], m[2], s, m[1]} {
		b.clampTo(neon.Vec(i), neon.Vec(i), two, four)
		b.Inst(neon.STRQ, neon.Vec(i), neonStemOut, (tile*stemPixels+x)*64)
	}
}

// neonStemInput is the transform of stemInput, a group at a time.
func neonStemInput(b *neonBuilder) {
	b.arg("tiles", neonStemLeft)
	b.Inst(neon.CMPImm, neonStemLeft, 0)
	b.Inst(neon.BLE, neon.Label("done"))
	b.arg("in", neonStemIn)
	b.arg("out", neonStemOut)
	b.arg("matrix", neonStemNext)
	constants, free := b.winoConstants(0.5, 2, 4)

	b.Label("group")
	const tile = 2 * stemPixels * 4 // bytes of input
	one := func(t, x int) int {
		i := free.take()
		b.Inst(neon.LDRS, neon.Vec(i), neonStemIn, t*tile+x*4)
		return i
	}
	var d []int
	for k := 0; k+4 < stemProducts; k += 4 {
		var r [stemTiles]int
		for t := range r {
			r[t] = free.take()
			b.Inst(neon.LDRQ, neon.Vec(r[t]), neonStemIn, t*tile+k*4)
		}
		d = append(d, b.stemTranspose(r, &free)...)
	}
	const last = stemProducts - 1
	d = append(d, b.stemTranspose([stemTiles]int{one(0, last), one(1, last), one(2, last), one(3, last)}, &free)...)
	free.give(d[last+1:]...)
	for _, phase := range []int{1, 0} {
		var half []int
		for i := phase; i <= last; i += 2 {
			half = append(half, d[i])
		}
		b.stemElements(half, constants, &free, func(e, i int) {
			b.Inst(neon.STRQ, neon.Vec(i), neonStemOut, (phase*stemElements+e)*stemTiles*4)
		})
	}
	b.Inst(neon.ADDImm, neonStemIn, neonStemIn, stemTiles*tile)
	b.Inst(neon.ADD, neonStemOut, neonStemOut, neonStemNext)
	b.Inst(neon.SUBSImm, neonStemLeft, neonStemLeft, 1)
	b.Inst(neon.BNE, neon.Label("group"))
	b.Label("done")
}

// stemTranspose turns four pixels of each tile into vectors of one pixel of all tiles.
func (b *neonBuilder) stemTranspose(r [stemTiles]int, free *winoVectors) []int {
	zip := func(i *neon.Instruction, dst, x, y int) { b.Inst(i, neon.Vec(dst), neon.Vec(x), neon.Vec(y)) }
	low, high := free.take(), free.take()
	zip(neon.ZIP1, low, r[0], r[1])
	zip(neon.ZIP1, high, r[2], r[3])
	zip(neon.ZIP2, r[0], r[0], r[1])
	zip(neon.ZIP2, r[2], r[2], r[3])
	zip(neon.ZIP1Pair, r[1], low, high)
	zip(neon.ZIP2Pair, low, low, high)
	zip(neon.ZIP1Pair, r[3], r[0], r[2])
	zip(neon.ZIP2Pair, r[0], r[0], r[2])
	free.give(high, r[2])
	return []int{r[1], low, r[3], r[0]}
}

// stemElements computes the elements of a phase as winograd's does.
func (b *neonBuilder) stemElements(d []int, c map[float64]neon.Vec, free *winoVectors, done func(e, i int)) {
	minus := func(x, y int) int {
		i := free.take()
		b.sub(i, x, y)
		return i
	}
	finish := func(e, i int) {
		done(e, i)
		free.give(i)
	}
	// d5-d3-4(d3-d1)
	u, t := minus(d[5], d[3]), minus(d[3], d[1])
	b.fmls(u, t, c[4])
	free.give(t)
	finish(5, u)
	// Of e = d1-d0/2, d2-d1/2 and so on all others are those of F(4, 3).
	for i := len(d) - 1; i > 0; i-- {
		b.fmls(d[i], d[i-1], c[0.5])
	}
	free.give(d[0])
	e := d[1:]
	s, r := minus(e[4], e[2]), minus(e[3], e[1])
	if len(e) > 5 { // e5-e3-4r
		b.sub(e[5], e[5], e[3])
		b.fmls(e[5], r, c[4])
		finish(6, e[5])
	}
	b.sub(e[0], e[0], e[2]) // s+4(e0-e2)
	u = free.take()
	b.move(u, s)
	b.fmla(u, e[0], c[4])
	finish(0, u)
	free.give(e[0])
	b.fmls(e[4], e[2], c[4]) // (e4-4e2) ± (e3-4e1)
	b.fmls(e[3], e[1], c[4])
	b.add(e[2], e[4], e[3])
	finish(1, e[2])
	b.sub(e[4], e[4], e[3])
	finish(2, e[4])
	b.move(e[1], s) // s ± 2r
	b.fmla(e[1], r, c[2])
	finish(3, e[1])
	b.fmls(s, r, c[2])
	finish(4, s)
	free.give(r, e[3])
}
