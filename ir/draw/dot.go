package draw

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/resnetc/resnetc/ir"
)

// DOT describes g, which must pass [ir.Verify], for Graphviz:
//
//	dot -Tsvg graph.dot
//
// The same graph gives the same bytes.
func DOT(g *ir.Graph) []byte {
	items := boxes(g)
	var b bytes.Buffer
	fmt.Fprintf(&b, "digraph %s {\n\tlabel=%s\n\tlabelloc=t\n", dotQuote(g.Name), dotQuote(g.Name+"\n"+summary(g)))
	b.WriteString("\tfontname=Helvetica\n\tnode [shape=box, style=\"rounded,filled\", fontname=Helvetica, fontsize=11]\n\tedge [color=\"#475569\"]\n")
	ids := map[*item]string{}
	var order []string
	groups := map[string][]*item{}
	for i, it := range items {
		ids[it] = fmt.Sprintf("n%d", i)
		name := group(it.value.Name)
		if groups[name] == nil {
			order = append(order, name)
		}
		groups[name] = append(groups[name], it)
	}
	for i, name := range order {
		indent := "\t"
		if name != "" {
			fmt.Fprintf(&b, "\tsubgraph cluster_%d {\n\t\tlabel=%s\n\t\tcolor=\"#cbd5e1\"\n", i, dotQuote(name))
			indent = "\t\t"
		}
		for _, it := range groups[name] {
			c := colourOf(it.node)
			fmt.Fprintf(&b, "%s%s [label=%s, fillcolor=%q, color=%q", indent, ids[it], dotQuote(dotLabel(it)), c.fill, c.stroke)
			if it.output {
				b.WriteString(", peripheries=2")
			}
			b.WriteString("]\n")
		}
		if name != "" {
			b.WriteString("\t}\n")
		}
	}
	for _, it := range items {
		for _, p := range it.in {
			fmt.Fprintf(&b, "\t%s -> %s\n", ids[p], ids[it])
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func dotLabel(it *item) string {
	lines := []string{it.value.Name}
	if it.node != nil {
		lines = []string{string(it.node.Op) + "  " + it.value.Name}
		if d := it.detail(); d != "" {
			lines = append(lines, d)
		}
	}
	return strings.Join(append(lines, it.value.Type.String()), "\n")
}

// dotQuote gives a DOT string, in which only quotes and backslashes are special.
func dotQuote(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`)
	return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"`
}
