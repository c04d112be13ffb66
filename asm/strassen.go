package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// General-purpose registers of Strassen's combinations.
var (
	strassen11      = reg.RSI // the quarters
	strassen12      = reg.R9
	strassen21      = reg.R10
	strassen22      = reg.R11
	strassenTo      = reg.RDX
	strassenMatrix  = reg.RCX // from one combination to the next
	strassenMatrix3 = reg.RBX // three times that
	strassenPixels  = reg.R8  // left to do
)

// strassenIn is the combinations of the input's quarters.
func strassenIn(b *builder) {
	b.MOVQ(b.arg("in"), strassen11)
	b.MOVQ(b.arg("rows"), strassen12)
	b.MOVQ(b.arg("planes"), strassen21)
	b.LEAQ(operand.Mem{Base: strassen12, Index: strassen21, Scale: 1}, strassen22)
	for _, p := range []reg.Register{strassen12, strassen21, strassen22} {
		b.ADDQ(strassen11, p)
	}
	b.MOVQ(b.arg("out"), strassenTo)
	b.MOVQ(b.arg("matrix"), strassenMatrix)
	b.LEAQ(operand.Mem{Base: strassenMatrix, Index: strassenMatrix, Scale: 2}, strassenMatrix3)
	vec := b.isa.vec
	b.pixels(strassenPixels, 2, func(n int, _ string) {
		for v := range n * b.isa.vectors() {
			disp := v * b.isa.bytes()
			first, second, third := vec(3*v), vec(3*v+1), vec(3*v+2)
			to := at(strassenTo, disp)
			b.VMOVUPS(at(strassen12, disp), third)
			b.VSUBPS(at(strassen11, disp), third, first)
			b.VMOVUPS(first, to)
			b.VMOVUPS(at(strassen22, disp), second)
			b.VSUBPS(third, second, third)
			b.VMOVUPS(third, to.Idx(strassenMatrix, 2))
			b.VSUBPS(first, second, second)
			b.VMOVUPS(second, to.Idx(strassenMatrix, 1))
			b.VMOVUPS(at(strassen21, disp), first)
			b.VSUBPS(second, first, first)
			b.VMOVUPS(first, to.Idx(strassenMatrix3, 1))
		}
		for _, p := range []reg.Register{strassen11, strassen12, strassen21, strassen22, strassenTo} {
			b.ADDQ(operand.I32(n*64), p)
		}
	})
}
