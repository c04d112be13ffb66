package draw

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

// Measures in pixels.
const (
	boxWidth  = 400.0
	lineBox   = 26.0 // height of a box of one line
	detailBox = 42.0 // and of two
	rowGap    = 16.0
	columnGap = 64.0
	laneWidth = 18.0
	margin    = 24.0
	minWidth  = 580.0 // for the title
	header    = 58.0
	pad       = 8.0 // around a group
)

// SVG draws g, which must pass [ir.Verify].  The same graph gives the same bytes.
func SVG(g *ir.Graph) []byte {
	l := arrange(g)
	bends, lanes := l.bends()
	left := margin + pad + laneWidth*float64(lanes+1)
	height := l.measure(left)
	width := max(minWidth, left+float64(l.cols)*(boxWidth+columnGap)-columnGap+margin+pad)

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="Helvetica, Arial, DejaVu Sans, sans-serif" font-size="12">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0.5 L8,4 L0,7.5 z" fill="#475569"/></marker></defs>
<rect width="100%%" height="100%%" fill="#ffffff"/>
<text x="%g" y="30" font-size="18" font-weight="bold" fill="#0f172a">%s</text>
<text x="%g" y="48" fill="#64748b">%s</text>
`, width, height, width, height, margin, escape(g.Name), margin, escape(summary(g)))
	l.grounds(&b)
	b.WriteString(`<g fill="none" stroke="#475569" stroke-width="1.4">` + "\n")
	for _, it := range l.items {
		for _, p := range it.in {
			if p.col != 0 || it.col != 0 || it.row-p.row == 1 {
				path(&b, l.edge(p, it), false)
			}
		}
	}
	for _, d := range bends {
		path(&b, around(d), true)
	}
	b.WriteString("</g>\n")
	for _, it := range l.items {
		it.draw(&b)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// measure places the boxes and gives the picture's height.
func (l *layout) measure(left float64) float64 {
	heights := make([]float64, l.rows)
	for _, it := range l.items {
		it.w, it.h = boxWidth, lineBox
		if it.detail() != "" {
			it.h = detailBox
		}
		heights[it.row] = max(heights[it.row], it.h)
	}
	y := header + margin
	l.tops = make([]float64, l.rows)
	for r, h := range heights {
		l.tops[r] = y
		y += h + rowGap
	}
	for _, it := range l.items {
		it.x = left + float64(it.col)*(boxWidth+columnGap)
		it.y = l.tops[it.row] + (heights[it.row]-it.h)/2
	}
	return y - rowGap + margin
}

// grounds draws the ground of each group whose rectangle no other box touches.
func (l *layout) grounds(b *bytes.Buffer) {
	type ground struct{ x0, y0, x1, y1 float64 }
	found := map[string]*ground{}
	var order []string
	for _, it := range l.items {
		name := group(it.value.Name)
		if name == "" || it.node == nil {
			continue
		}
		if found[name] == nil {
			found[name] = &ground{it.x, it.y, it.x, it.y}
			order = append(order, name)
		}
		r := found[name]
		r.x0, r.y0 = min(r.x0, it.x), min(r.y0, it.y)
		r.x1, r.y1 = max(r.x1, it.x+it.w), max(r.y1, it.y+it.h)
	}
next:
	for _, name := range order {
		r := found[name]
		for _, it := range l.items {
			inside := it.x < r.x1 && r.x0 < it.x+it.w && it.y < r.y1 && r.y0 < it.y+it.h
			if inside && group(it.value.Name) != name {
				continue next
			}
		}
		fmt.Fprintf(b, `<rect x="%g" y="%g" width="%g" height="%g" rx="10" fill="#f1f5f9" stroke="#cbd5e1" stroke-dasharray="4 3"/>`+"\n",
			r.x0-pad, r.y0-pad+1, r.x1-r.x0+2*pad, r.y1-r.y0+2*pad-2)
		fmt.Fprintf(b, `<text transform="translate(%g,%g) rotate(90)" text-anchor="middle" fill="#64748b" font-size="11">%s</text>`+"\n",
			r.x1+pad+4, (r.y0+r.y1)/2, escape(name))
	}
}

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a Buffer never fails
	return b.String()
}
