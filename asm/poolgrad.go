package asm

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General-purpose registers of the gradient of a max pool.
var (
	poolGradX      = reg.RSI // window of the next pixel
	poolGradDX     = reg.RDX
	poolGradDY     = reg.R9
	poolGradPixels = reg.R8 // left to do
	poolGradStep   = reg.R10
	poolGradXRow   = reg.R11
	poolGradDXRow  = reg.R12
	poolGradRow    = reg.R13 // window row
)

// Predicates of VCMPPS.
const (
	equal     = 0
	unordered = 3
	greater   = 14
)

// maxPoolGrad goes over a window twice: for each channel's largest element, and
// which one that is, and then to add dy there, and -0, which changes nothing,
// elsewhere.
func maxPoolGrad(b *builder) {
	n := b.isa.vectors()
	best, where, grad := 0, n, 2*n
	tap, one, inf, none := 3*n, 3*n+1, 3*n+2, 3*n+3
	x, mask, also := 3*n+4, 3*n+5, 3*n+6
	vec := b.isa.vec
	b.fill(inf, math.Inf(-1))
	b.fill(none, math.Copysign(0, -1))
	b.fill(one, 1)
	b.MOVQ(b.arg("x"), poolGradX)
	b.MOVQ(b.arg("dx"), poolGradDX)
	b.MOVQ(b.arg("dy"), poolGradDY)
	b.MOVQ(b.arg("step"), poolGradStep)
	b.MOVQ(b.arg("xRow"), poolGradXRow)
	b.MOVQ(b.arg("dxRow"), poolGradDXRow)
	b.MOVQ(b.arg("pixels"), poolGradPixels)
	b.TESTQ(poolGradPixels, poolGradPixels)
	b.JLE(operand.LabelRef("end"))
	b.Label("pixel")

	for v := range n {
		b.VMOVAPS(vec(inf), vec(best+v))
		b.zero(where + v)
	}
	b.window("find", tap, one, poolGradX, poolGradXRow, func(v int, m operand.Mem) {
		b.VMOVUPS(m, vec(x))
		if b.isa.avx512() {
			b.VCMPPS(operand.U8(greater), vec(best+v), vec(x), reg.K1)
			b.VCMPPS(operand.U8(unordered), vec(x), vec(x), reg.K2)
			b.KORW(reg.K1, reg.K2, reg.K1)
			b.VMOVAPS(vec(x), reg.K1, vec(best+v))
			b.VMOVAPS(vec(tap), reg.K1, vec(where+v))
			return
		}
		b.VCMPPS(operand.U8(greater), vec(best+v), vec(x), vec(mask))
		b.VCMPPS(operand.U8(unordered), vec(x), vec(x), vec(also))
		b.VORPS(vec(also), vec(mask), vec(mask))
		b.VBLENDVPS(vec(mask), vec(x), vec(best+v), vec(best+v))
		b.VBLENDVPS(vec(mask), vec(tap), vec(where+v), vec(where+v))
	})
	b.load(grad, 1, at(poolGradDY, 0))
	b.window("give", tap, one, poolGradDX, poolGradDXRow, func(v int, m operand.Mem) {
		if b.isa.avx512() {
			b.VCMPPS(operand.U8(equal), vec(tap), vec(where+v), reg.K1)
			b.VMOVUPS(m, vec(x))
			b.VADDPS(vec(grad+v), vec(x), reg.K1, vec(x))
		} else {
			b.VCMPPS(operand.U8(equal), vec(tap), vec(where+v), vec(mask))
			b.VBLENDVPS(vec(mask), vec(grad+v), vec(none), vec(x))
			b.VADDPS(m, vec(x), vec(x))
		}
		b.VMOVUPS(vec(x), m)
	})

	b.ADDQ(poolGradStep, poolGradX)
	b.ADDQ(poolGradStep, poolGradDX)
	b.ADDQ(operand.I32(64), poolGradDY)
	b.DECQ(poolGradPixels)
	b.JNE(operand.LabelRef("pixel"))
	b.Label("end")
}

// window is the loop over the taps of a window at from, with rows row apart: it
// counts them in every lane of register tap, as floats from 0 on, by the
// register one.
func (b *builder) window(label string, tap, one int, from, row reg.Register, body func(v int, m operand.Mem)) {
	b.zero(tap)
	b.MOVQ(from, poolGradRow)
	b.MOVQ(b.arg("kh"), poolKH)
	b.Label(label + "Row")
	b.MOVQ(poolGradRow, poolCol)
	b.MOVQ(b.arg("kw"), poolKW)
	b.Label(label + "Col")
	for v := range b.isa.vectors() {
		body(v, at(poolCol, v*b.isa.bytes()))
	}
	b.VADDPS(b.isa.vec(one), b.isa.vec(tap), b.isa.vec(tap))
	b.ADDQ(operand.I32(64), poolCol)
	b.DECQ(poolKW)
	b.JNE(operand.LabelRef(label + "Col"))
	b.ADDQ(row, poolGradRow)
	b.DECQ(poolKH)
	b.JNE(operand.LabelRef(label + "Row"))
}
