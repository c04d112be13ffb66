package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General-purpose registers of the channel kernels.
var (
	chX      = reg.RSI
	chDY     = reg.R9
	chMask   = reg.R10
	chOut    = reg.RDX
	chPixels = reg.R8 // left to do
	chCoef   = reg.RAX
)

// channelsAtOnce is how many pixels the loops work on: two chains of sums hide
// most of an addition's latency.
const channelsAtOnce = 2

// Predicate of VCMPPS: not less or equal, or unordered.
const notLessEqual = 6

// channel is the loop of a channel kernel: compute works on vector v of pixel
// p, disp bytes on.  Only those of the operands that the kernel has move on.
func (b *builder) channel(prefix string, moving []reg.Register, compute func(p, v, disp int)) {
	step := func(n int) {
		for p := range n {
			for v := range b.isa.vectors() {
				compute(p, v, p*64+v*b.isa.bytes())
			}
		}
		for _, r := range moving {
			b.ADDQ(operand.I32(n*64), r)
		}
	}
	b.MOVQ(b.arg("pixels"), chPixels)
	b.SUBQ(operand.I32(channelsAtOnce), chPixels)
	b.JL(operand.LabelRef(prefix + "rest"))
	b.Label(prefix + "several")
	step(channelsAtOnce)
	b.SUBQ(operand.I32(channelsAtOnce), chPixels)
	b.JGE(operand.LabelRef(prefix + "several"))
	b.Label(prefix + "rest")
	b.ADDQ(operand.I32(channelsAtOnce), chPixels)
	b.JLE(operand.LabelRef(prefix + "end"))
	step(1) // channelsAtOnce is 2
	b.Label(prefix + "end")
}

// channelStart loads the addresses, and rows of coefficients into registers.
func (b *builder) channelStart(first, rows int) {
	b.MOVQ(b.arg("x"), chX)
	b.MOVQ(b.arg("dy"), chDY)
	b.MOVQ(b.arg("mask"), chMask)
	b.MOVQ(b.arg("out"), chOut)
	b.MOVQ(b.arg("coef"), chCoef)
	b.load(first, rows, at(chCoef, 0))
}

// maskedGrad loads dy into register g, or 0 where the mask is not above 0;
// zero is a register of zeros and scratch one to write to.
func (b *builder) maskedGrad(disp, g, zero, scratch int) {
	b.VMOVUPS(at(chMask, disp), b.isa.vec(scratch))
	b.gradAbove(disp, g, zero, scratch)
}

// gradAbove loads dy into register g, or 0 where scratch is not above zero.
func (b *builder) gradAbove(disp, g, zero, scratch int) {
	if b.isa.avx512() {
		b.VCMPPS(operand.Imm(notLessEqual), b.isa.vec(zero), b.isa.vec(scratch), reg.K1)
		b.VMOVUPS_Z(at(chDY, disp), reg.K1, b.isa.vec(g))
		return
	}
	b.VCMPPS(operand.Imm(notLessEqual), b.isa.vec(zero), b.isa.vec(scratch), b.isa.vec(scratch))
	b.VANDPS(at(chDY, disp), b.isa.vec(scratch), b.isa.vec(g))
}

// eitherMask makes a loop for dy with a mask, one for a mask that follows from x
// and one for dy without: compute finds dy in register g.  zero, scratch and
// those from scale on are registers for that; row is that of the scale among
// the coefficients, before the bias.
func (b *builder) eitherMask(moving []reg.Register, g, zero, scratch, scale, row int, compute func(p, v, disp int)) {
	loop := func(label string, moving []reg.Register, grad func(v, disp int)) {
		b.channel(label, moving, func(p, v, disp int) {
			grad(v, disp)
			compute(p, v, disp)
		})
	}
	b.TESTQ(operand.I32(flagFromX), b.arg("flags"))
	b.JNE(operand.LabelRef("fromX"))
	b.TESTQ(chMask, chMask)
	b.JE(operand.LabelRef("plain"))
	b.zero(zero)
	loop("masked", append(moving, chMask), func(_, disp int) { b.maskedGrad(disp, g, zero, scratch) })
	b.JMP(operand.LabelRef("store"))
	b.Label("fromX")
	b.zero(zero)
	b.load(scale, 1, at(chCoef, row*64))
	loop("x", moving, func(v, disp int) {
		b.VMOVUPS(at(chX, disp), b.isa.vec(scratch))
		b.VFMADD213PS(at(chCoef, (row+1)*64+v*b.isa.bytes()), b.isa.vec(scale+v), b.isa.vec(scratch))
		b.gradAbove(disp, g, zero, scratch)
	})
	b.JMP(operand.LabelRef("store"))
	b.Label("plain")
	loop("plain", moving, func(_, disp int) { b.VMOVUPS(at(chDY, disp), b.isa.vec(g)) })
	b.Label("store")
}

// sumsStart clears the sums: register p*V+v is the first of pixel p and vector
// v, of V; those of the second follow.
func (b *builder) sumsStart() {
	for i := range 2 * channelsAtOnce * b.isa.vectors() {
		b.zero(i)
	}
}

// sumsStore adds the sums of both pixels up and writes them.
func (b *builder) sumsStore() {
	v := b.isa.vectors()
	for i := range v {
		b.VADDPS(b.isa.vec(v+i), b.isa.vec(i), b.isa.vec(i))
		b.VADDPS(b.isa.vec(3*v+i), b.isa.vec(2*v+i), b.isa.vec(2*v+i))
	}
	b.store(0, 1, at(chOut, 0))
	b.store(2*v, 1, at(chOut, 64))
}

func moments(b *builder) {
	n := b.isa.vectors()
	shift, d := 4*n, 5*n
	b.channelStart(shift, 1)
	b.sumsStart()
	b.channel("", []reg.Register{chX}, func(p, v, disp int) {
		b.VMOVUPS(at(chX, disp), b.isa.vec(d))
		b.VSUBPS(b.isa.vec(shift+v), b.isa.vec(d), b.isa.vec(d))
		b.VADDPS(b.isa.vec(d), b.isa.vec(p*n+v), b.isa.vec(p*n+v))
		b.VFMADD231PS(b.isa.vec(d), b.isa.vec(d), b.isa.vec((2+p)*n+v))
	})
	b.sumsStore()
}

func gradSums(b *builder) {
	n := b.isa.vectors()
	mean, scale := 4*n, 5*n
	g, d, zero, scratch := 6*n, 6*n+1, 6*n+2, 6*n+3
	b.channelStart(mean, 1)
	b.sumsStart()
	b.eitherMask([]reg.Register{chX, chDY}, g, zero, scratch, scale, 1, func(p, v, disp int) {
		b.VMOVUPS(at(chX, disp), b.isa.vec(d))
		b.VSUBPS(b.isa.vec(mean+v), b.isa.vec(d), b.isa.vec(d))
		b.VADDPS(b.isa.vec(g), b.isa.vec(p*n+v), b.isa.vec(p*n+v))
		b.VFMADD231PS(b.isa.vec(g), b.isa.vec(d), b.isa.vec((2+p)*n+v))
	})
	b.sumsStore()
}

func gradSweep(b *builder) {
	n := b.isa.vectors()
	fa, fb, fc, mean, scale := 0, n, 2*n, 3*n, 4*n
	g, d, zero, scratch := 5*n, 5*n+1, 5*n+2, 5*n+3
	b.channelStart(fa, 4)
	b.eitherMask([]reg.Register{chX, chDY, chOut}, g, zero, scratch, scale, 4, func(_, v, disp int) {
		b.VMOVUPS(at(chX, disp), b.isa.vec(d))
		b.VSUBPS(b.isa.vec(mean+v), b.isa.vec(d), b.isa.vec(d))
		b.VFMADD213PS(b.isa.vec(fc+v), b.isa.vec(fb+v), b.isa.vec(d))
		b.VFMADD231PS(b.isa.vec(g), b.isa.vec(fa+v), b.isa.vec(d))
		b.VMOVUPS(b.isa.vec(d), at(chOut, disp))
	})
}

func maskGrad(b *builder) {
	const g, zero, scratch = 0, 1, 2
	b.MOVQ(b.arg("dy"), chDY)
	b.MOVQ(b.arg("mask"), chMask)
	b.MOVQ(b.arg("out"), chOut)
	b.zero(zero)
	b.channel("", []reg.Register{chDY, chMask, chOut}, func(_, _, disp int) {
		b.maskedGrad(disp, g, zero, scratch)
		b.VMOVUPS(b.isa.vec(g), at(chOut, disp))
	})
}

func normalize(b *builder) {
	n := b.isa.vectors()
	scale, bias, floor, x := 0, n, 2*n, 2*n+1
	b.channelStart(scale, 2)
	b.floor(floor)
	b.channel("", []reg.Register{chX, chDY, chOut}, func(_, v, disp int) {
		b.VMOVUPS(at(chX, disp), b.isa.vec(x))
		b.VFMADD213PS(b.isa.vec(bias+v), b.isa.vec(scale+v), b.isa.vec(x))
		b.VADDPS(at(chDY, disp), b.isa.vec(x), b.isa.vec(x))
		b.clampTo(floor, x)
		b.VMOVUPS(b.isa.vec(x), at(chOut, disp))
	})
}
