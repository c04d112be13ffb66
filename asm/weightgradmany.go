package asm

import (
	"strconv"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The kernels of this file compute several gradients of 16 by 16 weights at
// once, so that a value of x, once broadcast, serves two or three
// multiply-adds: with one each a Zen 4 stops at 75% of its peak.  Half of the
// values of x are a pass, whose sums are in registers 0 and up.  Every sum takes
// its products in the same order as in weightGrad.  They need AVX-512.
const gradHalf = 8

// Meanwhile they ask for what later calls read, a cache line a pixel: half of the
// passes what lies xAhead bytes after x, half of them what lies dyAhead after dy.
var (
	gradXAhead  = reg.R14
	gradDYAhead = reg.R15
)

// gradSpare are the registers that values of x are broadcast to.
const gradSpare = 27

// gradPasses calls pass for both halves of the values of x, with loops over the
// rows around: gradX and gradDY begin a row, and gradPixels is its pixels.  The
// sums of n gradients are added to those that add tells, in bytes from RAX on.
func (b *builder) gradPasses(n int, add func(gradient int) operand.Mem, row func(half gradPass)) {
	b.MOVQ(b.arg("xStep"), gradXStep)
	b.MOVQ(b.arg("dyStep"), gradDYStep)
	b.CMPQ(b.arg("rows"), operand.Imm(0))
	b.JLE(operand.LabelRef("done"))
	b.CMPQ(b.arg("pixels"), operand.Imm(0))
	b.JLE(operand.LabelRef("done"))
	b.MOVQ(b.arg("xAhead"), gradXAhead)
	b.MOVQ(b.arg("dyAhead"), gradDYAhead)
	for half := range gradPass(2) {
		suffix := half.suffix()
		for i := range n * gradHalf {
			b.zero(i)
		}
		b.MOVQ(b.arg("x"), gradXRow)
		b.MOVQ(b.arg("dy"), gradDYRow)
		b.MOVQ(b.arg("rows"), gradRows)
		b.Label("row" + suffix)
		b.MOVQ(gradXRow, gradX)
		b.MOVQ(gradDYRow, gradDY)
		b.MOVQ(b.arg("pixels"), gradPixels)
		row(half)
		b.ADDQ(b.arg("xRow"), gradXRow)
		b.ADDQ(b.arg("dyRow"), gradDYRow)
		b.DECQ(gradRows)
		b.JNE(operand.LabelRef("row" + suffix))
		b.MOVQ(b.arg("acc"), reg.RAX)
		for g := range n {
			for i := range gradHalf {
				m := add(g).Offset((int(half)*gradHalf + i) * 64)
				b.VADDPS(m, b.isa.vec(g*gradHalf+i), b.isa.vec(g*gradHalf+i))
				b.VMOVUPS(b.isa.vec(g*gradHalf+i), m)
			}
		}
	}
	b.Label("done")
}

// gradPass is 0 for the first half of the values of x, 1 for the second.
type gradPass int

func (p gradPass) suffix() string { return strconv.Itoa(int(p)) }

// x is value i of the pass.
func (p gradPass) x(i int) operand.Mem { return at(gradX, 4*(int(p)*gradHalf+i)) }

// ahead is the cache line to ask for.
func (p gradPass) ahead() operand.Mem {
	if p == 0 {
		return at(gradX, 0).Idx(gradXAhead, 1)
	}
	return at(gradDY, 0).Idx(gradDYAhead, 1)
}

// gradStep multiplies the values of a pixel of x with registers dy, by gradient;
// -1 is for none.
func (b *builder) gradStep(half gradPass, dy ...int) {
	for i := range gradHalf {
		spare := b.isa.vec(gradSpare + i%(b.isa.registers-gradSpare))
		b.VBROADCASTSS(half.x(i), spare)
		for g, r := range dy {
			if r >= 0 {
				b.VFMADD231PS(spare, b.isa.vec(r), b.isa.vec(g*gradHalf+i))
			}
		}
	}
}

// weightGradPair is weightGrad for two planes of dy.
func weightGradPair(b *builder) {
	const first, second = 2 * gradHalf, 2*gradHalf + 1
	b.MOVQ(b.arg("dyPlane"), reg.RBX)
	b.MOVQ(b.arg("accPlane"), reg.RCX)
	b.gradPasses(2, func(g int) operand.Mem {
		if g == 0 {
			return at(reg.RAX, 0)
		}
		return at(reg.RAX, 0).Idx(reg.RCX, 1)
	}, func(half gradPass) {
		suffix := half.suffix()
		b.Label("pixel" + suffix)
		b.PREFETCHT1(half.ahead())
		b.load(first, 1, at(gradDY, 0))
		b.load(second, 1, at(gradDY, 0).Idx(reg.RBX, 1))
		b.gradStep(half, first, second)
		b.ADDQ(gradXStep, gradX)
		b.ADDQ(gradDYStep, gradDY)
		b.DECQ(gradPixels)
		b.JNE(operand.LabelRef("pixel" + suffix))
	})
}

// weightGradTaps is weightGrad for three neighbouring taps: x of a pixel meets
// dy of that pixel and of the two before it, which stay in registers.
func weightGradTaps(b *builder) {
	const d0, d1, d2 = 3 * gradHalf, 3*gradHalf + 1, 3*gradHalf + 2 // dy of this pixel and of those before it
	shift := func(from, to int) { b.VMOVAPS(b.isa.vec(from), b.isa.vec(to)) }
	next := func() {
		b.ADDQ(gradXStep, gradX)
		b.ADDQ(gradDYStep, gradDY)
	}
	b.gradPasses(3, func(g int) operand.Mem { return at(reg.RAX, g*1024) }, func(half gradPass) {
		suffix := half.suffix()
		b.PREFETCHT1(half.ahead())
		b.load(d0, 1, at(gradDY, 0))
		b.gradStep(half, d0)
		next()
		shift(d0, d1)
		b.SUBQ(operand.Imm(1), gradPixels)
		b.JE(operand.LabelRef("one" + suffix))
		b.PREFETCHT1(half.ahead())
		b.load(d0, 1, at(gradDY, 0))
		b.gradStep(half, d0, d1)
		next()
		shift(d1, d2)
		shift(d0, d1)
		b.SUBQ(operand.Imm(1), gradPixels)
		b.JE(operand.LabelRef("last" + suffix))
		b.Label("pixel" + suffix)
		b.PREFETCHT1(half.ahead())
		b.load(d0, 1, at(gradDY, 0))
		b.gradStep(half, d0, d1, d2)
		next()
		shift(d1, d2)
		shift(d0, d1)
		b.DECQ(gradPixels)
		b.JNE(operand.LabelRef("pixel" + suffix))
		b.Label("last" + suffix)
		b.gradStep(half, -1, d1, d2)
		b.ADDQ(gradXStep, gradX)
		b.gradStep(half, -1, -1, d1)
		b.JMP(operand.LabelRef("end" + suffix))
		b.Label("one" + suffix)
		b.gradStep(half, -1, d1)
		b.ADDQ(gradXStep, gradX)
		b.gradStep(half, -1, -1, d1)
		b.Label("end" + suffix)
	})
}
