package asm

import (
	"fmt"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The stem kernels compute rows of a 7x7 convolution with stride 2 of planar
// input by Winograd's algorithm in one dimension, F(4, 4): runtime/stem.go tells
// how.  A group is four tiles of four pixels.
const (
	stemElements = 7  // of a tile's transform: sums that the products go to
	stemProducts = 13 // of a tile, with a row of a filter
	stemTiles    = 4  // in a group
	stemPixels   = 4  // in a tile
)

// General-purpose registers of the stem kernels.
var (
	stemIn    = reg.RSI // of the group
	stemOut   = reg.RDX
	stemLeft  = reg.RCX // groups left
	stemW     = reg.R9  // next weights
	stemRow   = reg.R12 // of transformed input
	stemAt    = reg.R13 // transformed input
	stemRows  = reg.R14 // left
	stemPlane = reg.R8  // planes left
	stemNext  = reg.R10 // from a group's transformed input to the next one's
)

// stemPasses are the elements whose sums are computed together, of all tiles of
// a group: all where there are the registers.  Otherwise it is one after another, and
// sums wait in memory for the last one: four where the pixels go, since a frame of all
// would be too large for a function that does not check the stack.
func (s *isa) stemPasses() [][]int {
	if s.avx512() {
		return [][]int{{0, 1, 2, 3, 4, 5, 6}}
	}
	return [][]int{{0}, {1}, {2}, {3}, {4}, {5}, {6}}
}

// stem is the loop over groups.
func stem(b *builder) {
	n, passes := b.isa.vectors(), b.isa.stemPasses()
	constants := b.AllocLocal(4 * b.isa.bytes())
	constant := func(c int) operand.Mem {
		return constants.Offset(map[int]int{2: 0, 4: 1, 8: 2, 0: 3}[c] * b.isa.bytes())
	}
	last := passes[len(passes)-1]
	var local operand.Mem
	if len(passes) > 1 {
		local = b.AllocLocal((last[0] - stemPixels) * stemTiles * 64)
	}
	waiting := func(e, t int) operand.Mem {
		if e < stemPixels {
			return at(stemOut, (t*stemPixels+e)*64)
		}
		return local.Offset(((e-stemPixels)*stemTiles + t) * 64)
	}
	for _, c := range []int{2, 4, 8} {
		b.fill(0, float64(c))
		b.VMOVUPS(b.isa.vec(0), constant(c))
	}
	b.floor(0)
	b.VMOVUPS(b.isa.vec(0), constant(0))
	b.MOVQ(b.arg("tiles"), stemLeft)
	b.TESTQ(stemLeft, stemLeft)
	b.JLE(operand.LabelRef("done"))
	b.MOVQ(b.arg("in"), stemIn)
	b.MOVQ(b.arg("out"), stemOut)
	b.Label("group")
	for p := range stemTiles * stemPixels {
		b.PREFETCHT0(at(stemOut, p*64))
	}
	for _, elements := range passes {
		b.stemReduce(elements)
		if elements[0] != last[0] {
			for t := range stemTiles {
				b.store(t*n, 1, waiting(elements[0], t))
			}
		}
	}
	for t := range stemTiles {
		for v := range n {
			disp := v * b.isa.bytes()
			m := make([]int, stemElements)
			for e := range m {
				switch {
				case len(passes) == 1:
					m[e] = t*stemElements + e
				case e == last[0]:
					m[e] = t*n + v
				default:
					m[e] = stemTiles*n + e
					b.VMOVUPS(waiting(e, t).Offset(disp), b.isa.vec(m[e]))
				}
			}
			b.stemFinish(m, b.isa.registers-2, constant, t*stemPixels*64+disp)
		}
	}
	b.ADDQ(operand.I32(stemTiles*stemPixels*64), stemOut)
	b.ADDQ(b.arg("inPlane"), stemIn)
	b.DECQ(stemLeft)
	b.JNE(operand.LabelRef("group"))
	b.Label("done")
}

// stemReduce computes the sums of some elements, over window rows, planes and
// phases, from zero on, and of element 1, which goes to every pixel of a tile
// once, from the bias.  Accumulator (t*len(elements)+i)*n+v holds vector v, of n, of element
// number i of tile t.
func (b *builder) stemReduce(elements []int) {
	n, name := b.isa.vectors(), fmt.Sprint(elements[0])
	acc := func(t, i, v int) int { return (t*len(elements)+i)*n + v }
	spare := acc(stemTiles, 0, 0)
	for i := range spare {
		b.zero(i)
	}
	if i := slices.Index(elements, 1); i >= 0 {
		b.MOVQ(b.arg("bias"), reg.RAX)
		b.TESTQ(reg.RAX, reg.RAX)
		b.JE(operand.LabelRef("unbiased"))
		for t := range stemTiles {
			b.load(acc(t, i, 0), 1, at(reg.RAX, 0))
		}
		b.Label("unbiased")
	}
	b.MOVQ(b.arg("w"), stemW)
	b.MOVQ(stemIn, stemRow)
	b.MOVQ(b.arg("kh"), stemRows)
	b.Label("row" + name)
	b.MOVQ(stemRow, stemAt)
	b.MOVQ(b.arg("blocks"), stemPlane)
	b.Label("plane" + name)
	var used int
	for phase := range 2 {
		for i, e := range elements {
			p := phase*stemElements + e
			if p == stemProducts {
				continue
			}
			x := func(t int) operand.Mem { return at(stemAt, (p*stemTiles+t)*4) }
			if b.isa.avx512() {
				w := b.isa.vec(spare + used%(b.isa.registers-spare))
				used++
				b.VMOVUPS(at(stemW, p*64), w)
				for t := range stemTiles {
					b.VFMADD231PS_BCST(x(t), w, b.isa.vec(acc(t, i, 0)))
				}
				continue
			}
			b.load(spare, 1, at(stemW, p*64))
			for t := range stemTiles {
				in := b.isa.vec(spare + n + t)
				b.VBROADCASTSS(x(t), in)
				for v := range n {
					b.VFMADD231PS(in, b.isa.vec(spare+v), b.isa.vec(acc(t, i, v)))
				}
			}
		}
	}
	b.ADDQ(operand.I32(stemProducts*64), stemW)
	b.ADDQ(operand.I32(stemProducts*stemTiles*4), stemAt)
	b.DECQ(stemPlane)
	b.JNE(operand.LabelRef("plane" + name))
	b.ADDQ(b.arg("inRow"), stemRow)
	b.DECQ(stemRows)
	b.JNE(operand.LabelRef("row" + name))
}

// stemFinish transforms the sums m of a tile, clamps and stores its pixels at
// stemOut and disp; two registers, from spare on, are free.
func (b *builder) stemFinish(m []int, spare int, constant func(int) operand.Mem, disp int) {
	vec := b.isa.vec
	s, t := spare, spare+1
	addTimes := func(i, c, x int) { b.VFMADD231PS(constant(c), vec(x), vec(i)) }
	add := func(i, x, y int) { b.VADDPS(vec(y), vec(x), vec(i)) }
	add(s, m[1], m[2]) // s = m1+m2, m1 = m1-m2
	b.VSUBPS(vec(m[2]), vec(m[1]), vec(m[1]))
	add(t, m[3], m[4]) // t = m3+m4, m3 = m3-m4
	b.VSUBPS(vec(m[4]), vec(m[3]), vec(m[3]))
	add(m[0], m[0], s) // m0+s+t+8m5
	add(m[0], m[0], t)
	addTimes(m[0], 8, m[5])
	b.VMOVAPS(vec(m[1]), vec(m[2])) // m1+2m3+4m5
	addTimes(m[2], 2, m[3])
	addTimes(m[2], 4, m[5])
	addTimes(s, 4, t) // s+4t+2m5
	addTimes(s, 2, m[5])
	addTimes(m[1], 8, m[3]) // m1+8m3+m5+m6
	add(m[1], m[1], m[5])
	add(m[1], m[1], m[6])
	b.VMOVUPS(constant(0), vec(t))
	for x, i := range []int{m[0], m[2], s, m[1]} {
		b.clampTo(t, i)
		b.VMOVUPS(vec(i), at(stemOut, disp+x*64))
	}
}

// stemInput transforms a row of one plane of input, two groups at a time and
// then one, in vectors of the same pixel of a group's four tiles each.
func stemInput(b *builder) {
	constants := b.AllocLocal(3 * 32)
	for i, c := range []float64{0.5, 2, 4} {
		b.fill(0, c)
		b.VMOVUPS(reg.Y0, constants.Offset(i*32))
	}
	constant := map[float64]operand.Mem{0.5: constants, 2: constants.Offset(32), 4: constants.Offset(64)}
	b.MOVQ(b.arg("in"), stemIn)
	b.MOVQ(b.arg("out"), stemOut)
	b.MOVQ(b.arg("matrix"), stemNext)
	b.MOVQ(b.arg("tiles"), stemLeft)
	b.SUBQ(operand.I8(2), stemLeft)
	b.JL(operand.LabelRef("rest"))
	b.Label("pair")
	b.stemGroups(2, constant)
	b.LEAQ(operand.Mem{Base: stemOut, Index: stemNext, Scale: 2}, stemOut)
	b.SUBQ(operand.I8(2), stemLeft)
	b.JGE(operand.LabelRef("pair"))
	b.Label("rest")
	b.CMPQ(stemLeft, operand.I8(-1))
	b.JNE(operand.LabelRef("done"))
	b.stemGroups(1, constant)
	b.Label("done")
}

// stemGroups transforms one or two groups.
func (b *builder) stemGroups(groups int, constant map[float64]operand.Mem) {
	narrow := *b
	narrow.isa = &isa{lanes: 4 * groups, registers: 16, spec: []reg.Spec{1: reg.S128, 2: reg.S256}[groups]}
	w := newWinograd(&narrow)
	w.memory = constant
	const tile, group = 2 * stemPixels * 4, 2 * stemPixels * stemTiles * 4 // bytes of input

	var d []int
	for k := 0; k+4 < stemProducts; k += 4 {
		d = append(d, w.stemTranspose(func(t int) int { return w.stemRead(t*tile+k*4, group, false) })...)
	}
	// The last pixel is the fifth one of the next tile.
	last := w.stemRead((stemTiles-1)*tile+(stemProducts-1)*4, group, true)
	w.VPALIGNR(operand.U8(4), w.vec(d[4]), w.vec(last), w.vec(last))
	d = append(d, last)

	for _, phase := range []int{1, 0} {
		var half []int
		for i := phase; i < len(d); i += 2 {
			half = append(half, d[i])
		}
		w.stemElements(half, func(e, i int) {
			disp := (phase*stemElements + e) * stemTiles * 4
			w.VMOVUPS(low(i), at(stemOut, disp))
			if groups > 1 {
				w.VEXTRACTF128(operand.U8(1), w.vec(i), at(stemOut, disp).Idx(stemNext, 1))
			}
		})
	}
	w.ADDQ(operand.I32(groups*group), stemIn)
}

// stemRead returns a new register with four float32s of each group, or one.
func (w *winograd) stemRead(disp, group int, one bool) int {
	i := w.take()
	move := func(m operand.Mem, to reg.Register) {
		if one {
			w.VMOVSS(m, to)
		} else {
			w.VMOVUPS(m, to)
		}
	}
	move(at(stemIn, disp), low(i))
	switch {
	case w.isa.lanes == 4:
	case one:
		second := w.take()
		move(at(stemIn, disp+group), low(second))
		w.VINSERTF128(operand.U8(1), low(second), w.vec(i), w.vec(i))
		w.give(second)
	default:
		w.VINSERTF128(operand.U8(1), at(stemIn, disp+group), w.vec(i), w.vec(i))
	}
	return i
}

// stemTranspose turns four pixels of each tile t into vectors of one pixel of all tiles.
func (w *winograd) stemTranspose(read func(t int) int) []int {
	vec := w.vec
	r := []int{read(0), read(1), read(2), read(3)}
	low, high := w.take(), w.take()
	w.VUNPCKLPS(vec(r[1]), vec(r[0]), vec(low))
	w.VUNPCKLPS(vec(r[3]), vec(r[2]), vec(high))
	w.VUNPCKHPS(vec(r[1]), vec(r[0]), vec(r[0]))
	w.VUNPCKHPS(vec(r[3]), vec(r[2]), vec(r[2]))
	w.VUNPCKLPD(vec(high), vec(low), vec(r[1]))
	w.VUNPCKHPD(vec(high), vec(low), vec(low))
	w.VUNPCKLPD(vec(r[2]), vec(r[0]), vec(r[3]))
	w.VUNPCKHPD(vec(r[2]), vec(r[0]), vec(r[0]))
	w.give(high, r[2])
	return []int{r[1], low, r[3], r[0]}
}

// stemElements computes the elements of six or seven pixels d of a phase, which
// it uses up; done gets the register of each.
func (w *winograd) stemElements(d []int, done func(e, i int)) {
	vec := w.vec
	subTimes := func(i int, c float64, x int) { w.VFNMADD231PS(w.memory[c], vec(x), vec(i)) }
	minus := func(x, y int) int {
		i := w.take()
		w.VSUBPS(vec(y), vec(x), vec(i))
		return i
	}
	finish := func(e, i int) {
		done(e, i)
		w.give(i)
	}
	// d5-d3-4(d3-d1)
	u, t := minus(d[5], d[3]), minus(d[3], d[1])
	subTimes(u, 4, t)
	w.give(t)
	finish(5, u)
	// Of e = d1-d0/2, d2-d1/2 and so on all others are those of F(4, 3).
	for i := len(d) - 1; i > 0; i-- {
		subTimes(d[i], 0.5, d[i-1])
	}
	w.give(d[0])
	e := d[1:]
	s, r := minus(e[4], e[2]), minus(e[3], e[1])
	if len(e) > 5 { // e5-e3-4r
		w.sub(e[5], vec(e[3]))
		subTimes(e[5], 4, r)
		finish(6, e[5])
	}
	w.sub(e[0], vec(e[2])) // s+4(e0-e2)
	w.VFMADD132PS(w.memory[4], vec(s), vec(e[0]))
	finish(0, e[0])
	subTimes(e[4], 4, e[2]) // (e4-4e2) ± (e3-4e1)
	subTimes(e[3], 4, e[1])
	w.VADDPS(vec(e[3]), vec(e[4]), vec(e[2]))
	finish(1, e[2])
	w.sub(e[4], vec(e[3]))
	finish(2, e[4])
	w.VMOVAPS(vec(s), vec(e[1])) // s ± 2r
	w.VFMADD231PS(w.memory[2], vec(r), vec(e[1]))
	finish(3, e[1])
	subTimes(s, 2, r)
	finish(4, s)
	w.give(r, e[3])
}
