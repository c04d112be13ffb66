package passes

import (
	"cmp"
	"slices"
)

// place gives each buffer an offset and returns the arena's size.
//
// The problem is dynamic storage allocation, which is NP-hard; for networks,
// placing the buffers one after another into the smallest gap between those in
// use at the same time comes close to the lower bound (arXiv 2001.03288), and
// the order matters most.  So several orders are tried, then random changes of
// the best one, from a fixed seed, until the lower bound is met or the effort
// is spent.
func place(bufs []*buffer) (offsets []int, arena int) {
	p := &placer{bufs: bufs, neighbours: neighbours(bufs)}
	bound := lowerBound(bufs)
	var best []int
	arena = -1
	for _, order := range p.orders() {
		o, size := p.pack(order)
		if arena < 0 || size < arena {
			best, offsets, arena = order, o, size
		}
		if arena == bound {
			return offsets, arena
		}
	}
	effort := len(bufs)
	for _, n := range p.neighbours {
		effort += len(n)
	}
	random := splitmix(1)
	for range min(maxTries, maxEffort/(effort+1)) {
		if arena == bound || len(bufs) < 2 {
			break
		}
		order := slices.Clone(best)
		from, to := random.below(len(order)), random.below(len(order))
		b := order[from]
		order = slices.Insert(slices.Delete(order, from, from+1), to, b)
		if o, size := p.pack(order); size <= arena {
			best, offsets, arena = order, o, size
		}
	}
	return offsets, arena
}

// Limits of the search: a few tenths of a second.
const (
	maxTries  = 4000
	maxEffort = 4_000_000
)

type placer struct {
	bufs       []*buffer
	neighbours [][]int // those in use at the same time
}

// neighbours sweeps over the nodes; buffers come in the order of their first node.
func neighbours(bufs []*buffer) [][]int {
	n := make([][]int, len(bufs))
	var live []int
	for i, b := range bufs {
		live = slices.DeleteFunc(live, func(j int) bool { return bufs[j].to < b.from })
		for _, j := range live {
			n[i] = append(n[i], j)
			n[j] = append(n[j], i)
		}
		live = append(live, i)
	}
	return n
}

// orders gives the buffers by size, by the product of size and time in use,
// by time in use, all largest first, and as they come.
func (p *placer) orders() [][]int {
	time := func(b *buffer) int { return b.to - b.from + 1 }
	keys := []func(*buffer) int{
		func(b *buffer) int { return b.size },
		func(b *buffer) int { return b.size * time(b) },
		time,
		func(b *buffer) int { return -b.from },
	}
	var orders [][]int
	for _, key := range keys {
		order := make([]int, len(p.bufs))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int {
			a, b := p.bufs[i], p.bufs[j]
			return cmp.Or(cmp.Compare(key(b), key(a)), cmp.Compare(b.size, a.size))
		})
		orders = append(orders, order)
	}
	return orders
}

// pack places the buffers in this order, each into the smallest gap that holds
// it, or behind all its neighbours.
func (p *placer) pack(order []int) (offsets []int, arena int) {
	offsets = make([]int, len(p.bufs))
	for i := range offsets {
		offsets[i] = -1
	}
	var taken []int // neighbours that have their place
	for _, i := range order {
		taken = taken[:0]
		for _, j := range p.neighbours[i] {
			if offsets[j] >= 0 {
				taken = append(taken, j)
			}
		}
		slices.SortFunc(taken, func(a, b int) int { return cmp.Compare(offsets[a], offsets[b]) })
		size, at, smallest, end := p.bufs[i].size, -1, 0, 0
		for _, j := range taken {
			if gap := offsets[j] - end; gap >= size && (at < 0 || gap < smallest) {
				at, smallest = end, gap
			}
			end = max(end, offsets[j]+p.bufs[j].size)
		}
		if at < 0 {
			at = end
		}
		offsets[i] = at
		arena = max(arena, at+size)
	}
	return offsets, arena
}

// splitmix is the generator splitmix64 (Steele, Lea and Flood, OOPSLA 2014):
// plans must not change with the Go release, as math/rand may.
type splitmix uint64

func (s *splitmix) below(n int) int {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return int((z ^ z>>31) % uint64(n))
}
