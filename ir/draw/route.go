package draw

import (
	"bytes"
	"fmt"
	"math"
)

// path draws an edge, one that skips part of the trunk in colour.
func path(b *bytes.Buffer, d string, skip bool) {
	style := ""
	if skip {
		style = ` stroke="#d97706" stroke-width="1.8"`
	}
	fmt.Fprintf(b, `<path d="%s"%s marker-end="url(#arrow)"/>`+"\n", d, style)
}

// around is the line that skips part of the trunk on its lane.
func around(d bend) string {
	x, y, to := d.from.x, d.from.y+d.from.h*0.65, d.to.y+d.to.h*0.35
	lane := x - laneWidth*float64(d.lane+1)
	return rounded(x, y, lane, y, lane, to, x, to)
}

// edge is the line from p down to it, in any columns.  It takes the direct way
// where no box stands on it, and otherwise the spaces between rows and columns.
func (l *layout) edge(p, it *item) string {
	down, side := p.x+p.w/2, p.y+p.h/2 // where lines leave p
	into := it.x + it.w/2
	above := l.tops[it.row] - rowGap/2
	// Lines of different boxes keep apart in the space between two columns.
	gutter := func(b *item) float64 { return b.x + b.w + 10 + 7*float64(p.row%7) }
	switch {
	case p.col == it.col && l.free(p.col, p.row+1, it.row-1):
		return rounded(down, p.y+p.h, down, it.y)
	case p.col == it.col:
		x := gutter(p)
		return rounded(p.x+p.w, side, x, side, x, above, into, above, into, it.y)
	case p.col < it.col:
		if l.freeRow(p.row, p.col+1, it.col) && l.free(it.col, p.row, it.row-1) {
			return rounded(p.x+p.w, side, into, side, into, it.y)
		}
		x := gutter(p)
		return rounded(p.x+p.w, side, x, side, x, above, into, above, into, it.y)
	}
	to := it.y + it.h/2
	if l.free(p.col, p.row+1, it.row) && l.freeRow(it.row, it.col+1, p.col) {
		return rounded(down, p.y+p.h, down, to, it.x+it.w, to)
	}
	x, below := gutter(it), l.tops[p.row+1]-rowGap/2
	return rounded(down, p.y+p.h, down, below, x, below, x, to, it.x+it.w, to)
}

// free reports whether no box stands in the column between two rows, both included.
func (l *layout) free(col, from, to int) bool {
	for _, it := range l.items {
		if it.col == col && from <= it.row && it.row <= to {
			return false
		}
	}
	return true
}

// freeRow reports whether no box stands in the row between two columns, both included.
func (l *layout) freeRow(row, from, to int) bool {
	for _, it := range l.items {
		if it.row == row && from <= it.col && it.col <= to {
			return false
		}
	}
	return true
}

// rounded is the path along the points, x and y in turn, with rounded corners.
func rounded(at ...float64) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "M%g,%g", at[0], at[1])
	for i := 2; i+3 < len(at); i += 2 {
		x, y := at[i], at[i+1]
		before, after := math.Hypot(x-at[i-2], y-at[i-1]), math.Hypot(at[i+2]-x, at[i+3]-y)
		r := min(12, before/2, after/2)
		if r == 0 {
			continue
		}
		toward := func(ox, oy, length float64) (float64, float64) {
			return x + (ox-x)*r/length, y + (oy-y)*r/length
		}
		x0, y0 := toward(at[i-2], at[i-1], before)
		x1, y1 := toward(at[i+2], at[i+3], after)
		fmt.Fprintf(&b, " L%g,%g Q%g,%g %g,%g", x0, y0, x, y, x1, y1)
	}
	fmt.Fprintf(&b, " L%g,%g", at[len(at)-2], at[len(at)-1])
	return b.String()
}
