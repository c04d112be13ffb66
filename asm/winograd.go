package asm

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The Winograd transforms compute M d Mᵀ of a tile d, for a matrix M of Lavin
// and Gray ("Fast Algorithms for Convolutional Neural Networks",
// arXiv 1509.09308): Bᵀ from input, Aᵀ to output.  They share subexpressions,
// as in their section 4.3, and fuse multiplications by 4, 5 or 8, so they round
// otherwise, and less, than sums by the matrices' definition.
//
// Rows of M d are computed two at a time, those that share subexpressions:
// twice six vectors, three constants and a spare fill the 16 registers of AVX2.

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

// winoVectors hands out vector registers.
type winoVectors []int

func (f *winoVectors) take() int {
	i := (*f)[0]
	*f = (*f)[1:]
	return i
}

func (f *winoVectors) give(i ...int) { *f = append(*f, i...) }

// winoConstants puts constants into the highest AVX2 registers and returns
// where, and the registers that are left.
func (b *builder) winoConstants(constants ...float64) (map[float64]reg.Physical, winoVectors) {
	at := map[float64]reg.Physical{}
	var free winoVectors
	for i := range 16 - len(constants) {
		free = append(free, i)
	}
	for i, c := range constants {
		b.fill(15-i, c)
		at[c] = b.isa.vec(15 - i)
	}
	return at, free
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

// winoMultiples sets registers to 3 and 5 times another.
func (b *builder) winoMultiples(one, three, five reg.Register) {
	b.LEAQ(operand.Mem{Base: one, Index: one, Scale: 2}, three)
	b.LEAQ(operand.Mem{Base: one, Index: one, Scale: 4}, five)
}

// winoTileLoop calls body for each of a.tiles tiles.
func (b *builder) winoTileLoop(body func()) {
	b.MOVQ(b.arg("tiles"), winoTiles)
	b.TESTQ(winoTiles, winoTiles)
	b.JLE(operand.LabelRef("done"))
	b.MOVQ(b.arg("in"), winoIn)
	b.MOVQ(b.arg("out"), winoOut)
	b.Label("tile")
	body()
	b.DECQ(winoTiles)
	b.JNE(operand.LabelRef("tile"))
	b.Label("done")
}

// winoPairs are the rows of Bᵀ that share subexpressions, by m.
var winoPairs = map[int][][2]int{
	2: {{0, 3}, {1, 2}},
	4: {{0, 5}, {1, 2}, {3, 4}},
}

// winogradIn is the transform Bᵀ d B of tiles of m+2 by m+2 input pixels.
func winogradIn(b *builder) {
	m, vec := b.kernel.Pixels, b.isa.vec
	n := m + 2
	b.MOVQ(b.arg("row"), winoRow)
	b.winoMultiples(winoRow, winoRow3, winoRow5)
	b.MOVQ(b.arg("matrix"), winoMatrix)
	b.winoMultiples(winoMatrix, winoMatrix3, winoMatrix5)
	var constants map[float64]reg.Physical
	var free winoVectors
	if m == 2 {
		constants, free = b.winoConstants()
	} else {
		constants, free = b.winoConstants(2, 4, 5)
	}

	b.winoTileLoop(func() {
		for v := range b.isa.vectors() {
			for _, pair := range winoPairs[m] {
				half := [2][]int{}
				for x := range n {
					d := func(y int) operand.Mem {
						return winoStrided(winoIn, winoRow, winoRow3, winoRow5, y, x*64+v*b.isa.bytes())
					}
					first, second := b.winoBRows(pair, d, constants, &free)
					half[0], half[1] = append(half[0], first), append(half[1], second)
				}
				for k, h := range half {
					b.IMUL3Q(operand.I32(n*pair[k]), winoMatrix, winoAt)
					b.ADDQ(winoOut, winoAt)
					b.winoBColumns(h, constants, &free, func(x, i int) {
						b.VMOVUPS(vec(i), winoStrided(winoAt, winoMatrix, winoMatrix3, winoMatrix5, x, v*b.isa.bytes()))
					})
				}
			}
		}
		b.ADDQ(operand.I32(m*64), winoIn)
		b.ADDQ(operand.I32(64), winoOut)
	})
}

// winoBRows computes two rows of Bᵀ d in one column, whose elements are in
// memory, and returns the registers that hold them.
func (b *builder) winoBRows(pair [2]int, d func(y int) operand.Mem, c map[float64]reg.Physical, free *winoVectors) (first, second int) {
	vec := b.isa.vec
	p, q := free.take(), free.take()
	switch pair {
	case [2]int{0, 3}: // d0-d2, d1-d3
		b.VMOVUPS(d(0), vec(p))
		b.VSUBPS(d(2), vec(p), vec(p))
		b.VMOVUPS(d(1), vec(q))
		b.VSUBPS(d(3), vec(q), vec(q))
		return p, q
	case [2]int{0, 5}: // 4d0-5d2+d4, 4d1-5d3+d5
		for i, r := range []int{p, q} {
			b.VMOVUPS(d(i+4), vec(r))
			b.VFNMADD231PS(d(i+2), c[5], vec(r))
			b.VFMADD231PS(d(i), c[4], vec(r))
		}
		return p, q
	}
	r := free.take()
	if len(c) == 0 { // d2+d1, d2-d1
		b.VMOVUPS(d(2), vec(p))
		b.VMOVUPS(d(1), vec(q))
		b.VADDPS(vec(q), vec(p), vec(r))
		b.VSUBPS(vec(q), vec(p), vec(p))
	} else if pair[0] == 1 { // (d4-4d2) ± (d3-4d1)
		b.VMOVUPS(d(4), vec(p))
		b.VFNMADD231PS(d(2), c[4], vec(p))
		b.VMOVUPS(d(3), vec(q))
		b.VFNMADD231PS(d(1), c[4], vec(q))
		b.VADDPS(vec(q), vec(p), vec(r))
		b.VSUBPS(vec(q), vec(p), vec(p))
	} else { // (d4-d2) ± 2(d3-d1)
		b.VMOVUPS(d(4), vec(p))
		b.VSUBPS(d(2), vec(p), vec(p))
		b.VMOVUPS(d(3), vec(q))
		b.VSUBPS(d(1), vec(q), vec(q))
		b.VMOVAPS(vec(p), vec(r))
		b.VFMADD231PS(vec(q), c[2], vec(r))
		b.VFNMADD231PS(vec(q), c[2], vec(p))
	}
	free.give(q)
	return r, p
}

// winoBColumns computes a row of (Bᵀ d) B from the registers of a row of Bᵀ d,
// which it uses up, and stores element x from its register.
func (b *builder) winoBColumns(h []int, c map[float64]reg.Physical, free *winoVectors, store func(x, i int)) {
	vec := b.isa.vec
	t := free.take()
	if len(h) == 4 {
		b.VSUBPS(vec(h[2]), vec(h[0]), vec(h[0]))
		store(0, h[0])
		b.VSUBPS(vec(h[3]), vec(h[1]), vec(h[3]))
		store(3, h[3])
		b.VADDPS(vec(h[1]), vec(h[2]), vec(t))
		store(1, t)
		b.VSUBPS(vec(h[1]), vec(h[2]), vec(h[2]))
		store(2, h[2])
	} else {
		b.VFMADD213PS(vec(h[4]), c[4], vec(h[0])) // 4h0+h4-5h2
		b.VFNMADD231PS(vec(h[2]), c[5], vec(h[0]))
		store(0, h[0])
		b.VFMADD231PS(vec(h[1]), c[4], vec(h[5])) // 4h1+h5-5h3
		b.VFNMADD231PS(vec(h[3]), c[5], vec(h[5]))
		store(5, h[5])
		b.VMOVAPS(vec(h[4]), vec(h[0])) // (h4-4h2) ± (h3-4h1)
		b.VFNMADD231PS(vec(h[2]), c[4], vec(h[0]))
		b.VMOVAPS(vec(h[3]), vec(h[5]))
		b.VFNMADD231PS(vec(h[1]), c[4], vec(h[5]))
		b.VADDPS(vec(h[5]), vec(h[0]), vec(t))
		store(1, t)
		b.VSUBPS(vec(h[5]), vec(h[0]), vec(h[0]))
		store(2, h[0])
		b.VSUBPS(vec(h[2]), vec(h[4]), vec(h[4])) // (h4-h2) ± 2(h3-h1)
		b.VSUBPS(vec(h[1]), vec(h[3]), vec(h[3]))
		b.VMOVAPS(vec(h[4]), vec(h[2]))
		b.VFMADD231PS(vec(h[3]), c[2], vec(h[2]))
		store(3, h[2])
		b.VFNMADD231PS(vec(h[3]), c[2], vec(h[4]))
		store(4, h[4])
	}
	free.give(t)
	free.give(h...)
}

// winogradOut is the transform Aᵀ d A to tiles of m by m output pixels, with
// the epilogue of a convolution.
func winogradOut(b *builder) {
	m, vec := b.kernel.Pixels, b.isa.vec
	n := m + 2
	// Bias and floor wait in memory for their turn.
	local := b.AllocLocal(2 * 64)
	b.floor(0)
	b.fill(1, math.Copysign(0, -1)) // which changes nothing
	b.MOVQ(b.arg("bias"), winoAt)
	for v := range b.isa.vectors() {
		b.VMOVUPS(vec(0), local.Offset(64+v*b.isa.bytes()))
		b.VMOVUPS(vec(1), local.Offset(v*b.isa.bytes()))
	}
	b.TESTQ(winoAt, winoAt)
	b.JE(operand.LabelRef("unbiased"))
	b.load(0, 1, at(winoAt, 0))
	b.store(0, 1, local)
	b.Label("unbiased")

	b.MOVQ(b.arg("matrix"), winoMatrix)
	b.IMUL3Q(operand.I32(n), winoMatrix, winoRow)
	b.winoMultiples(winoRow, winoRow3, winoRow5)
	b.MOVQ(b.arg("res"), winoRes)
	b.MOVQ(b.arg("cols"), winoCols)
	var constants map[float64]reg.Physical
	var free winoVectors
	rows := [][2]int{{0, 1}}
	if m == 2 {
		constants, free = b.winoConstants()
	} else {
		constants, free = b.winoConstants(2, 4, 8)
		rows = [][2]int{{0, 2}, {1, 3}}
	}

	b.winoTileLoop(func() {
		for v := range b.isa.vectors() {
			for _, pair := range rows {
				b.MOVQ(winoIn, winoAt)
				half := [2][]int{}
				for x := range n {
					if x > 0 {
						b.ADDQ(winoMatrix, winoAt)
					}
					d := func(y int) operand.Mem {
						return winoStrided(winoAt, winoRow, winoRow3, winoRow5, y, v*b.isa.bytes())
					}
					first, second := b.winoARows(pair, d, constants, &free)
					half[0], half[1] = append(half[0], first), append(half[1], second)
				}
				for k, h := range half {
					pixels, spare := b.winoAColumns(h, constants, &free)
					b.winoStore(pair[k], v, pixels, spare[0], spare[1], local)
					free.give(pixels...)
					free.give(spare...)
				}
			}
		}
		b.ADDQ(operand.I32(64), winoIn)
		b.ADDQ(operand.I32(m*64), winoOut)
		b.SUBQ(operand.I32(m), winoCols)
		b.TESTQ(winoRes, winoRes)
		b.JE(operand.LabelRef("plain"))
		b.ADDQ(operand.I32(m*64), winoRes)
		b.Label("plain")
	})
}

// winoARows computes two rows of Aᵀ d in one column, as winoBRows does.
func (b *builder) winoARows(pair [2]int, d func(y int) operand.Mem, c map[float64]reg.Physical, free *winoVectors) (first, second int) {
	vec := b.isa.vec
	p, q, r := free.take(), free.take(), free.take()
	b.VMOVUPS(d(1), vec(p))
	switch pair {
	case [2]int{0, 1}: // d0+d1+d2, d1-d2-d3
		b.VMOVUPS(d(2), vec(q))
		b.VADDPS(vec(q), vec(p), vec(r))
		b.VADDPS(d(0), vec(r), vec(r))
		b.VSUBPS(vec(q), vec(p), vec(p))
		b.VSUBPS(d(3), vec(p), vec(p))
	case [2]int{0, 2}: // d0+(d1+d2)+(d3+d4), (d1+d2)+4(d3+d4)
		b.VADDPS(d(2), vec(p), vec(p))
		b.VMOVUPS(d(3), vec(q))
		b.VADDPS(d(4), vec(q), vec(q))
		b.VADDPS(d(0), vec(p), vec(r))
		b.VADDPS(vec(q), vec(r), vec(r))
		b.VFMADD231PS(vec(q), c[4], vec(p))
	case [2]int{1, 3}: // (d1-d2)+2(d3-d4), (d1-d2)+8(d3-d4)+d5
		b.VSUBPS(d(2), vec(p), vec(p))
		b.VMOVUPS(d(3), vec(q))
		b.VSUBPS(d(4), vec(q), vec(q))
		b.VMOVAPS(vec(p), vec(r))
		b.VFMADD231PS(vec(q), c[2], vec(r))
		b.VFMADD231PS(vec(q), c[8], vec(p))
		b.VADDPS(d(5), vec(p), vec(p))
	}
	free.give(q)
	return r, p
}

// winoAColumns computes a row of (Aᵀ d) A from the registers of a row of Aᵀ d.
// It returns the registers of its pixels and those that are no longer used.
func (b *builder) winoAColumns(h []int, c map[float64]reg.Physical, free *winoVectors) (pixels, spare []int) {
	vec := b.isa.vec
	t := free.take()
	b.VADDPS(vec(h[2]), vec(h[1]), vec(t))
	b.VSUBPS(vec(h[2]), vec(h[1]), vec(h[1]))
	b.VADDPS(vec(t), vec(h[0]), vec(h[0]))
	if len(h) == 4 {
		b.VSUBPS(vec(h[3]), vec(h[1]), vec(h[1]))
		return []int{h[0], h[1]}, []int{h[2], h[3], t}
	}
	b.VADDPS(vec(h[4]), vec(h[3]), vec(h[2]))
	b.VSUBPS(vec(h[4]), vec(h[3]), vec(h[3]))
	b.VADDPS(vec(h[2]), vec(h[0]), vec(h[0]))
	b.VMOVAPS(vec(h[1]), vec(h[4]))
	b.VFMADD231PS(vec(h[3]), c[2], vec(h[4]))
	b.VFMADD231PS(vec(h[2]), c[4], vec(t))
	b.VFMADD231PS(vec(h[3]), c[8], vec(h[1]))
	b.VADDPS(vec(h[5]), vec(h[1]), vec(h[1]))
	return []int{h[0], h[4], t, h[1]}, []int{h[2], h[3], h[5]}
}

// winoStore finishes and stores vector v of a row's pixels, as far as they lie
// in the output.
func (b *builder) winoStore(row, v int, pixels []int, bias, floor int, local operand.Mem) {
	vec, disp := b.isa.vec, v*b.isa.bytes()
	end := fmt.Sprintf("row%d_%d", row, v)
	b.CMPQ(b.arg("rows"), operand.I8(row))
	b.JLE(operand.LabelRef(end))
	b.VMOVUPS(local.Offset(disp), vec(bias))
	b.VMOVUPS(local.Offset(64+disp), vec(floor))
	b.IMUL3Q(operand.I32(row), b.arg("row"), winoAt)
	b.ADDQ(winoOut, winoAt)
	b.IMUL3Q(operand.I32(row), b.arg("resRow"), winoAtR)
	b.ADDQ(winoRes, winoAtR)
	for x, i := range pixels {
		b.CMPQ(winoCols, operand.I8(x))
		b.JLE(operand.LabelRef(end))
		b.VADDPS(vec(bias), vec(i), vec(i))
		linear := fmt.Sprintf("linear%d_%d_%d", row, x, v)
		b.TESTQ(winoRes, winoRes)
		b.JE(operand.LabelRef(linear))
		b.VADDPS(at(winoAtR, x*64+disp), vec(i), vec(i))
		b.Label(linear)
		b.clampTo(floor, i)
		b.VMOVUPS(vec(i), at(winoAt, x*64+disp))
	}
	b.Label(end)
}
