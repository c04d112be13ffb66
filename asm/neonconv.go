package asm

import "github.com/resnetc/resnetc/asm/neon"

// General-purpose registers of the convolution kernels.
const (
	neonConvIn    = neon.X1  // input of the tile's first pixel
	neonConvOut   = neon.X2  // output of the tile's first pixel
	neonConvTiles = neon.X3  // left to do
	neonConvW     = neon.X4  // next weights of the first block; the other blocks' follow
	neonConvPlane = neon.X8  // input channel block
	neonConvRow   = neon.X9  // window row
	neonConvCol   = neon.X10 // window column
	neonConvI     = neon.X11 // input channel blocks left
	neonConvKH    = neon.X12 // rows left
	neonConvKW    = neon.X13 // columns left
	neonConvC     = neon.X14 // groups of four channels left
	neonConvAt    = neon.X15 // scratch
)

// Arguments of the convolution kernels that stay in registers.
const (
	neonConvBlocks  = neon.X16
	neonConvAllKH   = neon.X17
	neonConvAllKW   = neon.X19
	neonConvInPlane = neon.X20
	neonConvInRow   = neon.X21
	neonConvInCol   = neon.X22 // less the channels that the innermost loop passes
	neonConvWBlock  = neon.X23
	neonConvFirstW  = neon.X24 // of the product at hand
)

// neonConvProducts is how many products are left to do.
const neonConvProducts = neon.X25

// neonConv is the tile loop of a convolution kernel.  Accumulator p*n+v holds
// vector v, of n, of pixel p: all blocks of a pixel, one after another.
func neonConv(b *neonBuilder) {
	b.arg("tiles", neonConvTiles)
	b.Inst(neon.CMPImm, neonConvTiles, 0)
	b.Inst(neon.BLE, neon.Label("done"))
	b.arg("in", neonConvIn)
	b.arg("out", neonConvOut)
	b.arg("blocks", neonConvBlocks)
	b.arg("kh", neonConvAllKH)
	b.arg("kw", neonConvAllKW)
	b.arg("inPlane", neonConvInPlane)
	b.arg("inRow", neonConvInRow)
	b.arg("inCol", neonConvInCol)
	if b.convChannels() > 1 {
		b.Inst(neon.SUBImm, neonConvInCol, neonConvInCol, 4*b.convChannels())
	}
	if b.kernel.Blocks > 1 {
		b.arg("wBlock", neonConvWBlock)
	}
	if convWalks(b.kernel.Class) {
		b.arg("w", neonConvFirstW)
		b.arg("products", neonConvProducts)
	}

	b.Label("tile")
	b.convPrefetch()
	b.convStart()
	if convClasses[b.kernel.Class].group > 0 {
		b.groupReduce()
	} else {
		b.convReduce()
	}
	b.convEpilogue()
	b.Inst(neon.ADDImm, neonConvIn, neonConvIn, b.kernel.Pixels*b.convStep())
	b.Inst(neon.ADDImm, neonConvOut, neonConvOut, b.kernel.Pixels*64)
	b.Inst(neon.SUBSImm, neonConvTiles, neonConvTiles, 1)
	b.Inst(neon.BNE, neon.Label("tile"))
	if convWalks(b.kernel.Class) {
		b.convNextProduct()
	}
	b.Label("done")
}

// convNextProduct goes on to the next product, if there is one.
func (b *neonBuilder) convNextProduct() {
	b.Inst(neon.SUBSImm, neonConvProducts, neonConvProducts, 1)
	b.Inst(neon.BLE, neon.Label("done"))
	for _, next := range []struct {
		arg string
		to  neon.Reg
	}{{"inNext", neonConvIn}, {"outNext", neonConvOut}, {"wNext", neonConvFirstW}} {
		b.arg(next.arg, neonScratch)
		b.Inst(neon.ADD, next.to, next.to, neonScratch)
	}
	b.arg("tiles", neonConvTiles)
	b.Inst(neon.B, neon.Label("tile"))
}

// convPrefetch asks for the output and the residual, as on amd64.  Weights are
// one stream, which the core prefetches by itself.
func (b *neonBuilder) convPrefetch() {
	b.Inst(neon.MOV, neonConvAt, neonConvOut)
	b.convBlocks("outPlane", func(_, disp int) { b.Inst(neon.PRFMW, neonConvAt, disp) })
	b.convResidual("start")
	b.convBlocks("resPlane", func(_, disp int) { b.Inst(neon.PRFM, neonConvAt, disp) })
	b.Label("start")
}

// convResidual gives neonConvAt the place of the tile's residual, or jumps to none.
func (b *neonBuilder) convResidual(none neon.Label) {
	b.arg("res", neonConvAt)
	b.Inst(neon.CBZ, neonConvAt, none)
	// The residual advances from tile to tile as the output does.
	b.Inst(neon.ADD, neonConvAt, neonConvAt, neonConvOut)
	b.arg("out", neonScratch)
	b.Inst(neon.SUB, neonConvAt, neonConvAt, neonScratch)
}

// convVectors is the number of accumulators per pixel.
func (b *neonBuilder) convVectors() int { return 4 * b.kernel.Blocks }

// convScratch is the first register after the accumulators.
func (b *neonBuilder) convScratch() int { return b.kernel.Pixels * b.convVectors() }

func (b *neonBuilder) convChannels() int { return convClasses[b.kernel.Class].channels }
func (b *neonBuilder) convStep() int     { return convClasses[b.kernel.Class].step }
func (b *neonBuilder) convWeights() int  { return 16 * convClasses[b.kernel.Class].weight }

// convStart sets the accumulators to the output, the bias or zero.
func (b *neonBuilder) convStart() {
	n := b.convVectors()
	b.arg("flags", neonConvAt)
	b.Inst(neon.TBNZ, neonConvAt, bitAccumulate, neon.Label("accumulate"))
	b.arg("bias", neonConvAt)
	b.Inst(neon.CBZ, neonConvAt, neon.Label("zero"))
	b.load(0, b.kernel.Blocks, neonConvAt, 0)
	for i := n; i < b.convScratch(); i++ {
		b.Inst(neon.MOVV, neon.Vec(i), neon.Vec(i%n))
	}
	b.Inst(neon.B, neon.Label("reduce"))

	b.Label("zero")
	for i := range b.convScratch() {
		b.zero(neon.Vec(i))
	}
	b.Inst(neon.B, neon.Label("reduce"))

	b.Label("accumulate")
	b.Inst(neon.MOV, neonConvAt, neonConvOut)
	b.convBlocks("outPlane", func(first, disp int) { b.load(first, 1, neonConvAt, disp) })
	b.Label("reduce")
}

// convBlocks calls do for the accumulators of every block of every pixel, with
// their distance from neonConvAt, in a tensor whose blocks are a field of the
// arguments apart.  neonConvAt starts as the first pixel's first block.
func (b *neonBuilder) convBlocks(plane string, do func(first, disp int)) {
	for block := range b.kernel.Blocks {
		if block > 0 {
			b.arg(plane, neonScratch)
			b.Inst(neon.ADD, neonConvAt, neonConvAt, neonScratch)
		}
		for pixel := range b.kernel.Pixels {
			do(pixel*b.convVectors()+block*4, pixel*64)
		}
	}
}

// convReduce is the reduction: input channel blocks, window rows, window
// columns, channels.
func (b *neonBuilder) convReduce() {
	if convWalks(b.kernel.Class) {
		b.Inst(neon.MOV, neonConvW, neonConvFirstW)
	} else {
		b.arg("w", neonConvW)
	}
	for block := range neon.Reg(b.kernel.Blocks - 1) {
		b.Inst(neon.ADD, neonConvW+block+1, neonConvW+block, neonConvWBlock)
	}
	b.Inst(neon.MOV, neonConvPlane, neonConvIn)
	b.Inst(neon.MOV, neonConvI, neonConvBlocks)

	b.Label("plane")
	b.Inst(neon.MOV, neonConvRow, neonConvPlane)
	b.Inst(neon.MOV, neonConvKH, neonConvAllKH)

	b.Label("row")
	b.Inst(neon.MOV, neonConvCol, neonConvRow)
	b.Inst(neon.MOV, neonConvKW, neonConvAllKW)

	b.Label("col")
	channels := min(b.convChannels(), 4)
	if channels > 1 {
		b.Inst(neon.MOVZ, neonConvC, b.convChannels()/channels)
		b.Label("channels")
	}
	b.convMultiply(channels)
	for block := range neon.Reg(b.kernel.Blocks) {
		b.Inst(neon.ADDImm, neonConvW+block, neonConvW+block, channels*b.convWeights())
	}
	if channels > 1 {
		b.Inst(neon.ADDImm, neonConvCol, neonConvCol, channels*4)
		b.Inst(neon.SUBSImm, neonConvC, neonConvC, 1)
		b.Inst(neon.BNE, neon.Label("channels"))
	}
	b.Inst(neon.ADD, neonConvCol, neonConvCol, neonConvInCol)
	b.Inst(neon.SUBSImm, neonConvKW, neonConvKW, 1)
	b.Inst(neon.BNE, neon.Label("col"))

	b.Inst(neon.ADD, neonConvRow, neonConvRow, neonConvInRow)
	b.Inst(neon.SUBSImm, neonConvKH, neonConvKH, 1)
	b.Inst(neon.BNE, neon.Label("row"))

	b.Inst(neon.ADD, neonConvPlane, neonConvPlane, neonConvInPlane)
	b.Inst(neon.SUBSImm, neonConvI, neonConvI, 1)
	b.Inst(neon.BNE, neon.Label("plane"))
}

// convMultiply adds the products of a number of channels, 4 of a blocked input
// or 1 of a planar one: a multiply-add takes its scalar operand, the input,
// from an element of a register, so one load serves several of them.
//
// Weights are loaded a step ahead of their multiply-adds, for cores that issue
// in order.  A step is two vectors if four registers are left for weights, and
// one vector in the largest tiles, which leave two.  Half weights are converted
// in time before the last pixel's multiply-adds of the step before.
func (b *neonBuilder) convMultiply(channels int) {
	input := b.convScratch()
	weights := input + b.convInputs(input)
	step := min(2, (neon.Vectors-weights)/2)
	n := b.convVectors()
	steps := channels * n / step
	weight := func(s, i int) neon.Vec { return neon.Vec(weights + s%2*step + i) }
	load := func(s int) {
		c, v := s*step/n, s*step%n
		from, disp := neonConvW+neon.Reg(v/4), (c*4+v%4)*b.convWeights()/4
		switch size := step * b.convWeights() / 4; {
		case size == 32:
			b.Inst(neon.LDPQ, weight(s, 0), weight(s, 1), from, disp)
		case size == 16:
			b.Inst(neon.LDRQ, weight(s, 0), from, disp)
		default:
			b.Inst(neon.LDRD, weight(s, 0), from, disp)
		}
	}
	convert := func(s int) {
		if convClasses[b.kernel.Class].weight == 4 {
			return
		}
		if step == 2 {
			b.Inst(neon.FCVTL2, weight(s, 1), weight(s, 0))
		}
		b.Inst(neon.FCVTL, weight(s, 0), weight(s, 0))
	}
	load(0)
	convert(0)
	for s := range steps {
		if s+1 < steps {
			load(s + 1)
		}
		c, v := s*step/n, s*step%n
		for p := range b.kernel.Pixels {
			if p == b.kernel.Pixels-1 && s+1 < steps {
				convert(s + 1)
			}
			x, lane := b.convScalar(input, p, c)
			for i := range step {
				b.Inst(neon.FMLALane, neon.Vec(p*n+v+i), weight(s, i), x, lane)
			}
		}
	}
}

// convEpilogue adds the residual, clamps and stores.
func (b *neonBuilder) convEpilogue() {
	temp := b.convScratch()
	b.convResidual("activation")
	b.convBlocks("resPlane", func(first, disp int) {
		b.load(temp, 1, neonConvAt, disp)
		for v := range 4 {
			b.Inst(neon.FADD, neon.Vec(first+v), neon.Vec(first+v), neon.Vec(temp+v))
		}
	})

	b.Label("activation")
	b.arg("flags", neonConvAt)
	b.Inst(neon.TBZ, neonConvAt, bitReLU, neon.Label("store"))
	for i := range b.convScratch() {
		b.relu(neon.Vec(i), neon.Vec(temp+i%4))
	}

	b.Label("store")
	b.Inst(neon.MOV, neonConvAt, neonConvOut)
	b.convBlocks("outPlane", func(first, disp int) { b.store(first, 1, neonConvAt, disp) })
}
