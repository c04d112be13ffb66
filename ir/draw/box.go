package draw

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Widths of a character, roughly, of the fonts in a box.
const (
	boldChar = 7.4
	nameChar = 5.6
	typeChar = 6.7
)

// draw draws the box: op, name and type in the first line, what it does in the second.
func (it *item) draw(b *bytes.Buffer) {
	c, op, tip, radius := colourOf(it.node), "input", it.value.Name+": "+it.value.Type.String(), lineBox/2
	if it.node == nil && len(it.value.Data) > 0 {
		op = "constant"
	}
	second := ""
	if it.node != nil {
		op, tip, second, radius = string(it.node.Op), it.node.String(), it.detail(), 5
	}
	kind := it.value.Type.String()
	room := it.w - 36 - boldChar*width(op) - typeChar*width(kind)
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%g" y="%g" width="%g" height="%g" rx="%g" fill="%s" stroke="%s"/>`,
		escape(tip), it.x, it.y, it.w, it.h, radius, c.fill, c.stroke)
	base := it.y + 17.5
	fmt.Fprintf(b, `<text x="%g" y="%g" font-weight="bold" fill="#0f172a">%s</text>`, it.x+10, base, escape(op))
	fmt.Fprintf(b, `<text x="%g" y="%g" font-size="10.5" fill="#64748b">%s</text>`,
		it.x+18+boldChar*width(op), base, escape(shorten(it.value.Name, int(room/nameChar))))
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="end" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11" fill="#334155">%s</text>`,
		it.x+it.w-10, base, escape(kind))
	if second != "" {
		fmt.Fprintf(b, `<text x="%g" y="%g" font-size="11.5" fill="#334155">%s</text>`, it.x+10, it.y+34, escape(shorten(second, int(it.w/5.8))))
	}
	if it.output {
		fmt.Fprintf(b, `<rect x="%g" y="%g" width="50" height="15" rx="7.5" fill="#0f172a"/><text x="%g" y="%g" text-anchor="middle" font-size="10" fill="#ffffff">output</text>`,
			it.x+it.w-68, it.y-9, it.x+it.w-43, it.y+2)
	}
	b.WriteString("</g>\n")
}

func width(s string) float64 { return float64(utf8.RuneCountInString(s)) }

// shorten cuts the front of s off, where names agree, to leave n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	if n < 2 {
		return ""
	}
	return "…" + string(r[len(r)-n+1:])
}
