package asm

import (
	"math"

	"github.com/resnetc/resnetc/asm/neon"
)

// General-purpose registers of the gradient of a max pool.
const (
	neonPoolGradX      = neon.X1 // window of the next pixel
	neonPoolGradDX     = neon.X2
	neonPoolGradDY     = neon.X3
	neonPoolGradPixels = neon.X4 // left to do
	neonPoolGradStep   = neon.X5
	neonPoolGradXRow   = neon.X10
	neonPoolGradDXRow  = neon.X11
)

// neonMaxPoolGrad is maxPoolGrad.
func neonMaxPoolGrad(b *neonBuilder) {
	const (
		best, where, grad, x = 0, 4, 8, 16
		tap, one, inf, none  = neon.Vec(12), neon.Vec(13), neon.Vec(14), neon.Vec(15)
		mask, ordered        = neon.Vec(20), neon.Vec(21)
	)
	b.fill(inf, math.Inf(-1))
	b.fill(none, math.Copysign(0, -1))
	b.fill(one, 1)
	b.arg("x", neonPoolGradX)
	b.arg("dx", neonPoolGradDX)
	b.arg("dy", neonPoolGradDY)
	b.arg("step", neonPoolGradStep)
	b.arg("xRow", neonPoolGradXRow)
	b.arg("dxRow", neonPoolGradDXRow)
	b.arg("pixels", neonPoolGradPixels)
	b.Inst(neon.CBZ, neonPoolGradPixels, neon.Label("end"))
	b.Label("pixel")

	for v := range neon.Vec(4) {
		b.Inst(neon.MOVV, best+v, inf)
		b.zero(where + v)
	}
	b.window("find", tap, one, neonPoolGradX, neonPoolGradXRow, func() {
		b.load(x, 1, neonPoolCol, 0)
		for v := range neon.Vec(4) {
			x, best, where := x+v, best+v, where+v
			b.Inst(neon.FCMGT, mask, x, best)
			b.Inst(neon.FCMEQ, ordered, x, x)
			b.Inst(neon.BIT, best, x, mask)
			b.Inst(neon.BIT, where, tap, mask)
			b.Inst(neon.BIF, best, x, ordered)
			b.Inst(neon.BIF, where, tap, ordered)
		}
	})
	b.load(grad, 1, neonPoolGradDY, 0)
	b.window("give", tap, one, neonPoolGradDX, neonPoolGradDXRow, func() {
		b.load(x, 1, neonPoolCol, 0)
		for v := range neon.Vec(4) {
			x := x + v
			b.Inst(neon.FCMEQ, mask, where+v, tap)
			b.Inst(neon.BSL, mask, grad+v, none)
			b.Inst(neon.FADD, x, x, mask)
		}
		b.store(x, 1, neonPoolCol, 0)
	})

	b.Inst(neon.ADD, neonPoolGradX, neonPoolGradX, neonPoolGradStep)
	b.Inst(neon.ADD, neonPoolGradDX, neonPoolGradDX, neonPoolGradStep)
	b.Inst(neon.ADDImm, neonPoolGradDY, neonPoolGradDY, 64)
	b.Inst(neon.SUBSImm, neonPoolGradPixels, neonPoolGradPixels, 1)
	b.Inst(neon.BNE, neon.Label("pixel"))
	b.Label("end")
}

// window is the loop over the taps of a window at from, with rows row apart: it
// counts them in every lane of register tap, as floats from 0 on, by the
// register one.  The tap at hand lies at neonPoolCol.
func (b *neonBuilder) window(label string, tap, one neon.Vec, from, row neon.Reg, body func()) {
	b.zero(tap)
	b.Inst(neon.MOV, neonPoolRow, from)
	b.arg("kh", neonPoolKH)
	b.Label(neon.Label(label + "Row"))
	b.Inst(neon.MOV, neonPoolCol, neonPoolRow)
	b.arg("kw", neonPoolKW)
	b.Label(neon.Label(label + "Col"))
	body()
	b.Inst(neon.FADD, tap, tap, one)
	b.Inst(neon.ADDImm, neonPoolCol, neonPoolCol, 64)
	b.Inst(neon.SUBSImm, neonPoolKW, neonPoolKW, 1)
	b.Inst(neon.BNE, neon.Label(label+"Col"))
	b.Inst(neon.ADD, neonPoolRow, neonPoolRow, row)
	b.Inst(neon.SUBSImm, neonPoolKH, neonPoolKH, 1)
	b.Inst(neon.BNE, neon.Label(label+"Row"))
}
