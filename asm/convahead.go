package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A convolution asks for what it will read and write before it does, all the
// time a little: a core waits for a few dozen cache lines at most, so those of
// a whole tile at once would make the multiply-adds wait too.  Where the products
// with a window element are summed over a channel block, that is
//
//   - the input of the tile's pixels in the next channel block, or, in the last
//     one, in the next tile's first: each lies at a place of its own, which the
//     core's own prefetchers cannot guess;
//   - a block of what the epilogue touches, the residual or the output;
//   - with AVX2, some of the weights that come after those that all tiles share,
//     which else would all be asked for while the first tile is computed.
//
// On a Zen 4 this takes 2.4 % of ResNet-50's time for a batch of 8 images, and
// more where others use the last-level cache too.

// convLocals are what kernels have no registers for.
type convLocals struct {
	tiles, kh, kw operand.Mem // left to do
	touch         operand.Mem // the next block to touch
	touched       operand.Mem // blocks of the residual that are left; of the output, negative, those begun
	next          operand.Mem // from the input at hand to that of the next channel block
	products, w   operand.Mem // products left to do, and the weights of the one at hand
}

func (b *builder) convLocals() convLocals {
	word := func() operand.Mem { return b.AllocLocal(8) }
	l := convLocals{tiles: word(), kh: word(), kw: word(), touch: word(), touched: word(), next: word()}
	if convWalks(b.kernel.Class) {
		l.products, l.w = word(), word()
	}
	return l
}

// convBeginTouch begins what the tile's epilogue will touch: each block of the
// residual, if there is one, and of the output.  Planar inputs and groups, with their few
// products, ask for all of it here.
func (b *builder) convBeginTouch(l convLocals) {
	if class := convClasses[b.kernel.Class]; class.channels == 1 || class.group > 0 {
		line := func(_ int, m operand.Mem) { b.PREFETCHT0(m) }
		b.MOVQ(convOut, reg.RAX)
		b.convBlocks(reg.RAX, "outPlane", line)
		b.convResidual("start")
		b.convBlocks(reg.RAX, "resPlane", line)
		b.Label("start")
		return
	}
	b.convResidual("output")
	b.MOVQ(reg.RAX, l.touch)
	b.MOVQ(operand.I32(b.kernel.Blocks), l.touched)
	b.JMP(operand.LabelRef("start"))
	b.Label("output")
	b.MOVQ(convOut, l.touch)
	b.MOVQ(operand.I32(0), l.touched)
	b.Label("start")
}

// convBeginNext begins what a tile asks for: input that comes a channel block later,
// none if all of it is in the cache, and weights.
func (b *builder) convBeginNext(l convLocals) {
	b.MOVQ(b.arg("inPlane"), reg.RCX)
	b.TESTQ(operand.I32(flagNear), b.arg("flags"))
	b.JE(operand.LabelRef("next"))
	b.MOVQ(operand.I32(0), reg.RCX)
	b.Label("next")
	b.MOVQ(reg.RCX, l.next)
	if b.asksAhead() {
		b.MOVQ(b.arg("ahead"), convFar)
	}
}

// convLastNext has the last channel block ask for the next tile's first.
func (b *builder) convLastNext(l convLocals) {
	b.CMPQ(convI, operand.I32(1))
	b.JNE(operand.LabelRef("found"))
	b.TESTQ(operand.I32(flagNear), b.arg("flags"))
	b.JNE(operand.LabelRef("found"))
	b.LEAQ(at(convIn, b.kernel.Pixels*convClasses[b.kernel.Class].step), reg.RCX)
	b.SUBQ(convPlane, reg.RCX)
	b.MOVQ(reg.RCX, l.next)
	b.Label("found")
}

// convBeginAhead begins what is asked for during one window element.  AVX-512's tiles of up
// to 28 pixels spread it over the channels: convAhead goes on from convNext and
// convTouch.  AVX2's of six pixels at most ask at once, and for nothing twice.
func (b *builder) convBeginAhead(l convLocals) {
	if b.isa.avx512() {
		b.MOVQ(convCol, convNext)
		b.ADDQ(l.next, convNext)
		b.MOVQ(l.touch, convTouch)
		b.convTouchNext(l)
		return
	}
	b.MOVQ(l.next, convTouch)
	b.TESTQ(convTouch, convTouch)
	b.JE(operand.LabelRef("askedNext"))
	b.ADDQ(convCol, convTouch)
	b.convAskPixels(convTouch, convClasses[b.kernel.Class].step, b.kernel.Pixels)
	b.Label("askedNext")
	b.CMPQ(l.touched, operand.I32(-b.kernel.Blocks))
	b.JLE(operand.LabelRef("ahead"))
	b.MOVQ(l.touch, convTouch)
	b.convAskPixels(convTouch, 64, b.kernel.Pixels)
	b.convTouchNext(l)
}

// convTouchNext goes on to the next block to touch, and then to the label ahead.  The last one stays.
func (b *builder) convTouchNext(l convLocals) {
	b.DECQ(l.touched)
	b.JE(operand.LabelRef("first"))
	b.MOVQ(b.arg("resPlane"), reg.RCX)
	b.JG(operand.LabelRef("advance"))
	b.MOVQ(b.arg("outPlane"), reg.RCX)
	b.CMPQ(l.touched, operand.I32(-b.kernel.Blocks))
	b.JLE(operand.LabelRef("ahead"))
	b.Label("advance")
	b.ADDQ(reg.RCX, l.touch)
	b.JMP(operand.LabelRef("ahead"))
	b.Label("first")
	b.MOVQ(convOut, l.touch)
	b.Label("ahead")
}

// convAskPixels asks for so many pixels from p on.
func (b *builder) convAskPixels(p reg.Register, step, pixels int) {
	for i := range pixels {
		b.PREFETCHT0(at(p, i*step))
	}
}

// convAhead goes on asking for so many pixels, with AVX-512.
func (b *builder) convAhead(pixels int) {
	step := convClasses[b.kernel.Class].step
	for p := range pixels {
		b.PREFETCHT0(at(convNext, p*step))
		b.PREFETCHT0(at(convTouch, p*64))
	}
	b.ADDQ(operand.I32(pixels*step), convNext)
	b.ADDQ(operand.I32(pixels*64), convTouch)
}

// Weights are asked for twice, so many bytes before their turn: far ahead into the L2
// cache, which waits for more lines at a time than the L1 cache can, and then nearby.
// With AVX2 the arguments say what is far ahead: see convAskWeights, and asksNear.
// On a Zen 4 this took 5 % of ResNet-50's time, and of layers that read
// megabytes of weights for a few pixels up to 30 %; 8 and 16 KiB gained less.
const (
	convWeightsAhead = 32 << 10
	convWeightsNear  = 2 << 10
)

// asksNear reports whether the kernel asks for weights shortly before their turn.  AVX2's do
// not if their tiles are wide, since those come many to a row and find the weights in
// the L1 cache, or in L2, from where a Zen 3 brings them as fast by itself: 0.95 of the time on a core
// that another thread shares.  Nor if they have one pixel, which use weights once,
// as a stream that the core sees: 0.7 of the time for the last layer of a ResNet-50.  Without
// asking, those between, in which small planes end, take 1.2 of the time for ResNet-56's last layers.
func (b *builder) asksNear() bool {
	pixels := b.kernel.Pixels
	return b.isa.avx512() || pixels > 1 && pixels*b.kernel.Blocks <= 4
}

// asksAhead reports whether the kernel asks for the weights that the arguments name.
func (b *builder) asksAhead() bool { return !b.isa.avx512() }

// convAskWeights asks for weights of each block that come after those at hand: for as
// many lines as a.aheadStep has, up to half of those that the innermost loop reads.
func (b *builder) convAskWeights() {
	lines := func(from, to int) {
		for block := range b.kernel.Blocks {
			for line := from; line < to; line++ {
				b.PREFETCHT1(convBlock(at(convFar, 64*line), block))
			}
		}
	}
	most := b.convUnroll() * b.convWeights() / 64 / 2
	b.CMPQ(b.arg("aheadStep"), operand.I32(64))
	b.JLT(operand.LabelRef("asked"))
	lines(0, 1)
	b.JE(operand.LabelRef("advanceAhead"))
	lines(1, 2)
	if most > 2 {
		b.CMPQ(b.arg("aheadStep"), operand.I32(128))
		b.JE(operand.LabelRef("advanceAhead"))
		lines(2, most)
	}
	b.Label("advanceAhead")
	b.ADDQ(b.arg("aheadStep"), convFar)
	b.Label("asked")
}
