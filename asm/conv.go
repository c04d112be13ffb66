package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General-purpose registers of the convolution kernels.  RCX is scratch, and
// all others but SP and BP are between reductions.
var (
	convIn    = reg.RSI // input of the tile's first pixel
	convOut   = reg.RDX // output of the tile's first pixel
	convW     = reg.R9  // next weights of the first block
	convW1    = reg.R10 // a.wBlock, where there are more blocks than one
	convW3    = reg.R11 // three times that, where there are four
	convRow   = reg.R12 // window row
	convPlane = reg.R13 // input channel block
	convNext  = reg.R14 // input to ask for, of the channel block after that
	convCol   = reg.RAX // window column
	convTouch = reg.RBX // what the epilogue will touch, to ask for
	convI     = reg.R15 // input channel blocks left
	convC     = reg.R8  // times convUnroll channels left
	convFar   = reg.R14 // AVX2, which needs no convNext: next weights to ask for
)

// convUnroll is the number of channels in the innermost loop's body.  More gain nothing
// on a Zen 4 with AVX-512, whose multiply-adds have operands that they broadcast.  With
// AVX2 there is a load for each one or two of them, and a core that another thread shares
// has too few turns for more than these: a Zen 3 takes 0.98 of the time for eight in place
// of four and what they ask for once a block, 0.9 where it is shared.  16 gain nothing.
func (b *builder) convUnroll() int {
	if b.isa.avx512() {
		return 4
	}
	return 8
}

// conv is the tile loop of a convolution kernel.  Accumulator p*n+v holds
// vector v, of n, of pixel p: all blocks of a pixel, one after another.
func conv(b *builder) {
	l := b.convLocals()
	b.MOVQ(b.arg("tiles"), reg.RAX)
	b.TESTQ(reg.RAX, reg.RAX)
	b.JLE(operand.LabelRef("done"))
	b.MOVQ(reg.RAX, l.tiles)
	if convWalks(b.kernel.Class) {
		b.MOVQ(b.arg("products"), reg.RAX)
		b.MOVQ(reg.RAX, l.products)
		b.MOVQ(b.arg("w"), reg.RAX)
		b.MOVQ(reg.RAX, l.w)
	}
	b.MOVQ(b.arg("in"), convIn)
	b.MOVQ(b.arg("out"), convOut)
	if b.kernel.Blocks > 1 {
		b.MOVQ(b.arg("wBlock"), convW1)
	}
	if b.kernel.Blocks > 3 {
		b.LEAQ(operand.Mem{Base: convW1, Index: convW1, Scale: 2}, convW3)
	}

	b.Label("tile")
	if b.hasBare() {
		b.TESTQ(operand.I32(flagBare), b.arg("flags"))
		b.JNE(operand.LabelRef("bare"))
	}
	b.convBeginTouch(l)
	b.convStart()
	if convClasses[b.kernel.Class].group > 0 {
		b.groupReduce(l)
	} else {
		b.convReduce(l)
	}
	b.convEpilogue()
	b.convNextTile(l, "tile")
	if convWalks(b.kernel.Class) {
		b.convNextProduct(l, b.asksAhead())
	}
	if b.hasBare() {
		b.convBare(l)
	}
	b.Label("done")
}

// hasBare reports whether the kernel has a loop of its own for flagBare: where few
// channels are likely, and float32 weights.
func (b *builder) hasBare() bool {
	return convWalks(b.kernel.Class) && b.kernel.Blocks <= 2 && !b.halfWeights()
}

// convBare is the loop for tiles that are nothing but products, as flagBare says: of
// the few channels of Winograd's small ones, where all else that a tile may need to
// ask for takes as long as a third of the multiply-adds.
func (b *builder) convBare(l convLocals) {
	b.Label("bare")
	for i := range b.convScratch() {
		b.zero(i)
	}
	b.MOVQ(l.w, convW)
	b.MOVQ(convIn, convRow)
	b.MOVQ(b.arg("kh"), convI)
	b.Label("bareRow")
	b.MOVQ(convRow, convCol)
	channels := convClasses[b.kernel.Class].channels
	unroll := b.convUnroll()
	b.MOVL(operand.U32(channels/unroll), convC.As32())
	b.Label("bareChannels")
	for c := range unroll {
		b.convChannel(c, false)
	}
	b.ADDQ(operand.I32(unroll*b.convWeights()), convW)
	b.ADDQ(operand.I32(unroll*4), convCol)
	b.DECQ(convC)
	b.JNE(operand.LabelRef("bareChannels"))
	b.ADDQ(b.arg("inRow"), convRow)
	b.DECQ(convI)
	b.JNE(operand.LabelRef("bareRow"))

	b.MOVQ(convOut, reg.RAX)
	b.convBlocks(reg.RAX, "outPlane", func(first int, m operand.Mem) { b.store(first, 1, m) })
	b.convNextTile(l, "bare")
	b.convNextProduct(l, false)
}

// convNextTile goes on to the next tile, if there is one, of the loop that begins at a label.
func (b *builder) convNextTile(l convLocals, label string) {
	b.ADDQ(operand.I32(b.kernel.Pixels*convClasses[b.kernel.Class].step), convIn)
	b.ADDQ(operand.I32(b.kernel.Pixels*64), convOut)
	b.DECQ(l.tiles)
	b.JNE(operand.LabelRef(label))
}

// convNextProduct goes on to the next product, if there is one, and from then on asks
// for the weights of the one after that.
func (b *builder) convNextProduct(l convLocals, asks bool) {
	b.DECQ(l.products)
	b.JLE(operand.LabelRef("done"))
	b.ADDQ(b.arg("inNext"), convIn)
	b.ADDQ(b.arg("outNext"), convOut)
	b.MOVQ(b.arg("wNext"), reg.RAX)
	b.ADDQ(reg.RAX, l.w)
	if asks {
		b.ADDQ(l.w, reg.RAX)
		b.MOVQ(reg.RAX, b.arg("ahead"))
	}
	b.MOVQ(b.arg("tiles"), reg.RAX)
	b.MOVQ(reg.RAX, l.tiles)
	b.JMP(operand.LabelRef("tile"))
}

// convResidual gives RAX the place of the tile's residual, or jumps to none.
func (b *builder) convResidual(none string) {
	b.MOVQ(b.arg("res"), reg.RAX)
	b.TESTQ(reg.RAX, reg.RAX)
	b.JE(operand.LabelRef(none))
	// The residual advances from tile to tile as the output does.
	b.ADDQ(convOut, reg.RAX)
	b.SUBQ(b.arg("out"), reg.RAX)
}

// convVectors is the number of accumulators per pixel.
func (b *builder) convVectors() int { return b.kernel.Blocks * b.isa.vectors() }

// convScratch is the first register after the accumulators.
func (b *builder) convScratch() int { return b.kernel.Pixels * b.convVectors() }

// convStart sets the accumulators to the output, the bias or zero.
func (b *builder) convStart() {
	n := b.convVectors()
	b.TESTQ(operand.I32(flagAccumulate), b.arg("flags"))
	b.JNE(operand.LabelRef("accumulate"))
	b.MOVQ(b.arg("bias"), reg.RAX)
	b.TESTQ(reg.RAX, reg.RAX)
	b.JE(operand.LabelRef("zero"))
	b.load(0, b.kernel.Blocks, at(reg.RAX, 0))
	for i := n; i < b.convScratch(); i++ {
		b.VMOVAPS(b.isa.vec(i%n), b.isa.vec(i))
	}
	b.JMP(operand.LabelRef("reduce"))

	b.Label("zero")
	for i := range b.convScratch() {
		b.zero(i)
	}
	b.JMP(operand.LabelRef("reduce"))

	b.Label("accumulate")
	b.MOVQ(convOut, reg.RAX)
	b.convBlocks(reg.RAX, "outPlane", func(first int, m operand.Mem) { b.load(first, 1, m) })
	b.Label("reduce")
}

// convBlocks calls do for the accumulators of every block of every pixel, with
// their place in a tensor whose blocks are a field of the arguments apart.
// p starts as the place of the first pixel's first block.
func (b *builder) convBlocks(p reg.Register, plane string, do func(first int, m operand.Mem)) {
	for block := range b.kernel.Blocks {
		if block > 0 {
			b.ADDQ(b.arg(plane), p)
		}
		for pixel := range b.kernel.Pixels {
			do(pixel*b.convVectors()+block*b.isa.vectors(), at(p, pixel*64))
		}
	}
}

// convReduce is the reduction: input channel blocks, window rows, window
// columns, channels.
func (b *builder) convReduce(l convLocals) {
	channels := convClasses[b.kernel.Class].channels
	unroll := min(channels, b.convUnroll())
	if convWalks(b.kernel.Class) {
		b.MOVQ(l.w, convW)
	} else {
		b.MOVQ(b.arg("w"), convW)
	}
	b.MOVQ(convIn, convPlane)
	b.MOVQ(b.arg("blocks"), convI)
	ahead := unroll < channels // a planar input has too few products for that
	if ahead {
		b.convBeginNext(l)
	}

	b.Label("plane")
	if ahead {
		b.convLastNext(l)
	}
	b.MOVQ(convPlane, convRow)
	b.MOVQ(b.arg("kh"), reg.RCX)
	b.MOVQ(reg.RCX, l.kh)

	b.Label("row")
	b.MOVQ(convRow, convCol)
	b.MOVQ(b.arg("kw"), reg.RCX)
	b.MOVQ(reg.RCX, l.kw)

	b.Label("col")
	if ahead {
		b.convBeginAhead(l)
		b.MOVL(operand.U32(channels/unroll), convC.As32())
		b.Label("channels")
		if b.asksAhead() {
			b.convAskWeights()
		} else {
			b.convAhead((b.kernel.Pixels*unroll + channels - 1) / channels)
		}
	}
	for c := range unroll {
		b.convChannel(c, true)
	}
	b.ADDQ(operand.I32(unroll*b.convWeights()), convW)
	if ahead {
		b.ADDQ(operand.I32(unroll*4), convCol)
		b.DECQ(convC)
		b.JNE(operand.LabelRef("channels"))
		b.SUBQ(operand.I32(channels*4), convCol)
	}
	b.ADDQ(b.arg("inCol"), convCol)
	b.DECQ(l.kw)
	b.JNE(operand.LabelRef("col"))

	b.ADDQ(b.arg("inRow"), convRow)
	b.DECQ(l.kh)
	b.JNE(operand.LabelRef("row"))

	b.ADDQ(b.arg("inPlane"), convPlane)
	b.DECQ(convI)
	b.JNE(operand.LabelRef("plane"))
	if ahead && b.asksAhead() {
		b.MOVQ(convFar, b.arg("ahead"))
	}
}

// halfWeights reports whether the weights are halves.
func (b *builder) halfWeights() bool { return convClasses[b.kernel.Class].weight == 2 }

// convWeights is the size in bytes of an input channel's weights in a block.
func (b *builder) convWeights() int { return 16 * convClasses[b.kernel.Class].weight }

// convWeight is the memory of vector v of the weights of channel c.
func (b *builder) convWeight(v, c int) operand.Mem {
	per := b.isa.vectors()
	return convBlock(at(convW, (c*per+v%per)*b.convWeights()/per), v/per)
}

// convBlock is the same place in the weights of a further block.
func convBlock(m operand.Mem, block int) operand.Mem {
	switch block {
	case 1:
		m = m.Idx(convW1, 1)
	case 2:
		m = m.Idx(convW1, 2)
	case 3:
		m = m.Idx(convW3, 1)
	}
	return m
}

// convLoadWeight loads vector v of the weights of channel c.
func (b *builder) convLoadWeight(v, c int, to reg.Register) {
	if b.halfWeights() {
		b.VCVTPH2PS(b.convWeight(v, c), to)
	} else {
		b.VMOVUPS(b.convWeight(v, c), to)
	}
}

// convChannel adds the products of input channel c of the current ones, and may ask
// for later weights.
func (b *builder) convChannel(c int, asks bool) {
	n := b.convVectors()
	weights := b.convScratch()
	input := weights + n
	spare := b.isa.registers - input // for inputs, beside a weight in each vector
	value := func(p int) operand.Mem { return at(convCol, p*convClasses[b.kernel.Class].step+c*4) }
	if spare < 1 && !b.isa.avx512() {
		b.convChannelByWeight(c, value)
		return
	}
	for v := range n {
		b.convLoadWeight(v, c, b.isa.vec(weights+v))
		if asks && v%b.isa.vectors() == 0 && c*b.convWeights()%64 == 0 {
			if b.asksNear() {
				b.PREFETCHT0(b.convWeight(v, c).Offset(convWeightsNear))
			}
			if !b.asksAhead() {
				b.PREFETCHT1(b.convWeight(v, c).Offset(convWeightsAhead))
			}
		}
	}
	for p := range b.kernel.Pixels {
		// An operand that the multiply-add itself broadcasts saves an
		// instruction where it serves one only: on Zen 4 a loop that broadcasts
		// for every multiply-add stops at 75% of peak.  Where it serves several,
		// broadcasting once leaves fewer loads.  But beside conversions of half
		// weights broadcasts cost 8 to 15% of the speed of 14x32 and 7x32, and
		// operands that are broadcast cost nothing.
		if b.isa.avx512() && (n == 1 || spare < 1 || b.halfWeights()) {
			for v := range n {
				b.VFMADD231PS_BCST(value(p), b.isa.vec(weights+v), b.isa.vec(p*n+v))
			}
			continue
		}
		x := b.isa.vec(input + p%min(spare, 4))
		b.VBROADCASTSS(value(p), x)
		for v := range n {
			b.VFMADD231PS(x, b.isa.vec(weights+v), b.isa.vec(p*n+v))
		}
	}
}

// convChannelByWeight is convChannel for tiles that leave registers for an
// input of each pixel and a single weight vector: AVX2's 3x32.
func (b *builder) convChannelByWeight(c int, value func(p int) operand.Mem) {
	weight := b.isa.vec(b.convScratch())
	input := b.convScratch() + 1
	for p := range b.kernel.Pixels {
		b.VBROADCASTSS(value(p), b.isa.vec(input+p))
	}
	for v := range b.convVectors() {
		b.convLoadWeight(v, c, weight)
		for p := range b.kernel.Pixels {
			b.VFMADD231PS(weight, b.isa.vec(input+p), b.isa.vec(p*b.convVectors()+v))
		}
	}
}

// convEpilogue adds the residual, clamps and stores.
func (b *builder) convEpilogue() {
	b.convResidual("activation")
	b.convBlocks(reg.RAX, "resPlane", func(first int, m operand.Mem) {
		for v := range b.isa.vectors() {
			b.VADDPS(m.Offset(v*b.isa.bytes()), b.isa.vec(first+v), b.isa.vec(first+v))
		}
	})

	b.Label("activation")
	b.TESTQ(operand.I32(flagReLU), b.arg("flags"))
	b.JE(operand.LabelRef("store"))
	floor := b.convScratch()
	b.zero(floor)
	for i := range b.convScratch() {
		b.clampTo(floor, i)
	}

	b.Label("store")
	b.MOVQ(convOut, reg.RAX)
	b.convBlocks(reg.RAX, "outPlane", func(first int, m operand.Mem) { b.store(first, 1, m) })
}
