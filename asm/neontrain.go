package asm

import "github.com/resnetc/resnetc/asm/neon"

// General-purpose registers of the channel kernels.
const (
	neonChX      = neon.X1
	neonChDY     = neon.X2
	neonChMask   = neon.X3
	neonChOut    = neon.X4
	neonChPixels = neon.X5 // left to do
	neonChCoef   = neon.X6
)

// neonChannel is the loop of a channel kernel, channelsAtOnce pixels at a time:
// compute works on pixel p, whose operands lie disp bytes on.  Only those of the
// operands that the kernel has move on.  The pixels' order, and which of them
// share a sum, is that of amd64, and so are the bits.  The loop may jump to end.
func (b *neonBuilder) channel(prefix string, end neon.Label, moving []neon.Reg, compute func(p, disp int)) {
	step := func(n int) {
		for p := range n {
			compute(p, p*64)
		}
		for _, r := range moving {
			b.Inst(neon.ADDImm, r, r, n*64)
		}
	}
	rest, several := neon.Label(prefix+"rest"), neon.Label(prefix+"several")
	b.arg("pixels", neonChPixels)
	b.Inst(neon.SUBSImm, neonChPixels, neonChPixels, channelsAtOnce)
	b.Inst(neon.BLT, rest)
	b.Label(several)
	step(channelsAtOnce)
	b.Inst(neon.SUBSImm, neonChPixels, neonChPixels, channelsAtOnce)
	b.Inst(neon.BGE, several)
	b.Label(rest)
	b.Inst(neon.ADDImm, neonChPixels, neonChPixels, channelsAtOnce)
	b.Inst(neon.CMPImm, neonChPixels, 0)
	b.Inst(neon.BLE, end)
	step(1) // channelsAtOnce is 2
}

// channelStart loads the addresses, and rows of coefficients into registers.
func (b *neonBuilder) channelStart(first, rows int) {
	b.arg("x", neonChX)
	b.arg("dy", neonChDY)
	b.arg("mask", neonChMask)
	b.arg("out", neonChOut)
	b.arg("coef", neonChCoef)
	b.load(first, rows, neonChCoef, 0)
}

// maskedGrad loads a pixel of dy into registers g and up, 0 where the mask is
// not above 0 and no NaN; mask and up are registers for that.
func (b *neonBuilder) maskedGrad(disp, g, mask int) {
	b.load(mask, 1, neonChMask, disp)
	b.gradAbove(disp, g, mask)
}

// gradAbove is maskedGrad for a mask that is there.
func (b *neonBuilder) gradAbove(disp, g, mask int) {
	b.load(g, 1, neonChDY, disp)
	for v := range 4 {
		b.Inst(neon.FCMLE0, neon.Vec(mask+v), neon.Vec(mask+v))
		b.Inst(neon.BIC, neon.Vec(g+v), neon.Vec(g+v), neon.Vec(mask+v))
	}
}

// eitherMask makes a loop for dy with a mask, one for a mask that follows from x
// and one for dy without: compute finds dy in registers g and up.  Those from x
// and from mask on are for that too; row is that of the scale among the
// coefficients, before the bias.
func (b *neonBuilder) eitherMask(moving []neon.Reg, g, x, mask, row int, compute func(p, disp int)) {
	loop := func(label string, moving []neon.Reg, grad func(disp int)) {
		b.channel(label, "end", moving, func(p, disp int) {
			grad(disp)
			compute(p, disp)
		})
	}
	b.arg("flags", neonScratch)
	b.Inst(neon.TBNZ, neonScratch, bitFromX, neon.Label("fromX"))
	b.Inst(neon.CBZ, neonChMask, neon.Label("plain"))
	loop("masked", append(moving, neonChMask), func(disp int) { b.maskedGrad(disp, g, mask) })
	b.Inst(neon.B, neon.Label("end"))
	b.Label("fromX")
	loop("x", moving, func(disp int) {
		b.load(mask, 1, neonChCoef, (row+1)*64)
		b.load(g, 1, neonChCoef, row*64)
		b.load(x, 1, neonChX, disp)
		for v := range neon.Vec(4) {
			b.Inst(neon.FMLA, neon.Vec(mask)+v, neon.Vec(x)+v, neon.Vec(g)+v)
		}
		b.gradAbove(disp, g, mask)
	})
	b.Inst(neon.B, neon.Label("end"))
	b.Label("plain")
	loop("plain", moving, func(disp int) { b.load(g, 1, neonChDY, disp) })
	b.Label("end")
}

// Registers of the sums: those of pixel p begin at 4*p, and those of the second
// sum at 8+4*p.
const neonChSums = 4 * 2 * channelsAtOnce

// sumsStart clears the sums.
func (b *neonBuilder) sumsStart() {
	for i := range neon.Vec(neonChSums) {
		b.zero(i)
	}
}

// sumsStore adds the sums of both pixels up and writes them.
func (b *neonBuilder) sumsStore() {
	for i := range neon.Vec(4) {
		b.Inst(neon.FADD, i, i, 4+i)
		b.Inst(neon.FADD, 8+i, 8+i, 12+i)
	}
	b.store(0, 1, neonChOut, 0)
	b.store(8, 1, neonChOut, 64)
}

func neonMoments(b *neonBuilder) {
	const shift, d = neonChSums, neonChSums + 4
	b.channelStart(shift, 1)
	b.sumsStart()
	b.channel("", "end", []neon.Reg{neonChX}, func(p, disp int) {
		x := d + 4*p
		b.load(x, 1, neonChX, disp)
		for v := range neon.Vec(4) {
			b.Inst(neon.FSUB, neon.Vec(x)+v, neon.Vec(x)+v, shift+v)
		}
		for v := range 4 {
			x, first, second := neon.Vec(x+v), neon.Vec(4*p+v), neon.Vec(8+4*p+v)
			b.Inst(neon.FADD, first, first, x)
			b.Inst(neon.FMLA, second, x, x)
		}
	})
	b.Label("end")
	b.sumsStore()
}

func neonGradSums(b *neonBuilder) {
	const mean, g, x, mask = neonChSums, neonChSums + 4, neonChSums + 8, neonChSums + 12
	b.channelStart(mean, 1)
	b.sumsStart()
	b.eitherMask([]neon.Reg{neonChX, neonChDY}, g, x, mask, 1, func(p, disp int) {
		b.load(x, 1, neonChX, disp)
		for v := range 4 {
			x, g, first, second := neon.Vec(x+v), neon.Vec(g+v), neon.Vec(4*p+v), neon.Vec(8+4*p+v)
			b.Inst(neon.FSUB, x, x, neon.Vec(mean+v))
			b.Inst(neon.FADD, first, first, g)
			b.Inst(neon.FMLA, second, g, x)
		}
	})
	b.sumsStore()
}

func neonGradSweep(b *neonBuilder) {
	const fa, fb, fc, mean = 0, 4, 8, 12
	const g, x, mask = 16, 20, 24
	b.channelStart(fa, 4)
	b.eitherMask([]neon.Reg{neonChX, neonChDY, neonChOut}, g, x, mask, 4, func(_, disp int) {
		const sum = mask // which is done with
		b.load(x, 1, neonChX, disp)
		for v := range 4 {
			b.Inst(neon.FSUB, neon.Vec(x+v), neon.Vec(x+v), neon.Vec(mean+v))
			b.Inst(neon.MOVV, neon.Vec(sum+v), neon.Vec(fc+v))
			b.Inst(neon.FMLA, neon.Vec(sum+v), neon.Vec(x+v), neon.Vec(fb+v))
			b.Inst(neon.FMLA, neon.Vec(sum+v), neon.Vec(g+v), neon.Vec(fa+v))
		}
		b.store(sum, 1, neonChOut, disp)
	})
}

func neonMaskGrad(b *neonBuilder) {
	b.arg("dy", neonChDY)
	b.arg("mask", neonChMask)
	b.arg("out", neonChOut)
	b.channel("", "end", []neon.Reg{neonChDY, neonChMask, neonChOut}, func(p, disp int) {
		b.maskedGrad(disp, 8*p, 8*p+4)
		b.store(8*p, 1, neonChOut, disp)
	})
	b.Label("end")
}

func neonNormalize(b *neonBuilder) {
	const scale, bias, x, residual, sum, floor = 0, 4, 8, 12, 16, neon.Vec(20)
	b.channelStart(scale, 2)
	b.floor(floor)
	b.channel("", "end", []neon.Reg{neonChX, neonChDY, neonChOut}, func(_, disp int) {
		b.load(x, 1, neonChX, disp)
		b.load(residual, 1, neonChDY, disp)
		for v := range 4 {
			sum := neon.Vec(sum + v)
			b.Inst(neon.MOVV, sum, neon.Vec(bias+v))
			b.Inst(neon.FMLA, sum, neon.Vec(x+v), neon.Vec(scale+v))
			b.Inst(neon.FADD, sum, sum, neon.Vec(residual+v))
			b.clampTo(sum, sum, floor, neon.Vec(x+v))
		}
		b.store(sum, 1, neonChOut, disp)
	})
	b.Label("end")
}
