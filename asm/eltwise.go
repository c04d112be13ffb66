package asm

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General-purpose registers of the elementwise kernels.
var (
	eltA      = reg.RSI
	eltB      = reg.R9
	eltOut    = reg.RDX
	eltPixels = reg.R8 // left to do
)

const eltPixelsAtOnce = 4

// Registers after those of the pixels.
func (b *builder) eltScratch() int { return eltPixelsAtOnce * b.isa.vectors() }

// add is a+b, clamped.
func add(b *builder) {
	b.floor(b.eltScratch())
	b.MOVQ(b.arg("b"), eltB)
	b.eltwise(func(v, disp int) {
		b.VADDPS(at(eltB, disp), b.isa.vec(v), b.isa.vec(v))
		b.clampTo(b.eltScratch(), v)
	}, func(n int) { b.ADDQ(operand.I32(n*64), eltB) })
}

// affine is fma(a, scale, bias), clamped.
func affine(b *builder) {
	b.floor(b.eltScratch())
	scale := b.eltScratch() + 1
	bias := scale + b.isa.vectors()
	b.MOVQ(b.arg("scale"), reg.RAX)
	b.load(scale, 1, at(reg.RAX, 0))
	b.MOVQ(b.arg("bias"), reg.RAX)
	b.load(bias, 1, at(reg.RAX, 0))
	b.eltwise(func(v, _ int) {
		part := v % b.isa.vectors()
		b.VFMADD213PS(b.isa.vec(bias+part), b.isa.vec(scale+part), b.isa.vec(v))
		b.clampTo(b.eltScratch(), v)
	}, func(int) {})
}

// relu is a, clamped.
func relu(b *builder) {
	b.zero(b.eltScratch())
	b.eltwise(func(v, _ int) { b.clampTo(b.eltScratch(), v) }, func(int) {})
}

// floor sets register i to what results are clamped to: 0 under flagReLU, and
// otherwise -Inf, which changes nothing.
func (b *builder) floor(i int) {
	b.fill(i, math.Inf(-1))
	b.TESTQ(operand.I32(flagReLU), b.arg("flags"))
	b.JE(operand.LabelRef("linear"))
	b.zero(i)
	b.Label("linear")
}

// eltwise is the loop of an elementwise kernel: compute works on register v,
// which holds a's values disp bytes on; advance moves further operands by n pixels.
func (b *builder) eltwise(compute func(v, disp int), advance func(n int)) {
	b.MOVQ(b.arg("a"), eltA)
	b.MOVQ(b.arg("out"), eltOut)
	b.pixels(eltPixels, eltPixelsAtOnce, func(n int, _ string) {
		b.load(0, n, at(eltA, 0))
		for v := range n * b.isa.vectors() {
			compute(v, v*b.isa.bytes())
		}
		b.store(0, n, at(eltOut, 0))
		b.ADDQ(operand.I32(n*64), eltA)
		b.ADDQ(operand.I32(n*64), eltOut)
		advance(n)
	})
}
