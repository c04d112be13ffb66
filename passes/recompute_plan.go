package passes

import (
	"math"

	"github.com/resnetc/resnetc/ir"
)

// level says what of a segment is kept for the way back, beside what the next
// segment reads.
type level int

const (
	keepAll    level = iota // all that the way back reads
	keepCostly              // results of convolutions and linear layers; the rest is cheap to compute again
	keepNone
)

// segment is a stretch of the way to the loss, from one cut to another.
type segment struct {
	from, to int // cuts
	level    level
}

// planner chooses segments (arXiv 1604.06174, section 4, with two kinds of
// recomputation and segments of any length): those that fit a budget of memory
// with the least time of recomputation.
type planner struct {
	s    *stepGraph
	cuts []cut
	// Sums over the units before each cut, a unit lies between two cuts:
	// elements per image of what the way back reads, of what keepCostly keeps
	// and of what both do, and nanoseconds to compute again what keepCostly and
	// what keepNone do not keep.
	all, costly, both  []int
	cheapTime, allTime []float64
	grads              []int // by unit: most that gradients take while the way back is there
	wanted             map[*ir.Value]bool
	choices            [][]choice // by the cut that they begin at
}

// cut is a place between nodes that few values cross.
type cut struct {
	node  int // the first node behind it
	cross []*ir.Value
}

func newPlanner(s *stepGraph) *planner {
	p := &planner{s: s, wanted: map[*ir.Value]bool{}}
	for i := s.forward - 1; i >= 0; i-- {
		n := s.g.Nodes[i]
		if v := n.Out(); isStored(v) && (s.needed[v] || p.wanted[v]) {
			p.wanted[v] = true
			if ir.MACs(n) == 0 {
				for _, in := range n.Inputs {
					p.wanted[in] = true
				}
			}
		}
	}
	p.findCuts()
	p.sum()
	p.gradients()
	p.choose()
	return p
}

// findCuts lists the start, the end, and where fewer elements cross than
// before and behind.  No cut parts two nodes that are joined.
func (p *planner) findCuts() {
	s := p.s
	crossing := make([]int, s.forward+1) // elements at each node
	between := make([]int, s.forward+1)  // joined pairs
	for i, n := range s.g.Nodes[:s.forward] {
		for _, v := range n.Results {
			if last, ok := s.last[v]; ok && last > i {
				crossing[i+1] += storedSize(v)
				crossing[last+1] -= storedSize(v)
			}
		}
		if second := s.pairs[n]; second != nil {
			between[i+1]++
			between[s.at[second]+1]--
		}
	}
	var places, sizes []int
	size, pairs := 0, 0
	for i := range s.forward {
		size += crossing[i]
		pairs += between[i]
		if pairs == 0 {
			places, sizes = append(places, i), append(sizes, size)
		}
	}
	p.cuts = []cut{{node: 0}}
	falling := true
	for k := 1; k+1 < len(places); k++ {
		if sizes[k] != sizes[k-1] {
			falling = sizes[k] < sizes[k-1]
		}
		if falling && sizes[k+1] > sizes[k] {
			p.cuts = append(p.cuts, cut{node: places[k]})
		}
	}
	p.cuts = append(p.cuts, cut{node: s.forward})
	unit := 0
	for i, n := range s.g.Nodes[:s.forward] {
		for unit+1 < len(p.cuts) && p.cuts[unit+1].node <= i {
			unit++
		}
		for _, v := range n.Results {
			last, ok := s.last[v]
			for k := unit + 1; ok && k < len(p.cuts) && p.cuts[k].node <= last; k++ {
				p.cuts[k].cross = append(p.cuts[k].cross, v)
			}
		}
	}
}

func storedSize(v *ir.Value) int { return blocks(v.Type.Stored()) }

// sum adds up sizes and times over the units.
func (p *planner) sum() {
	units := len(p.cuts) - 1
	p.all, p.costly, p.both = make([]int, units+1), make([]int, units+1), make([]int, units+1)
	p.cheapTime, p.allTime = make([]float64, units+1), make([]float64, units+1)
	for u := range units {
		all, costly, both, cheapTime, allTime := 0, 0, 0, 0.0, 0.0
		for _, n := range p.s.g.Nodes[p.cuts[u].node:p.cuts[u+1].node] {
			v := n.Out()
			if !isStored(v) {
				continue
			}
			size, kept := storedSize(v), p.keptCostly(v)
			if p.s.needed[v] {
				all += size
			}
			if kept {
				costly += size
			}
			if kept && p.s.needed[v] {
				both += size
			}
			time := nodeTime(n)
			allTime += time
			if p.wanted[v] && !kept {
				cheapTime += time
			}
		}
		p.all[u+1], p.costly[u+1], p.both[u+1] = p.all[u]+all, p.costly[u]+costly, p.both[u]+both
		p.cheapTime[u+1], p.allTime[u+1] = p.cheapTime[u]+cheapTime, p.allTime[u]+allTime
	}
}

// keptCostly reports whether keepCostly keeps v.
func (p *planner) keptCostly(v *ir.Value) bool { return p.wanted[v] && ir.MACs(v.Def) > 0 }

// nodeTime is about how many nanoseconds an image takes: 75 multiply-adds, or 2.5
// elements between a kernel and memory, in each.
func nodeTime(n *ir.Node) float64 {
	elements := storedSize(n.Out())
	for _, v := range n.Inputs {
		if v != nil && isStored(v) {
			elements += storedSize(v)
		}
	}
	return float64(ir.MACs(n))/75 + float64(elements)/2.5
}

// gradients finds what gradients take while the way back is in each unit: that
// of the last forward value that it read.
func (p *planner) gradients() {
	s := p.s
	p.grads = make([]int, len(p.cuts)-1)
	last := map[*ir.Value]int{}
	for i, n := range s.g.Nodes {
		for _, v := range n.Inputs {
			last[v] = i
		}
	}
	free := map[int]int{}
	size, unit := 0, len(p.grads)-1
	for i, n := range s.g.Nodes[s.forward:] {
		i += s.forward
		for _, v := range n.Inputs {
			if !s.isForward(v) {
				continue
			}
			for unit > 0 && s.at[v.Def] < p.cuts[unit].node {
				unit--
			}
		}
		for _, v := range n.Results {
			if isStored(v) && s.pairs[n] == nil {
				size += storedSize(v)
				free[max(i, last[v])] += storedSize(v)
			}
		}
		p.grads[unit] = max(p.grads[unit], size)
		size -= free[i]
	}
}

// bins is how many states the search keeps at each cut, by memory, and longest
// how many units a segment may have.
const bins, longest = 128, 96

// state is a plan up to a cut: the memory that it keeps, the time of
// recomputation, its last segment and the bin of the state before that.
type state struct {
	memory int
	time   float64
	last   segment
	bin    int
	ok     bool
}

// choice is what a segment does to a state.
type choice struct {
	segment
	kept, peak int // peak: beside what was kept before
	time       float64
}

// segments gives the plan of least time whose memory, by the model, stays
// within a budget at every place of the way back; nil if there is none.
//
// What is kept of segments before is still there when the way back is in a
// segment, and what is kept behind it no longer: so plans are built from the
// first segment on.
func (p *planner) segments(budget int) []segment {
	best := make([][bins]state, len(p.cuts))
	best[0][0].ok = true
	for from := range p.cuts {
		for _, c := range p.choices[from] {
			if c.peak > budget {
				continue
			}
			for bin := range best[from] {
				s := &best[from][bin]
				if !s.ok || s.memory+c.peak > budget {
					continue
				}
				memory, time := s.memory+c.kept, s.time+c.time
				b := &best[c.to][memory*bins/(budget+1)]
				if !b.ok || time < b.time || time == b.time && memory < b.memory {
					*b = state{memory, time, c.segment, bin, true}
				}
			}
		}
	}
	at := len(p.cuts) - 1
	end := &best[at][0]
	for i := range best[at] {
		if s := &best[at][i]; s.ok && (!end.ok || s.time < end.time) {
			end = s
		}
	}
	var list []segment
	for end.ok && at > 0 {
		list = append(list, end.last)
		at = end.last.from
		end = &best[at][end.bin]
	}
	return list
}

// choose lists the segments from each cut on.  To keep all of a long one is as
// good as to keep all of several short ones.
func (p *planner) choose() {
	p.choices = make([][]choice, len(p.cuts))
	for from := range p.cuts {
		grads := 0
		for to := from + 1; to < len(p.cuts) && to <= from+longest; to++ {
			grads = max(grads, p.grads[to-1])
			for l := keepAll; l <= keepNone; l++ {
				if l == keepAll && to > from+1 {
					continue
				}
				kept, work, time := p.segment(from, to, l)
				p.choices[from] = append(p.choices[from], choice{segment{from, to, l}, kept, kept + work + grads, time})
			}
		}
	}
}

// segment gives the elements that a segment keeps, those that the way back
// needs beside them while it is there, and the time of recomputation.
func (p *planner) segment(from, to int, l level) (kept, work int, time float64) {
	all := p.all[to] - p.all[from]
	switch l {
	case keepAll:
		kept = all
	case keepCostly:
		kept = p.costly[to] - p.costly[from]
		work = all - (p.both[to] - p.both[from])
		time = p.cheapTime[to] - p.cheapTime[from]
	case keepNone:
		work = all
		time = p.allTime[to] - p.allTime[from]
	}
	for _, v := range p.cuts[to].cross {
		if p.s.at[v.Def] < p.cuts[from].node {
			continue // kept by an earlier segment
		}
		size, needed := storedSize(v), p.s.needed[v]
		switch {
		case l == keepAll && needed, l == keepCostly && p.keptCostly(v):
			continue // counted above
		case l != keepAll && needed:
			work -= size
		}
		kept += size
		if l != keepAll {
			time -= nodeTime(v.Def)
		}
	}
	return kept, work, math.Max(0, time)
}

// keep lists the values that the segments keep.
func (p *planner) keep(list []segment) map[*ir.Value]bool {
	keep := map[*ir.Value]bool{}
	for _, v := range p.s.g.Outputs {
		keep[v] = true
	}
	for _, seg := range list {
		for _, n := range p.s.g.Nodes[p.cuts[seg.from].node:p.cuts[seg.to].node] {
			v := n.Out()
			if isStored(v) && (seg.level == keepAll && p.s.needed[v] || seg.level == keepCostly && p.keptCostly(v)) {
				keep[v] = true
			}
		}
		for _, v := range p.cuts[seg.to].cross {
			keep[v] = true
		}
	}
	return keep
}
