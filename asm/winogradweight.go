package asm

import (
	"github.com/mmcloughlin/avo/operand"
)

// winogradWeight is the transform G g Gᵀ of rows of 16 weights of a 3×3 kernel,
// in float32: training packages transform their weights in each step.  Products
// and sums round apart, as in the pure-Go twin, so that both give the same bits.
func winogradWeight(b *builder) {
	m := b.kernel.Pixels
	n := m + 2
	groups := [][]int{{0, n - 1, 1, 2}}
	var w *winograd
	if m == 2 {
		w = newWinograd(b, 0.5)
	} else {
		w = newWinograd(b, 1./4, 1./6, -1./6, 1./12, 1./24)
		if groups = [][]int{{0, 5}, {1, 2}, {3, 4}}; b.isa.avx512() {
			groups = [][]int{{0, 5, 1, 2, 3, 4}}
		}
	}
	w.MOVQ(w.arg("row"), winoRow)
	w.multiples(winoRow, winoRow3, winoRow5)
	w.MOVQ(w.arg("matrix"), winoMatrix)
	w.multiples(winoMatrix, winoMatrix3, winoMatrix5)
	w.tileLoop(func() {
		for v := range w.isa.vectors() {
			disp := v * w.isa.bytes()
			for _, rows := range groups {
				half := map[int][]int{}
				w.MOVQ(winoIn, winoAt)
				for x := range 3 {
					if x > 0 {
						w.ADDQ(winoRow, winoAt)
					}
					var g [3]int
					for y := range g {
						tap := at(winoAt, disp)
						if y > 0 {
							tap = tap.Idx(winoRow3, uint8(y))
						}
						g[y] = w.read(tap)
					}
					w.timesG(g, rows, func(y, i int) { half[y] = append(half[y], i) })
				}
				for _, y := range rows {
					w.IMUL3Q(operand.I32(n*y), winoMatrix, winoAt)
					w.ADDQ(winoOut, winoAt)
					w.timesG([3]int(half[y]), groupAll(n), func(x, i int) {
						w.VMOVUPS(w.vec(i), winoStrided(winoAt, winoMatrix, winoMatrix3, winoMatrix5, x, disp))
						w.give(i)
					})
				}
			}
		}
		w.ADDQ(operand.I32(64), winoIn)
		w.ADDQ(operand.I32(64), winoOut)
	})
}

// groupAll are the rows of G, in an order that frees registers early.
func groupAll(n int) []int {
	if n == 4 {
		return []int{1, 2, 0, 3}
	}
	return []int{1, 2, 3, 4, 0, 5}
}

// timesG multiplies some rows of G by three registers, which it uses up; done
// gets the register of each.  Rows 1 and 2 are ±g1 beside the same sum, and so
// are 3 and 4; the first row is a multiple of g0, the last is g2.
func (w *winograd) timesG(g [3]int, rows []int, done func(y, i int)) {
	vec := w.vec
	last := len(w.constants) // 1 of F(2×2, 3×3), whose rows end at 3
	wants := func(y int) bool {
		for _, r := range rows {
			if r == y {
				return true
			}
		}
		return false
	}
	if wants(1) {
		s, t := w.take(), w.take()
		w.VADDPS(vec(g[2]), vec(g[0]), vec(s))
		if last == 1 { // (g0+g2)/2 ± g1/2
			w.VMULPS(w.constants[0.5], vec(s), vec(s))
			w.VMULPS(w.constants[0.5], vec(g[1]), vec(g[1]))
			w.VSUBPS(vec(g[1]), vec(s), vec(t))
			w.add(s, vec(g[1]))
		} else { // -((g0+g2)+g1)/6, -((g0+g2)-g1)/6
			w.VSUBPS(vec(g[1]), vec(s), vec(t))
			w.add(s, vec(g[1]))
			w.VMULPS(w.constants[-1./6], vec(s), vec(s))
			w.VMULPS(w.constants[-1./6], vec(t), vec(t))
		}
		done(1, s)
		done(2, t)
	}
	if last > 1 && wants(3) { // g0/24+g2/6 ± g1/12
		s, t := w.take(), w.take()
		w.VMULPS(w.constants[1./6], vec(g[2]), vec(s))
		w.VMULPS(w.constants[1./24], vec(g[0]), vec(t))
		w.add(s, vec(t))
		w.VMULPS(w.constants[1./12], vec(g[1]), vec(g[1]))
		w.VSUBPS(vec(g[1]), vec(s), vec(t))
		w.add(s, vec(g[1]))
		done(3, s)
		done(4, t)
	}
	w.give(g[1])
	if !wants(0) {
		w.give(g[0], g[2])
		return
	}
	if last > 1 {
		w.VMULPS(w.constants[1./4], vec(g[0]), vec(g[0]))
		done(5, g[2])
	} else {
		done(3, g[2])
	}
	done(0, g[0])
}
