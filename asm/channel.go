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
	b.MOVQ(b.arg("coef"), reg.RAX)
	b.load(first, rows, at(reg.RAX, 0))
}

// maskedGrad loads dy into register g, or 0 where the mask is not above 0;
// zero is a register of zeros and scratch one to write to.
func (b *builder) maskedGrad(disp, g, zero, scratch int) {
	b.VMOVUPS(at(chMask, disp), b.isa.vec(scratch))
	if b.isa.avx512() {
		b.VCMPPS(operand.Imm(notLessEqual), b.isa.vec(zero), b.isa.vec(scratch), reg.K1)
		b.VMOVUPS_Z(at(chDY, disp), reg.K1, b.isa.vec(g))
		return
	}
	b.VCMPPS(operand.Imm(notLessEqual), b.isa.vec(zero), b.isa.vec(scratch), b.isa.vec(scratch))
	b.VANDPS(at(chDY, disp), b.isa.vec(scratch), b.isa.vec(g))
}

// eitherMask makes a loop for dy with a mask and one for dy without.
func (b *builder) eitherMask(moving []reg.Register, grad func(disp, g int), compute func(p, v, disp, g int), g int, plain func(disp, g int)) {
	b.TESTQ(chMask, chMask)
	b.JE(operand.LabelRef("plain"))
	b.channel("masked", append(moving, chMask), func(p, v, disp int) {
		grad(disp, g)
		compute(p, v, disp, g)
	})
	b.JMP(operand.LabelRef("store"))
	b.Label("plain")
	b.channel("plain", moving, func(p, v, disp int) {
		plain(disp, g)
		compute(p, v, disp, g)
	})
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
	mean := 4 * n
	g, d, zero, scratch := 5*n, 5*n+1, 5*n+2, 5*n+3
	b.channelStart(mean, 1)
	b.sumsStart()
	b.zero(zero)
	b.eitherMask([]reg.Register{chX, chDY},
		func(disp, g int) { b.maskedGrad(disp, g, zero, scratch) },
		func(p, v, disp, g int) {
			b.VMOVUPS(at(chX, disp), b.isa.vec(d))
			b.VSUBPS(b.isa.vec(mean+v), b.isa.vec(d), b.isa.vec(d))
			b.VADDPS(b.isa.vec(g), b.isa.vec(p*n+v), b.isa.vec(p*n+v))
			b.VFMADD231PS(b.isa.vec(g), b.isa.vec(d), b.isa.vec((2+p)*n+v))
		}, g, b.plainGrad)
	b.sumsStore()
}

// plainGrad loads dy.
func (b *builder) plainGrad(disp, g int) { b.VMOVUPS(at(chDY, disp), b.isa.vec(g)) }

func gradSweep(b *builder) {
	n := b.isa.vectors()
	fa, fb, fc, mean := 0, n, 2*n, 3*n
	g, d, zero, scratch := 4*n, 4*n+1, 4*n+2, 4*n+3
	b.channelStart(fa, 4)
	b.zero(zero)
	b.eitherMask([]reg.Register{chX, chDY, chOut},
		func(disp, g int) { b.maskedGrad(disp, g, zero, scratch) },
		func(_, v, disp, g int) {
			b.VMOVUPS(at(chX, disp), b.isa.vec(d))
			b.VSUBPS(b.isa.vec(mean+v), b.isa.vec(d), b.isa.vec(d))
			b.VFMADD213PS(b.isa.vec(fc+v), b.isa.vec(fb+v), b.isa.vec(d))
			b.VFMADD231PS(b.isa.vec(g), b.isa.vec(fa+v), b.isa.vec(d))
			b.VMOVUPS(b.isa.vec(d), at(chOut, disp))
		}, g, b.plainGrad)
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
