package asm

import (
	"strconv"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General-purpose registers of the weight gradient kernels.
var (
	gradXRow   = reg.RSI
	gradDYRow  = reg.RDX
	gradX      = reg.R10
	gradDY     = reg.R11
	gradXStep  = reg.R12
	gradDYStep = reg.R13
	gradRows   = reg.R8 // left to do
	gradPixels = reg.R9
)

// weightGrad keeps a sum for each value of x in registers over all pixels: one
// load of dy serves n multiply-adds.  AVX2, whose registers hold six of sixteen
// pairs of sums, goes over the pixels several times.  Its first passes ask for what
// lies xAhead bytes after x and dyAhead after dy, a cache line a pixel.
func weightGrad(b *builder) {
	b.MOVQ(b.arg("xStep"), gradXStep)
	b.MOVQ(b.arg("dyStep"), gradDYStep)
	b.CMPQ(b.arg("rows"), operand.Imm(0))
	b.JLE(operand.LabelRef("done"))
	b.CMPQ(b.arg("pixels"), operand.Imm(0))
	b.JLE(operand.LabelRef("done"))
	most := 16
	if !b.isa.avx512() {
		most = 6
	}
	b.MOVQ(b.arg("xAhead"), gradXAhead)
	b.MOVQ(b.arg("dyAhead"), gradDYAhead)
	passes := (b.kernel.Pixels + most - 1) / most
	for i := range passes {
		from, to := i*b.kernel.Pixels/passes, (i+1)*b.kernel.Pixels/passes
		b.weightGradPass(from, to-from, passes == 1 || i == 0, passes == 1 || i == 1)
	}
	b.Label("done")
}

// weightGradPass computes count sums from one on, and may ask for later values of
// x and dy.
func (b *builder) weightGradPass(from, count int, xAhead, dyAhead bool) {
	suffix := strconv.Itoa(from)
	v := b.isa.vectors()
	dy := count * v // the registers of dy
	x := dy + v
	for i := range dy {
		b.zero(i)
	}
	b.MOVQ(b.arg("x"), gradXRow)
	b.MOVQ(b.arg("dy"), gradDYRow)
	b.MOVQ(b.arg("rows"), gradRows)
	b.Label("row" + suffix)
	b.MOVQ(gradXRow, gradX)
	b.MOVQ(gradDYRow, gradDY)
	b.MOVQ(b.arg("pixels"), gradPixels)
	b.Label("pixel" + suffix)
	if xAhead {
		b.PREFETCHT1(gradPass(0).ahead())
	}
	if dyAhead {
		b.PREFETCHT1(gradPass(1).ahead())
	}
	b.load(dy, 1, at(gradDY, 0))
	for i := range count {
		m := at(gradX, 4*(from+i))
		if b.isa.avx512() {
			b.VFMADD231PS_BCST(m, b.isa.vec(dy), b.isa.vec(i))
			continue
		}
		r := b.isa.vec(x + i%(b.isa.registers-x))
		b.VBROADCASTSS(m, r)
		for k := range v {
			b.VFMADD231PS(r, b.isa.vec(dy+k), b.isa.vec(i*v+k))
		}
	}
	b.ADDQ(gradXStep, gradX)
	b.ADDQ(gradDYStep, gradDY)
	b.DECQ(gradPixels)
	b.JNE(operand.LabelRef("pixel" + suffix))
	b.ADDQ(b.arg("xRow"), gradXRow)
	b.ADDQ(b.arg("dyRow"), gradDYRow)
	b.DECQ(gradRows)
	b.JNE(operand.LabelRef("row" + suffix))
	b.MOVQ(b.arg("acc"), reg.RAX)
	for i := range dy {
		m := at(reg.RAX, from*64+i*b.isa.bytes())
		b.VADDPS(m, b.isa.vec(i), b.isa.vec(i))
		b.VMOVUPS(b.isa.vec(i), m)
	}
}
