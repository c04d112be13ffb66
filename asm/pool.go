package asm

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General-purpose registers of the pooling kernels.
var (
	poolIn     = reg.RSI // window of the next pixel
	poolOut    = reg.RDX
	poolPixels = reg.R8  // left to do
	poolStep   = reg.R9  // a.inStep
	poolStep3  = reg.R10 // three times that
	poolRow    = reg.R11 // window row
	poolCol    = reg.RAX // window column
	poolKH     = reg.RBX // rows left
	poolKW     = reg.RCX // columns left
)

// poolPixelsAtOnce hides the latency of the dependent reductions.
const poolPixelsAtOnce = 4

// maxPool reduces by maximum.
func maxPool(b *builder) {
	s := b.isa
	scratch := poolPixelsAtOnce * s.vectors()
	x, unordered, inf := s.vec(scratch), s.vec(scratch+1), scratch+2
	b.fill(inf, math.Inf(-1))
	b.pool(
		func(acc int) { b.VMOVAPS(s.vec(inf), s.vec(acc)) },
		func(acc int, m operand.Mem) {
			// VMAXPS keeps the running maximum if one operand is NaN or both
			// are zero; a NaN in x is put in afterwards.
			max := s.vec(acc)
			b.VMOVUPS(m, x)
			if s.avx512() {
				b.VCMPPS(operand.U8(3), x, x, reg.K1)
				b.VMAXPS(max, x, max)
				b.VMOVAPS(x, reg.K1, max)
			} else {
				b.VCMPPS(operand.U8(3), x, x, unordered)
				b.VMAXPS(max, x, max)
				b.VBLENDVPS(unordered, x, max, max)
			}
		},
		func(int) {},
	)
}

// sumPool reduces by sum and scales.
func sumPool(b *builder) {
	s := b.isa
	scale := s.vec(poolPixelsAtOnce * s.vectors())
	b.VBROADCASTSS(b.arg("scale"), scale)
	b.pool(
		b.zero,
		func(acc int, m operand.Mem) { b.VADDPS(m, s.vec(acc), s.vec(acc)) },
		func(acc int) { b.VMULPS(scale, s.vec(acc), s.vec(acc)) },
	)
}

// pool is the loop of a pooling kernel over pixels.
func (b *builder) pool(start func(acc int), add func(acc int, m operand.Mem), finish func(acc int)) {
	b.MOVQ(b.arg("in"), poolIn)
	b.MOVQ(b.arg("out"), poolOut)
	b.MOVQ(b.arg("inStep"), poolStep)
	b.LEAQ(operand.Mem{Base: poolStep, Index: poolStep, Scale: 2}, poolStep3)
	b.pixels(poolPixels, poolPixelsAtOnce, func(n int, suffix string) {
		for i := range n * b.isa.vectors() {
			start(i)
		}
		b.MOVQ(poolIn, poolRow)
		b.MOVQ(b.arg("kh"), poolKH)
		b.Label("row" + suffix)
		b.MOVQ(poolRow, poolCol)
		b.MOVQ(b.arg("kw"), poolKW)
		b.Label("col" + suffix)
		for p := range n {
			m := at(poolCol, 0)
			switch p {
			case 1:
				m = m.Idx(poolStep, 1)
			case 2:
				m = m.Idx(poolStep, 2)
			case 3:
				m = m.Idx(poolStep3, 1)
			}
			for v := range b.isa.vectors() {
				add(p*b.isa.vectors()+v, m.Offset(v*b.isa.bytes()))
			}
		}
		b.ADDQ(operand.I32(64), poolCol)
		b.DECQ(poolKW)
		b.JNE(operand.LabelRef("col" + suffix))
		b.ADDQ(b.arg("inRow"), poolRow)
		b.DECQ(poolKH)
		b.JNE(operand.LabelRef("row" + suffix))
		for i := range n * b.isa.vectors() {
			finish(i)
		}
		b.store(0, n, at(poolOut, 0))
		if n == 1 {
			b.ADDQ(poolStep, poolIn)
		} else {
			b.LEAQ(operand.Mem{Base: poolIn, Index: poolStep, Scale: poolPixelsAtOnce}, poolIn)
		}
		b.ADDQ(operand.I32(n*64), poolOut)
	})
}

// pixels is a loop over a.pixels pixels, with a body for n at once and one for
// what is left; suffix tells their labels apart.
func (b *builder) pixels(left reg.GPPhysical, n int, body func(n int, suffix string)) {
	b.MOVQ(b.arg("pixels"), left)
	b.SUBQ(operand.I32(n), left)
	b.JL(operand.LabelRef("rest"))
	b.Label("several")
	body(n, "")
	b.SUBQ(operand.I32(n), left)
	b.JGE(operand.LabelRef("several"))
	b.Label("rest")
	b.ADDQ(operand.I32(n), left)
	b.JLE(operand.LabelRef("done"))
	b.Label("single")
	body(1, "1")
	b.DECQ(left)
	b.JNE(operand.LabelRef("single"))
	b.Label("done")
}
