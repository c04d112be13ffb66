package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The Winograd transforms compute M d Mᵀ of a tile d, for a matrix M of Lavin
// and Gray ("Fast Algorithms for Convolutional Neural Networks",
// arXiv 1509.09308): Bᵀ from input, Aᵀ to output.  They share subexpressions,
// as in their section 4.3, and fuse multiplications with sums, so they round
// otherwise, and less, than sums by the matrices' definition.
//
// M d is computed by groups of its rows: as many as fit into the registers, 4
// or 2 rows of up to 6 vectors, are kept there until they are multiplied by Mᵀ.
// So nothing is spilled, but elements of d that several groups need are read
// again.  Of F(4×4, 3×3) in AVX-512 that is 24 of 36 on the way in, none on the
// way out.

// winogradSums is the number of rows, and of columns, of the elements that an
// output transform reads.
func (k Kernel) winogradSums() int {
	if k.Op == "polyphase_out" {
		return 3
	}
	return k.Pixels + 2
}

// General-purpose registers of the Winograd kernels.
var (
	winoIn    = reg.RSI // of the tile
	winoOut   = reg.RDX
	winoTiles = reg.RCX // left to do
	winoAt    = reg.RAX // scratch
	// The distance of what a column of vectors is read from, times 1, 3 and 5.
	winoRow, winoRow3, winoRow5 = reg.R8, reg.R9, reg.R10
	// The matrices' distance, times 1, and in the input transform 3 and 5.
	winoMatrix, winoMatrix3, winoMatrix5 = reg.R11, reg.R12, reg.R13
	// The output transform's.
	winoRes  = reg.R12 // residual of the tile, or nil
	winoCols = reg.R13 // columns left
	winoAtR  = reg.RBX // scratch for the residual
)

// winograd writes one of the transforms: it hands out vector registers.
type winograd struct {
	*builder
	free      []int
	constants map[float64]reg.Physical
	memory    map[float64]operand.Mem // where constants lie for which there are no registers
}

// newWinograd starts a transform that multiplies by constants, which lie in the
// highest registers.
func newWinograd(b *builder, constants ...float64) *winograd {
	w := &winograd{builder: b, constants: map[float64]reg.Physical{}}
	last := b.isa.registers - 1
	for i, c := range constants {
		b.fill(last-i, c)
		w.constants[c] = b.isa.vec(last - i)
	}
	for i := range b.isa.registers - len(constants) {
		w.free = append(w.free, i)
	}
	return w
}

// take returns a free register.  What is in use at a time does not depend on
// the arguments of a kernel, so that too few registers show when it is written.
func (w *winograd) take() int {
	i := w.free[0]
	w.free = w.free[1:]
	return i
}

func (w *winograd) give(i ...int) { w.free = append(w.free, i...) }

// vec is vector register i.
func (w *winograd) vec(i int) reg.Physical { return w.isa.vec(i) }

// read returns a new register with vector m.
func (w *winograd) read(m operand.Mem) int {
	i := w.take()
	w.VMOVUPS(m, w.vec(i))
	return i
}

// copy returns a new register with the same contents as i.
func (w *winograd) copy(i int) int {
	to := w.take()
	w.VMOVAPS(w.vec(i), w.vec(to))
	return to
}

// The steps of the transforms; x is another register or, except in minus, memory.

func (w *winograd) add(i int, x operand.Op) { w.VADDPS(x, w.vec(i), w.vec(i)) } // i += x

func (w *winograd) sub(i int, x operand.Op) { w.VSUBPS(x, w.vec(i), w.vec(i)) } // i -= x

func (w *winograd) addTimes(i int, c float64, x operand.Op) { // i += c*x
	w.VFMADD231PS(x, w.constants[c], w.vec(i))
}

func (w *winograd) subTimes(i int, c float64, x operand.Op) { // i -= c*x
	w.VFNMADD231PS(x, w.constants[c], w.vec(i))
}

func (w *winograd) timesAdd(i int, c float64, x operand.Op) { // i = c*i + x
	w.VFMADD213PS(x, w.constants[c], w.vec(i))
}

// winoStrided is the memory i distances from base; the registers hold 1, 3 and 5 of them.
func winoStrided(base, one, three, five reg.Register, i, disp int) operand.Mem {
	m := at(base, disp)
	switch i {
	case 1, 2, 4:
		return m.Idx(one, uint8(i))
	case 3:
		return m.Idx(three, 1)
	case 5:
		return m.Idx(five, 1)
	}
	return m
}

// multiples sets registers to 3 and 5 times another.
func (w *winograd) multiples(one, three, five reg.Register) {
	w.LEAQ(operand.Mem{Base: one, Index: one, Scale: 2}, three)
	w.LEAQ(operand.Mem{Base: one, Index: one, Scale: 4}, five)
}

// tileLoop calls body for each of a.tiles tiles.
func (w *winograd) tileLoop(body func()) {
	w.MOVQ(w.arg("tiles"), winoTiles)
	w.TESTQ(winoTiles, winoTiles)
	w.JLE(operand.LabelRef("done"))
	w.MOVQ(w.arg("in"), winoIn)
	w.MOVQ(w.arg("out"), winoOut)
	w.Label("tile")
	body()
	w.DECQ(winoTiles)
	w.JNE(operand.LabelRef("tile"))
	w.Label("done")
}
