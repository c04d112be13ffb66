package asm

import "github.com/resnetc/resnetc/asm/neon"

// General-purpose registers of Strassen's combinations.
const (
	neonStrassen11     = neon.X1 // the quarters
	neonStrassen12     = neon.X2
	neonStrassen21     = neon.X3
	neonStrassen22     = neon.X4
	neonStrassenTo     = neon.X5 // results: the first, and three after it
	neonStrassenMatrix = neon.X9
	neonStrassenPixels = neon.X10 // left to do
)

// neonStrassenIn is the combinations of the input's quarters.
func neonStrassenIn(b *neonBuilder) {
	b.arg("in", neonStrassen11)
	b.arg("rows", neonStrassen12)
	b.arg("planes", neonStrassen21)
	b.Inst(neon.ADD, neonStrassen22, neonStrassen12, neonStrassen21)
	for r := neonStrassen12; r <= neonStrassen22; r++ {
		b.Inst(neon.ADD, r, r, neonStrassen11)
	}
	b.arg("out", neonStrassenTo)
	b.arg("matrix", neonStrassenMatrix)
	for i := range neon.Reg(3) {
		b.Inst(neon.ADD, neonStrassenTo+i+1, neonStrassenTo+i, neonStrassenMatrix)
	}
	b.pixels(neonStrassenPixels, 1, func(n int, _ string) {
		b.load(0, n, neonStrassen11, 0)
		b.load(4, n, neonStrassen12, 0)
		b.load(8, n, neonStrassen21, 0)
		b.load(12, n, neonStrassen22, 0)
		for v := range neon.Vec(4) {
			b.Inst(neon.FSUB, v, v+4, v)
			b.Inst(neon.FSUB, v+4, v+12, v+4)
			b.Inst(neon.FSUB, v+12, v+12, v)
			b.Inst(neon.FSUB, v+8, v+8, v+12)
		}
		for i, first := range []int{0, 12, 4, 8} {
			b.store(first, n, neonStrassenTo+neon.Reg(i), 0)
		}
		for r := neonStrassen11; r < neonStrassenTo+4; r++ {
			b.Inst(neon.ADDImm, r, r, n*64)
		}
	})
}
