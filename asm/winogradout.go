package asm

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// winogradOut is the transform Aᵀ d A to tiles of m by m output pixels, with
// the epilogue of a convolution.
//
// The bias is added to element (1, 1) of d: column 1 of Aᵀ is all ones, so it
// reaches every pixel of the tile once.  That holds for polyphase_out too.
func winogradOut(b *builder) {
	m, n := b.kernel.Pixels, b.kernel.winogradSums()
	// Bias and floor wait in memory for their turn.
	local := b.AllocLocal(2 * 64)
	bias, floor := local, local.Offset(64)
	b.floor(0)
	b.fill(1, math.Copysign(0, -1)) // which changes nothing
	for v := range b.isa.vectors() {
		b.VMOVUPS(b.isa.vec(0), floor.Offset(v*b.isa.bytes()))
		b.VMOVUPS(b.isa.vec(1), bias.Offset(v*b.isa.bytes()))
	}
	b.MOVQ(b.arg("bias"), winoAt)
	b.TESTQ(winoAt, winoAt)
	b.JE(operand.LabelRef("unbiased"))
	b.load(0, 1, at(winoAt, 0))
	b.store(0, 1, bias)
	b.Label("unbiased")

	var w *winograd
	switch {
	case m == 2:
		w = newWinograd(b)
	case b.isa.avx512():
		w = newWinograd(b, 2, 4, 8, 1)
	default:
		w = newWinograd(b, 2, 4, 8)
	}
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.IMUL3Q(operand.I32(n), winoMatrix, winoRow)
	w.multiples(winoRow, winoRow3, winoRow5)
	w.MOVQ(w.arg("res"), winoRes)
	w.MOVQ(w.arg("cols"), winoCols)

	w.tileLoop(func() {
		w.CMPQ(w.arg("rows"), operand.I8(m))
		w.JLT(operand.LabelRef("clipped"))
		w.CMPQ(winoCols, operand.I8(m))
		w.JLT(operand.LabelRef("clipped"))
		w.tileA(bias, floor, false)
		w.JMP(operand.LabelRef("next"))
		w.Label("clipped")
		w.tileA(bias, floor, true)
		w.Label("next")
		w.ADDQ(operand.I32(64), winoIn)
		w.ADDQ(operand.I32(m*64), winoOut)
		w.SUBQ(operand.I32(m), winoCols)
		w.TESTQ(winoRes, winoRes)
		w.JE(operand.LabelRef("plain"))
		w.ADDQ(operand.I32(m*64), winoRes)
		w.Label("plain")
	})
}

// tileA transforms a tile, the rows of Aᵀ d in groups as many as registers allow.
func (w *winograd) tileA(bias, floor operand.Mem, clipped bool) {
	m := w.kernel.Pixels
	groups := [][]int{{0, 1}}
	switch {
	case m == 4 && w.isa.avx512():
		groups = [][]int{{0, 2, 1, 3}}
	case m == 4:
		groups = [][]int{{0, 2}, {1, 3}}
	}
	for v := range w.isa.vectors() {
		disp := v * w.isa.bytes()
		for _, rows := range groups {
			w.MOVQ(winoIn, winoAt)
			half := map[int][]int{}
			for x := range w.kernel.winogradSums() {
				if x > 0 {
					w.ADDQ(winoMatrix, winoAt)
				}
				d := func(y int) operand.Mem {
					return winoStrided(winoAt, winoRow, winoRow3, winoRow5, y, disp)
				}
				d1 := w.read(d(1))
				if x == 1 {
					w.add(d1, bias.Offset(disp))
				}
				for y, i := range w.rowsA(rows, d1, d) {
					half[rows[y]] = append(half[rows[y]], i)
				}
			}
			for _, y := range rows {
				w.storeA(y, v, w.columnsA(half[y]), floor.Offset(disp), clipped)
			}
		}
	}
}

// rowsA computes some rows of Aᵀ d in one column as rowsB does; d1 is the
// register of d(1).
func (w *winograd) rowsA(rows []int, d1 int, d func(y int) operand.Mem) []int {
	vec := w.vec
	if w.kernel.winogradSums() == 3 { // d0+d1, d1+d2
		h0 := w.copy(d1)
		w.add(h0, d(0))
		w.add(d1, d(2))
		return []int{h0, d1}
	}
	if len(w.constants) == 0 { // d0+d1+d2, d1-d2-d3
		d2 := w.read(d(2))
		h0 := w.copy(d1)
		w.add(h0, vec(d2))
		w.add(h0, d(0))
		w.sub(d1, vec(d2))
		w.sub(d1, d(3))
		w.give(d2)
		return []int{h0, d1}
	}
	switch {
	case len(rows) == 4:
		d2, d3, d4 := w.read(d(2)), w.read(d(3)), w.read(d(4))
		s := w.copy(d1)
		w.add(s, vec(d2))
		w.sub(d1, vec(d2))
		w.give(d2)
		t := w.copy(d3)
		w.add(t, vec(d4))
		w.sub(d3, vec(d4))
		w.give(d4)
		h0 := w.copy(s) // s+t+d0
		w.add(h0, d(0))
		w.addTimes(h0, 1, vec(t))
		w.addTimes(s, 4, vec(t)) // s+4t
		w.give(t)
		h1 := w.copy(d1) // d1+2d3
		w.addTimes(h1, 2, vec(d3))
		w.addTimes(d1, 8, vec(d3)) // d1+8d3+d5
		w.addTimes(d1, 1, d(5))
		w.give(d3)
		return []int{h0, s, h1, d1}
	case rows[0] == 0: // d0+(d1+d2)+(d3+d4), (d1+d2)+4(d3+d4)
		w.add(d1, d(2))
		t := w.read(d(3))
		w.add(t, d(4))
		h0 := w.copy(d1)
		w.add(h0, d(0))
		w.add(h0, vec(t))
		w.addTimes(d1, 4, vec(t))
		w.give(t)
		return []int{h0, d1}
	}
	// (d1-d2)+2(d3-d4), (d1-d2)+8(d3-d4)+d5
	w.sub(d1, d(2))
	t := w.read(d(3))
	w.sub(t, d(4))
	h1 := w.copy(d1)
	w.addTimes(h1, 2, vec(t))
	w.addTimes(d1, 8, vec(t))
	w.add(d1, d(5))
	w.give(t)
	return []int{h1, d1}
}

// columnsA computes a row of (Aᵀ d) A from the registers of a row of Aᵀ d, which
// it uses up, and returns those of the pixels.
func (w *winograd) columnsA(h []int) []int {
	vec := w.vec
	if len(h) == 3 {
		w.add(h[0], vec(h[1]))
		w.add(h[1], vec(h[2]))
		w.give(h[2])
		return h[:2]
	}
	s := w.copy(h[1])
	w.add(s, vec(h[2]))
	w.sub(h[1], vec(h[2]))
	w.add(h[0], vec(s))
	if len(h) == 4 {
		w.sub(h[1], vec(h[3]))
		w.give(s, h[2], h[3])
		return []int{h[0], h[1]}
	}
	w.VADDPS(vec(h[4]), vec(h[3]), vec(h[2]))
	w.sub(h[3], vec(h[4]))
	w.sum(h[0], h[2])
	w.VMOVAPS(vec(h[1]), vec(h[4]))
	w.addTimes(h[4], 2, vec(h[3]))
	w.addTimes(s, 4, vec(h[2]))
	w.addTimes(h[1], 8, vec(h[3]))
	w.sum(h[1], h[5])
	w.give(h[2], h[3], h[5])
	return []int{h[0], h[4], s, h[1]}
}

// sum adds register x to i, by a multiply-add where there is the constant: it
// evens out the load of the multipliers and the adders, which are apart in
// some CPUs (Zen 4).
func (w *winograd) sum(i, x int) {
	if w.constants[1] != nil {
		w.addTimes(i, 1, w.vec(x))
	} else {
		w.add(i, w.vec(x))
	}
}

// storeA finishes and stores vector v of a row's pixels; of a clipped tile only
// those that lie in the output.
func (w *winograd) storeA(row, v int, pixels []int, floor operand.Mem, clipped bool) {
	disp := v * w.isa.bytes()
	label := func(name string, x int) string { return fmt.Sprintf("%s%d_%d_%d_%t", name, row, x, v, clipped) }
	end := label("end", 0)
	if clipped {
		w.CMPQ(w.arg("rows"), operand.I8(row))
		w.JLE(operand.LabelRef(end))
	}
	to := w.rowOf(winoOut, "row", row, winoAt)
	linear := label("linear", 0)
	w.TESTQ(winoRes, winoRes)
	w.JE(operand.LabelRef(linear))
	res := w.rowOf(winoRes, "resRow", row, winoAtR)
	for x, i := range pixels {
		if clipped {
			w.CMPQ(winoCols, operand.I8(x))
			w.JLE(operand.LabelRef(linear))
		}
		w.add(i, at(res, x*64+disp))
	}
	w.Label(linear)
	least := w.read(floor)
	for x, i := range pixels {
		if clipped {
			w.CMPQ(winoCols, operand.I8(x))
			w.JLE(operand.LabelRef(end))
		}
		w.clampTo(least, i)
		w.VMOVUPS(w.vec(i), at(to, x*64+disp))
	}
	w.Label(end)
	w.give(least)
	w.give(pixels...)
}

// rowOf returns the register of pixel row y from base: base itself or scratch.
func (w *winograd) rowOf(base reg.Register, stride string, y int, scratch reg.Register) reg.Register {
	if y == 0 {
		return base
	}
	w.IMUL3Q(operand.I32(y), w.arg(stride), scratch)
	w.ADDQ(base, scratch)
	return scratch
}
