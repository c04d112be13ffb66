package asm

import "github.com/mmcloughlin/avo/operand"

// winogradGroups are the rows of Bᵀ d that the input transform computes
// together, by m.
func (s *isa) winogradGroups(m int) [][]int {
	switch {
	case m == 2 && s.avx512():
		return [][]int{{0, 1, 2, 3}}
	case m == 2:
		return [][]int{{0, 3}, {1, 2}}
	case s.avx512():
		return [][]int{{0, 5, 3, 4}, {1, 2}}
	}
	return [][]int{{0, 5}, {3, 4}, {1, 2}}
}

// winogradIn is the transform Bᵀ d B of tiles of m+2 by m+2 input pixels.
func winogradIn(b *builder) {
	m := b.kernel.Pixels
	n := m + 2
	var w *winograd
	if m == 2 {
		w = newWinograd(b)
	} else {
		w = newWinograd(b, 2, 4)
	}
	w.MOVQ(w.arg("row"), winoRow)
	w.multiples(winoRow, winoRow3, winoRow5)
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.multiples(winoMatrix, winoMatrix3, winoMatrix5)

	w.tileLoop(func() {
		for v := range w.isa.vectors() {
			disp := v * w.isa.bytes()
			for _, rows := range w.isa.winogradGroups(m) {
				half := map[int][]int{}
				for x := range n {
					d := func(y int) operand.Mem {
						return winoStrided(winoIn, winoRow, winoRow3, winoRow5, y, x*64+disp)
					}
					for y, i := range w.rowsB(rows, d) {
						half[rows[y]] = append(half[rows[y]], i)
					}
				}
				for _, y := range rows {
					w.IMUL3Q(operand.I32(n*y), winoMatrix, winoAt)
					w.ADDQ(winoOut, winoAt)
					w.columnsB(half[y], func(x, i int) {
						w.VMOVUPS(w.vec(i), winoStrided(winoAt, winoMatrix, winoMatrix3, winoMatrix5, x, disp))
						w.give(i)
					})
				}
			}
		}
		w.ADDQ(operand.I32(m*64), winoIn)
		w.ADDQ(operand.I32(64), winoOut)
	})
}

// rowsB computes some rows of Bᵀ d in one column, whose elements d are in
// memory, and returns the registers that hold them.
func (w *winograd) rowsB(rows []int, d func(y int) operand.Mem) []int {
	switch {
	case len(w.constants) == 0 && len(rows) == 4: // d0-d2, d1+d2, d2-d1, d1-d3
		d1, d2 := w.read(d(1)), w.read(d(2))
		h0 := w.read(d(0))
		w.sub(h0, w.vec(d2))
		h1 := w.copy(d2)
		w.add(h1, w.vec(d1))
		w.sub(d2, w.vec(d1))
		w.sub(d1, d(3))
		return []int{h0, h1, d2, d1}
	case len(w.constants) == 0 && rows[0] == 0: // d0-d2, d1-d3
		h0, h3 := w.read(d(0)), w.read(d(1))
		w.sub(h0, d(2))
		w.sub(h3, d(3))
		return []int{h0, h3}
	case len(w.constants) == 0: // d1+d2, d2-d1
		h2, d1 := w.read(d(2)), w.read(d(1))
		h1 := w.copy(h2)
		w.add(h1, w.vec(d1))
		w.sub(h2, w.vec(d1))
		w.give(d1)
		return []int{h1, h2}
	case len(rows) == 4:
		// With s = d4-d2 and t = d3-d1: s+4(d0-d2), d5-d3-4t, s+2t, s-2t.
		t, d3 := w.read(d(3)), w.take()
		w.VMOVAPS(w.vec(t), w.vec(d3))
		w.sub(t, d(1))
		h5 := w.read(d(5))
		w.sub(h5, w.vec(d3))
		w.subTimes(h5, 4, w.vec(t))
		w.give(d3)
		d2 := w.read(d(2))
		h4 := w.read(d(4))
		w.sub(h4, w.vec(d2))
		h0 := w.read(d(0))
		w.sub(h0, w.vec(d2))
		w.give(d2)
		w.timesAdd(h0, 4, w.vec(h4))
		h3 := w.copy(h4)
		w.addTimes(h3, 2, w.vec(t))
		w.subTimes(h4, 2, w.vec(t))
		w.give(t)
		return []int{h0, h5, h3, h4}
	case rows[0] == 0: // (d4-d2)+4(d0-d2), (d5-d3)+4(d1-d3)
		var h []int
		for i := range 2 {
			x := w.read(d(i + 2))
			p := w.read(d(i + 4))
			w.sub(p, w.vec(x))
			q := w.read(d(i))
			w.sub(q, w.vec(x))
			w.timesAdd(q, 4, w.vec(p))
			w.give(x, p)
			h = append(h, q)
		}
		return h
	case rows[0] == 1: // (d4-4d2) ± (d3-4d1)
		h2, t := w.read(d(4)), w.read(d(3))
		w.subTimes(h2, 4, d(2))
		w.subTimes(t, 4, d(1))
		h1 := w.copy(h2)
		w.add(h1, w.vec(t))
		w.sub(h2, w.vec(t))
		w.give(t)
		return []int{h1, h2}
	}
	// (d4-d2) ± 2(d3-d1)
	h4, t := w.read(d(4)), w.read(d(3))
	w.sub(h4, d(2))
	w.sub(t, d(1))
	h3 := w.copy(h4)
	w.addTimes(h3, 2, w.vec(t))
	w.subTimes(h4, 2, w.vec(t))
	w.give(t)
	return []int{h3, h4}
}

// columnsB computes a row of (Bᵀ d) B from the registers of a row of Bᵀ d,
// which it uses up; done gets the register of each element x.
func (w *winograd) columnsB(h []int, done func(x, i int)) {
	vec := w.vec
	if len(h) == 4 {
		w.sub(h[0], vec(h[2]))
		done(0, h[0])
		w.VSUBPS(vec(h[3]), vec(h[1]), vec(h[3]))
		done(3, h[3])
		t := w.copy(h[2])
		w.add(t, vec(h[1]))
		done(1, t)
		w.sub(h[2], vec(h[1]))
		done(2, h[2])
		w.give(h[1])
		return
	}
	// With s = h4-h2 and t = h3-h1: s+4(h0-h2), h5-h3-4t, s±2t, (h4-4h2) ± (h3-4h1).
	s := w.take()
	w.VSUBPS(vec(h[2]), vec(h[4]), vec(s))
	w.sub(h[0], vec(h[2]))
	w.timesAdd(h[0], 4, vec(s))
	done(0, h[0])
	t := w.take()
	w.VSUBPS(vec(h[1]), vec(h[3]), vec(t))
	w.sub(h[5], vec(h[3]))
	w.subTimes(h[5], 4, vec(t))
	done(5, h[5])
	w.subTimes(h[4], 4, vec(h[2]))
	w.subTimes(h[3], 4, vec(h[1]))
	w.VADDPS(vec(h[3]), vec(h[4]), vec(h[2]))
	done(1, h[2])
	w.sub(h[4], vec(h[3]))
	done(2, h[4])
	w.VMOVAPS(vec(s), vec(h[1]))
	w.addTimes(h[1], 2, vec(t))
	done(3, h[1])
	w.subTimes(s, 2, vec(t))
	done(4, s)
	w.give(t, h[3])
}
