package asm

import "github.com/resnetc/resnetc/asm/neon"

// neonSpan is a load of input values whose elements are scalar operands.
type neonSpan struct {
	instruction *neon.Instruction
	offset      int // bytes from the window column of the tile's first pixel
}

// neonScalar says where a pixel's value of a planar input is.
type neonScalar struct{ span, lane int }

// convInputs loads the inputs of the next channels into registers first and
// up, and returns how many.
func (b *neonBuilder) convInputs(first int) int {
	spans, _ := b.convSpans()
	for i, s := range spans {
		b.Inst(s.instruction, neon.Vec(first+i), neonConvCol, s.offset)
	}
	return len(spans)
}

// convScalar is the register and element of pixel p's value of channel c,
// counted from the first that convInputs loaded.
func (b *neonBuilder) convScalar(first, p, c int) (neon.Vec, int) {
	_, scalars := b.convSpans()
	return neon.Vec(first + scalars[p].span), scalars[p].lane + c
}

// convSpans returns the loads of a tile's inputs, and which of their elements
// belong to each pixel.  Of a blocked input a load takes four channels of one
// pixel.  Of a planar one it takes as many pixels as it can, and nothing beyond
// the last, which may be the end of the memory.
func (b *neonBuilder) convSpans() ([]neonSpan, []neonScalar) {
	var spans []neonSpan
	var scalars []neonScalar
	pixels, step := b.kernel.Pixels, b.convStep()/4
	if b.convChannels() > 1 {
		for p := range pixels {
			spans = append(spans, neonSpan{neon.LDRQ, p * b.convStep()})
			scalars = append(scalars, neonScalar{p, 0})
		}
		return spans, scalars
	}
	last := (pixels - 1) * step
	for p := 0; p < pixels; {
		at := p * step
		count := min(pixels-p, (4+step-1)/step)
		if last < 3 { // the whole tile is shorter than a register
			count = min(count, 3-step)
		}
		load, from := neon.LDURQ, at
		switch {
		case count == 1:
			load = neon.LDRS
		case count == 2 && step == 1:
			load = neon.LDRD
		default:
			// A register with this pixel and the next few, which begins before
			// them if it would reach beyond the last.
			if from = min(at, last-3); from%4 == 0 {
				load = neon.LDRQ
			}
		}
		for k := range count {
			scalars = append(scalars, neonScalar{len(spans), at + k*step - from})
		}
		spans = append(spans, neonSpan{load, 4 * from})
		p += count
	}
	return spans, scalars
}
