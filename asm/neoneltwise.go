package asm

import "github.com/resnetc/resnetc/asm/neon"

// General-purpose registers of the elementwise kernels.
const (
	neonEltA      = neon.X1
	neonEltB      = neon.X2
	neonEltOut    = neon.X3
	neonEltPixels = neon.X4 // left to do
)

// Vector registers after those of the pixels.
const (
	neonEltScale = 4 * eltPixelsAtOnce
	neonEltBias  = neonEltScale + 4
	neonEltFloor = neon.Vec(neonEltBias + 4)
	neonEltTemp  = neonEltBias + 5 // and up
)

// neonAdd is a+b, clamped.
func neonAdd(b *neonBuilder) {
	b.floor(neonEltFloor)
	b.arg("b", neonEltB)
	b.eltwise(func(v int) {
		// Second operands come in pairs, in two pairs of registers in turn.
		temp := neon.Vec(neonEltTemp + v%4)
		if v%2 == 0 {
			b.Inst(neon.LDPQ, temp, temp+1, neonEltB, 16*v)
		}
		b.Inst(neon.FADD, neon.Vec(v), neon.Vec(v), temp)
		b.clampTo(neon.Vec(v), neon.Vec(v), neonEltFloor, temp)
	}, func(n int) { b.Inst(neon.ADDImm, neonEltB, neonEltB, n*64) })
}

// neonAffine is fma(a, scale, bias), clamped.
func neonAffine(b *neonBuilder) {
	b.floor(neonEltFloor)
	b.arg("scale", neonScratch)
	b.load(neonEltScale, 1, neonScratch, 0)
	b.arg("bias", neonScratch)
	b.load(neonEltBias, 1, neonScratch, 0)
	b.eltwise(func(v int) {
		sum, mask := neon.Vec(neonEltTemp+v%3), neon.Vec(neonEltTemp+3+v%3)
		b.Inst(neon.MOVV, sum, neon.Vec(neonEltBias+v%4))
		b.Inst(neon.FMLA, sum, neon.Vec(v), neon.Vec(neonEltScale+v%4))
		b.clampTo(neon.Vec(v), sum, neonEltFloor, mask)
	}, func(int) {})
}

// neonReLU is a, clamped.
func neonReLU(b *neonBuilder) {
	b.eltwise(func(v int) { b.relu(neon.Vec(v), neon.Vec(neonEltTemp+v%4)) }, func(int) {})
}

// relu clamps a register at 0.
func (b *neonBuilder) relu(v, mask neon.Vec) {
	b.Inst(neon.FCMLT0, mask, v)
	b.Inst(neon.BIC, v, v, mask)
}

// eltwise is the loop of an elementwise kernel: compute works on register v,
// which holds a's values 16*v bytes on; advance moves further operands by n pixels.
func (b *neonBuilder) eltwise(compute func(v int), advance func(n int)) {
	b.arg("a", neonEltA)
	b.arg("out", neonEltOut)
	b.pixels(neonEltPixels, eltPixelsAtOnce, func(n int, _ string) {
		b.load(0, n, neonEltA, 0)
		for v := range 4 * n {
			compute(v)
		}
		b.store(0, n, neonEltOut, 0)
		b.Inst(neon.ADDImm, neonEltA, neonEltA, n*64)
		b.Inst(neon.ADDImm, neonEltOut, neonEltOut, n*64)
		advance(n)
	})
}
