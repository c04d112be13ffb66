package draw

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// item is a box: a node, or a value that no node defines.
type item struct {
	value      *ir.Value
	node       *ir.Node // nil for an input
	output     bool
	updates    []string // what results do at the end of a training step
	in, out    []*item  // without doubles
	row, col   int
	x, y, w, h float64
}

// layout is where everything stands.
type layout struct {
	items []*item // in graph order
	rows  int
	cols  int
	tops  []float64 // of each row
}

// arrange gives every box a row, so that each stands below those it reads, and a column.
func arrange(g *ir.Graph) *layout {
	l := &layout{items: boxes(g)}
	for _, it := range l.items { // the longest path from an input
		for _, p := range it.in {
			it.row = max(it.row, p.row+1)
		}
		l.rows = max(l.rows, it.row+1)
	}
	l.sink()
	main := l.trunk(g)
	l.columns(main)
	return l
}

// boxes makes the items and links them.
func boxes(g *ir.Graph) []*item {
	var items []*item
	at := map[*ir.Value]*item{}
	place := func(it *item, values ...*ir.Value) {
		items = append(items, it)
		for _, v := range values {
			at[v] = it
			it.output = it.output || slices.Contains(g.Outputs, v)
		}
	}
	for _, v := range g.Inputs {
		place(&item{value: v}, v)
	}
	for _, v := range g.Outputs { // a folded constant
		if at[v] == nil && v.Def == nil {
			place(&item{value: v}, v)
		}
	}
	for _, n := range g.Nodes {
		it := &item{value: n.Out(), node: n}
		for _, v := range n.Inputs {
			if from := at[v]; from != nil && !slices.Contains(it.in, from) {
				it.in = append(it.in, from)
				from.out = append(from.out, it)
			}
		}
		place(it, n.Results...)
	}
	for _, u := range g.Updates {
		at[u.Value].updates = append(at[u.Value].updates, "updates "+u.Param.Name)
	}
	return items
}

// sink moves down what no other box leads to, such as a subgraph of constants,
// to stand just above its reader.
func (l *layout) sink() {
	for _, it := range slices.Backward(l.items) {
		if len(it.in) > 0 || len(it.out) == 0 || it.node == nil {
			continue
		}
		first := it.out[0].row
		for _, o := range it.out {
			first = min(first, o.row)
		}
		it.row = first - 1
	}
}

// trunk is the longest path that ends in the first output, by rows.
func (l *layout) trunk(g *ir.Graph) map[*item]bool {
	path := map[*item]bool{}
	var end *item
	for _, it := range l.items {
		if it.output && (end == nil || it.node != nil && slices.Contains(it.node.Results, g.Outputs[0])) {
			end = it
		}
	}
	for end != nil {
		path[end] = true
		i := slices.IndexFunc(end.in, func(p *item) bool { return p.row == end.row-1 })
		if i < 0 {
			break
		}
		end = end.in[i]
	}
	return path
}

// columns puts the trunk into column 0, and everything else into the first
// column that is free from the row it starts in to the row of its last reader.
func (l *layout) columns(main map[*item]bool) {
	l.cols = 1
	type occupant struct {
		last  *item
		until int
	}
	var taken []occupant // by column from 1 on
	side := slices.DeleteFunc(slices.Clone(l.items), func(it *item) bool { return main[it] })
	slices.SortStableFunc(side, func(a, b *item) int { return a.row - b.row })
	for _, it := range side {
		until := it.row
		for _, o := range it.out {
			until = max(until, o.row)
		}
		c := 0
		for c < len(taken) {
			follows := slices.Contains(it.in, taken[c].last) && len(taken[c].last.out) == 1
			if taken[c].until < it.row || follows && taken[c].last.row < it.row {
				break
			}
			c++
		}
		if c == len(taken) {
			taken = append(taken, occupant{})
		}
		taken[c] = occupant{it, until}
		it.col = c + 1
		l.cols = max(l.cols, c+2)
	}
}

// bend is an edge within the trunk that skips a row.
type bend struct {
	from, to *item
	lane     int // 0 is next to the boxes
}

// bends gives every skipping edge a lane on the left that no other one
// crosses, short ones inside.
func (l *layout) bends() (out []bend, lanes int) {
	for _, it := range l.items {
		for _, p := range it.in {
			if it.col == 0 && p.col == 0 && it.row-p.row > 1 {
				out = append(out, bend{from: p, to: it})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b bend) int { return (a.to.row - a.from.row) - (b.to.row - b.from.row) })
	for i := range out {
		b := &out[i]
		for slices.ContainsFunc(out[:i], func(o bend) bool {
			return o.lane == b.lane && o.from.row < b.to.row && b.from.row < o.to.row
		}) {
			b.lane++
		}
		lanes = max(lanes, b.lane+1)
	}
	return out, lanes
}
