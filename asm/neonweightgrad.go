package asm

import (
	"fmt"
	"iter"

	"github.com/resnetc/resnetc/asm/neon"
)

// General-purpose registers of the weight gradient kernels.
const (
	neonGradXRow     = neon.X1
	neonGradDYRow    = neon.X2
	neonGradX        = neon.X3
	neonGradDY       = neon.X4
	neonGradXStep    = neon.X5
	neonGradDYStep   = neon.X6
	neonGradXRows    = neon.X7 // from one row to the next
	neonGradDYRows   = neon.X8
	neonGradRows     = neon.X9 // left to do
	neonGradPixels   = neon.X10
	neonGradAcc      = neon.X11
	neonGradAllRows  = neon.X12
	neonGradAllWidth = neon.X13 // pixels of a row
)

// neonWeightGrad goes over the pixels several times, as AVX2 does: four
// registers of dy, two of x and a sum for six of sixteen values of x.
func neonWeightGrad(b *neonBuilder) {
	b.arg("rows", neonGradAllRows)
	b.arg("pixels", neonGradAllWidth)
	for _, r := range []neon.Reg{neonGradAllRows, neonGradAllWidth} {
		b.Inst(neon.CMPImm, r, 0)
		b.Inst(neon.BLE, neon.Label("done"))
	}
	b.arg("xStep", neonGradXStep)
	b.arg("dyStep", neonGradDYStep)
	b.arg("xRow", neonGradXRows)
	b.arg("dyRow", neonGradDYRows)
	b.arg("acc", neonGradAcc)
	for from, to := range weightGradPasses(b.kernel.Pixels) {
		b.weightGradPass(from, to)
	}
	b.Label("done")
}

// weightGradPasses are the values of x, of n, of each pass.
func weightGradPasses(n int) iter.Seq2[int, int] {
	const most = 6
	passes := (n + most - 1) / most
	return func(yield func(from, to int) bool) {
		for i := 0; i < passes && yield(i*n/passes, (i+1)*n/passes); i++ {
		}
	}
}

// weightGradPass computes the sums of values from to to of x.
func (b *neonBuilder) weightGradPass(from, to int) {
	dy := 4 * (to - from)
	x := dy + 4
	spans, scalars := weightGradSpans(b.kernel.Pixels, from, to)
	for i := range neon.Vec(dy) {
		b.zero(i)
	}
	row, pixel := neon.Label(fmt.Sprint("row", from)), neon.Label(fmt.Sprint("pixel", from))
	b.arg("x", neonGradXRow)
	b.arg("dy", neonGradDYRow)
	b.Inst(neon.MOV, neonGradRows, neonGradAllRows)
	b.Label(row)
	b.Inst(neon.MOV, neonGradX, neonGradXRow)
	b.Inst(neon.MOV, neonGradDY, neonGradDYRow)
	b.Inst(neon.MOV, neonGradPixels, neonGradAllWidth)
	b.Label(pixel)
	for i, s := range spans {
		b.Inst(s.instruction, neon.Vec(x+i), neonGradX, s.offset)
	}
	b.load(dy, 1, neonGradDY, 0)
	b.Inst(neon.ADD, neonGradX, neonGradX, neonGradXStep)
	b.Inst(neon.ADD, neonGradDY, neonGradDY, neonGradDYStep)
	for v := range 4 {
		for i, s := range scalars {
			b.Inst(neon.FMLALane, neon.Vec(4*i+v), neon.Vec(dy+v), neon.Vec(x+s.span), s.lane)
		}
	}
	b.Inst(neon.SUBSImm, neonGradPixels, neonGradPixels, 1)
	b.Inst(neon.BNE, pixel)
	b.Inst(neon.ADD, neonGradXRow, neonGradXRow, neonGradXRows)
	b.Inst(neon.ADD, neonGradDYRow, neonGradDYRow, neonGradDYRows)
	b.Inst(neon.SUBSImm, neonGradRows, neonGradRows, 1)
	b.Inst(neon.BNE, row)
	for i := range to - from {
		at := (from + i) * 64
		b.load(dy, 1, neonGradAcc, at)
		for v := range 4 {
			sum := neon.Vec(4*i + v)
			b.Inst(neon.FADD, sum, sum, neon.Vec(dy+v))
		}
		b.store(4*i, 1, neonGradAcc, at)
	}
}

// weightGradSpans returns the loads of values from to to of a pixel's n values
// of x, and the register and element of each.  No load goes beyond the n, which
// may be the end of the memory.
func weightGradSpans(n, from, to int) ([]neonSpan, []neonScalar) {
	var spans []neonSpan
	var scalars []neonScalar
	for i := from; i < to; {
		s := neonSpan{neon.LDRQ, i / 4 * 16}
		size := 4
		switch first := i / 4 * 4; {
		case first+4 <= n:
		case n >= 4:
			s = neonSpan{neon.LDURQ, 4 * (n - 4)}
		case i+2 <= n:
			s, size = neonSpan{neon.LDRD, 4 * i}, 2
		default:
			s, size = neonSpan{neon.LDRS, 4 * i}, 1
		}
		for ; i < min(to, s.offset/4+size); i++ {
			scalars = append(scalars, neonScalar{len(spans), i - s.offset/4})
		}
		spans = append(spans, s)
	}
	return spans, scalars
}
