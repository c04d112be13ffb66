package asm

import "github.com/resnetc/resnetc/asm/neon"

// groupReduce is groupReduce of amd64.  A vector of sums belongs to one group: its
// multiply-adds take their scalar operands from a vector of that group's input.
func (b *neonBuilder) groupReduce() {
	b.arg("w", neonConvW)
	b.Inst(neon.MOV, neonConvRow, neonConvIn)
	b.Inst(neon.MOV, neonConvKH, neonConvAllKH)

	b.Label("row")
	parts := convClasses[b.kernel.Class].group / groupPart
	for part := range parts {
		for column := range groupColumns {
			b.groupColumn(part, column)
			b.Inst(neon.ADDImm, neonConvW, neonConvW, groupPart*64)
		}
	}
	b.Inst(neon.ADD, neonConvRow, neonConvRow, neonConvInRow)
	b.Inst(neon.SUBSImm, neonConvKH, neonConvKH, 1)
	b.Inst(neon.BNE, neon.Label("row"))
}

// groupColumn adds the products of a part of the groups with one window element.
// Inputs are loaded two steps ahead of their multiply-adds, for cores that issue in order.
func (b *neonBuilder) groupColumn(part, column int) {
	const ahead, inputs = 2, 4
	pixels := b.kernel.Pixels
	weights := b.convScratch()
	input := weights + groupPart
	x := func(step int) neon.Vec { return neon.Vec(input + step%inputs) }
	load := func(step int) {
		v, p := step/pixels, step%pixels
		from := v // the vector of the pixel's input
		if convClasses[b.kernel.Class].group == 8 {
			from = v/2*2 + part
		}
		b.Inst(neon.LDRQ, x(step), neonConvRow, column*64+p*b.convStep()+from*16)
	}
	steps := 4 * pixels
	for step := range min(ahead, steps) {
		load(step)
	}
	for step := range steps {
		v, p := step/pixels, step%pixels
		if p == 0 {
			for c := range groupPart {
				b.Inst(neon.LDRQ, neon.Vec(weights+c), neonConvW, c*64+v*16)
			}
		}
		if step+ahead < steps {
			load(step + ahead)
		}
		for c := range groupPart {
			b.Inst(neon.FMLALane, neon.Vec(p*4+v), neon.Vec(weights+c), x(step), c)
		}
	}
}
