package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Convolutions of groups of 4 or 8 channels put the groups of a block side by
// side: each 128-bit lane of a vector of sums belongs to one group, and a lane
// of its multiplier holds a channel of that group, four times over.  So a window
// element takes as many multiply-adds as a group has channels, and not 16.
//
// Windows are three columns wide and not dilated: the multipliers made of an
// input pixel serve each output pixel that it is a neighbour of.

// groupColumns is the width of the window, and groupPart the number of channels
// of a group whose products with a row of the window are summed before the others'.
const (
	groupColumns = 3
	groupPart    = 4
)

// groupTile is the largest tile of groups: beside its sums AVX-512's registers
// hold a window row's weights of four channels, and five inputs.
const groupTile = 14

// groupReduce is the reduction: window rows, parts of the group, columns, channels.
func (b *builder) groupReduce(l convLocals) {
	b.MOVQ(b.arg("w"), convW)
	b.MOVQ(convIn, convRow)
	b.MOVQ(b.arg("kh"), reg.RCX)
	b.MOVQ(reg.RCX, l.kh)

	b.Label("row")
	parts := convClasses[b.kernel.Class].group / groupPart
	for part := range parts {
		if b.isa.avx512() {
			b.groupByInput(part)
		} else {
			b.groupByWeight(part)
		}
	}
	b.ADDQ(operand.I32(parts*groupColumns*groupPart*64), convW)
	b.ADDQ(b.arg("inRow"), convRow)
	b.DECQ(l.kh)
	b.JNE(operand.LabelRef("row"))
}

// groupWeight is the memory of the weights of a channel of the part.
func groupWeight(part, column, channel int) operand.Mem {
	return at(convW, ((part*groupColumns+column)*groupPart+channel)*64)
}

// groupByInput keeps the weights of a window row in registers and goes through the input.
// Making multipliers takes another port than multiplying, but not if there
// were one for each product.
func (b *builder) groupByInput(part int) {
	pixels, class := b.kernel.Pixels, convClasses[b.kernel.Class]
	weight := func(column, channel int) reg.Register {
		return b.isa.vec(pixels + column*groupPart + channel)
	}
	for column := range groupColumns {
		for channel := range groupPart {
			b.VMOVUPS(groupWeight(part, column, channel), weight(column, channel))
		}
	}
	spare := pixels + groupColumns*groupPart
	step := class.step / 64
	for i := range (pixels-1)*step + groupColumns {
		var input operand.Op = at(convRow, i*64)
		if class.group == 8 { // two lanes for each group, both with this part's channels
			lanes := b.isa.vec(spare)
			b.VMOVUPS(input, lanes)
			b.VSHUFF32X4(operand.U8(part*0x55+0xa0), lanes, lanes, lanes)
			input = lanes
		}
		for channel := range groupPart {
			x := b.isa.vec(spare + 1 + channel)
			b.VPERMILPS(operand.U8(channel*0x55), input, x)
			for column := range groupColumns {
				if p := (i - column) / step; i >= column && (i-column)%step == 0 && p < pixels {
					b.VFMADD231PS(x, weight(column, channel), b.isa.vec(p))
				}
			}
		}
	}
}

// groupByWeight is groupByInput for AVX2, which has no registers for a row's weights.
func (b *builder) groupByWeight(part int) {
	pixels, class := b.kernel.Pixels, convClasses[b.kernel.Class]
	n := b.isa.vectors()
	weights := b.convScratch()
	for column := range groupColumns {
		for channel := range groupPart {
			for v := range n {
				b.VMOVUPS(groupWeight(part, column, channel).Offset(v*b.isa.bytes()), b.isa.vec(weights+v))
			}
			for p := range pixels {
				for v := range n {
					input := at(convRow, column*64+p*class.step+v*b.isa.bytes())
					x := b.isa.vec(weights + n + v)
					if class.group == 8 { // a vector holds one group
						b.VBROADCASTSS(input.Offset((part*groupPart+channel)*4), x)
					} else {
						b.VPERMILPS(operand.U8(channel*0x55), input, x)
					}
					b.VFMADD231PS(x, b.isa.vec(weights+v), b.isa.vec(p*n+v))
				}
			}
		}
	}
}
