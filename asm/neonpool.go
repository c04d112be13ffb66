package asm

import (
	"math"

	"github.com/resnetc/resnetc/asm/neon"
)

// General-purpose registers of the pooling kernels.
const (
	neonPoolIn     = neon.X1 // window of the next pixel
	neonPoolOut    = neon.X2
	neonPoolPixels = neon.X3 // left to do
	neonPoolStep   = neon.X4 // a.inStep
	neonPoolInRow  = neon.X5 // a.inRow
	neonPoolRow    = neon.X6 // window row
	neonPoolKH     = neon.X7 // rows left
	neonPoolKW     = neon.X8 // columns left
	neonPoolCol    = neon.X9 // window column of the first pixel; the next ones follow
)

// Vector registers after those of the pixels.
const (
	neonPoolConst = neon.Vec(4 * poolPixelsAtOnce)
	neonPoolTemp  = 4*poolPixelsAtOnce + 1 // and up
)

// neonMaxPool reduces by maximum.
func neonMaxPool(b *neonBuilder) {
	b.fill(neonPoolConst, math.Inf(-1))
	b.pool(
		func(acc neon.Vec) { b.Inst(neon.MOVV, acc, neonPoolConst) },
		func(acc, x neon.Vec) {
			// FMAX gives NaN if one operand is, as wanted; but of two zeros it
			// prefers +0, where the running maximum has to stay.
			mask := x + 4
			b.Inst(neon.FMAX, x, acc, x)
			b.Inst(neon.FCMEQ, mask, x, acc)
			b.Inst(neon.BIF, acc, x, mask)
		},
		func(neon.Vec) {},
	)
}

// neonSumPool reduces by sum and scales.
func neonSumPool(b *neonBuilder) {
	b.Inst(neon.LDRS, neonPoolConst, neonArgs, b.layout["scale"])
	b.pool(
		b.zero,
		func(acc, x neon.Vec) { b.Inst(neon.FADD, acc, acc, x) },
		func(acc neon.Vec) { b.Inst(neon.FMULLane, acc, acc, neonPoolConst, 0) },
	)
}

// pool is the loop of a pooling kernel over pixels.  add gets a value in one of
// four registers, and may use the fourth after it.
func (b *neonBuilder) pool(start func(acc neon.Vec), add func(acc, x neon.Vec), finish func(acc neon.Vec)) {
	b.arg("in", neonPoolIn)
	b.arg("out", neonPoolOut)
	b.arg("inStep", neonPoolStep)
	b.arg("inRow", neonPoolInRow)
	b.pixels(neonPoolPixels, poolPixelsAtOnce, func(n int, suffix string) {
		for i := range 4 * n {
			start(neon.Vec(i))
		}
		b.Inst(neon.MOV, neonPoolRow, neonPoolIn)
		b.arg("kh", neonPoolKH)
		b.Label(neon.Label("row" + suffix))
		b.Inst(neon.MOV, neonPoolCol, neonPoolRow)
		for p := range n - 1 {
			b.Inst(neon.ADD, neonPoolCol+neon.Reg(p)+1, neonPoolCol+neon.Reg(p), neonPoolStep)
		}
		b.arg("kw", neonPoolKW)
		b.Label(neon.Label("col" + suffix))
		for p := range n {
			for v := 0; v < 4; v += 2 {
				x := neon.Vec(neonPoolTemp + v)
				b.Inst(neon.LDPQ, x, x+1, neonPoolCol+neon.Reg(p), 16*v)
				add(neon.Vec(4*p+v), x)
				add(neon.Vec(4*p+v+1), x+1)
			}
			b.Inst(neon.ADDImm, neonPoolCol+neon.Reg(p), neonPoolCol+neon.Reg(p), 64)
		}
		b.Inst(neon.SUBSImm, neonPoolKW, neonPoolKW, 1)
		b.Inst(neon.BNE, neon.Label("col"+suffix))
		b.Inst(neon.ADD, neonPoolRow, neonPoolRow, neonPoolInRow)
		b.Inst(neon.SUBSImm, neonPoolKH, neonPoolKH, 1)
		b.Inst(neon.BNE, neon.Label("row"+suffix))
		for i := range 4 * n {
			finish(neon.Vec(i))
		}
		b.store(0, n, neonPoolOut, 0)
		for range n {
			b.Inst(neon.ADD, neonPoolIn, neonPoolIn, neonPoolStep)
		}
		b.Inst(neon.ADDImm, neonPoolOut, neonPoolOut, n*64)
	})
}
