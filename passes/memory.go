package passes

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// MemoryReport says how well activations are packed, in float32s per image.
type MemoryReport struct {
	Arena      int // as planned; 0 before plan-memory
	Naive      int // if every value had a place of its own, but for flatten
	LowerBound int // largest set of values that live at the same time
}

// Report measures a graph after layout.
func Report(g *ir.Graph) MemoryReport {
	r := MemoryReport{Arena: g.Arena}
	for _, n := range g.Nodes {
		if aliased(n) == nil {
			for _, v := range n.Results {
				if isStored(v) {
					r.Naive += blocks(v.Type.Stored())
				}
			}
		}
	}
	r.LowerBound = lowerBound(buffers(g))
	return r
}

// buffer is a stretch of the arena, for the values that follow one another in it.
type buffer struct {
	size     int // elements per image, whole channel blocks
	from, to int // first and last node, by index, at which it is in use
	values   []*ir.Value
}

// planMemory finds offsets for all buffers, so that those in use at the same
// node are apart.
func planMemory(g *ir.Graph, _ Options) error {
	for _, n := range g.Nodes {
		if n.Op == ir.Flatten && (aliased(n) == nil || n.Inputs[0].Def == nil) {
			return fmt.Errorf("node %q: %v cannot share memory with %q, %v: run layout first", n.Name(), n.Out().Type, n.Inputs[0].Name, n.Inputs[0].Type)
		}
	}
	bufs := buffers(g)
	offsets, arena := place(bufs)
	if arena > ir.MaxElems {
		return fmt.Errorf("the activations of one image need %d elements at a time, more than the %d that an arena may have: make the images or the network smaller", arena, ir.MaxElems)
	}
	for i, b := range bufs {
		for _, v := range b.values {
			v.Offset = offsets[i]
		}
	}
	g.Arena = arena
	return nil
}

// buffers groups values into buffers, in the order of their first node.  A
// flatten shares its operand's buffer, and so does a result that may take the
// place of an operand.  What is never stored, see [joined], has none.
func buffers(g *ir.Graph) []*buffer {
	at := make(map[*ir.Node]int, len(g.Nodes))
	for i, n := range g.Nodes {
		at[n] = i
	}
	pairs := joined(g)
	parts := make(map[*ir.Node]*ir.Node, len(pairs)) // the other way round
	last := map[*ir.Value]int{}
	for i, n := range g.Nodes {
		end := i
		if second := pairs[n]; second != nil {
			parts[second] = n
			end = at[second]
		}
		for _, v := range n.Inputs {
			last[v] = max(last[v], end)
		}
	}
	for _, v := range g.Outputs {
		last[v] = len(g.Nodes)
	}
	for _, u := range g.Updates {
		last[u.Value] = len(g.Nodes)
	}
	var bufs []*buffer
	home := map[*ir.Value]*buffer{}
	for i, n := range g.Nodes {
		for k, v := range n.Results {
			if !isStored(v) || k == 0 && pairs[n] != nil {
				continue // codegen puts it beside the parameters, or nowhere
			}
			var b *buffer
			if k == 0 {
				b = home[aliased(n)]
				if b == nil {
					b = overwritten(n, parts[n], i, home)
				}
			}
			if b == nil {
				b = &buffer{size: blocks(v.Type.Stored()), from: i, to: i}
				bufs = append(bufs, b)
			}
			b.to = max(b.to, i, last[v])
			b.values = append(b.values, v)
			home[v] = b
		}
	}
	return bufs
}

// aliased returns the operand whose elements n's result shares as they lie in
// memory, or nil.
func aliased(n *ir.Node) *ir.Value {
	if n.Op != ir.Flatten {
		return nil
	}
	v, t := n.Inputs[0], n.Out().Type
	if v.Type.Layout != t.Layout || v.Type.Halo != 0 || t.Layout == ir.NCHW16c && pixels(v) > 1 {
		return nil
	}
	return v
}

// overwritten returns the buffer of an operand that dies at n, the i-th node,
// and whose place the result may take: each element is read before the
// element of the same position is written, and never after.  A convolution
// reads its residual so, but not its input.  The node that n is joined with, if
// there is one, is its part.
func overwritten(n, part *ir.Node, i int, home map[*ir.Value]*buffer) *buffer {
	var operands []*ir.Value
	var apart *buffer // that a convolution reads
	switch n.Op {
	case ir.Add, ir.ReLUGrad:
		operands = n.Inputs
		if part != nil && part.Op == ir.Conv2DGradInput {
			apart = home[part.In("dy")]
		}
	case ir.BatchNormGrad: // its sums are complete before the first element is written
		operands = n.Inputs[:2]
		if part != nil {
			operands = append(slices.Clone(part.Inputs), n.In("input"))
		}
	case ir.Affine, ir.ReLU, ir.DropoutTrain, ir.StochasticDepthTrain:
		operands = n.Inputs[:1]
	case ir.Conv2D:
		if r := n.In("residual"); r != nil {
			operands, apart = []*ir.Value{r}, home[n.In("input")]
		}
	}
	t := n.Out().Type
	for _, v := range operands {
		b := home[v]
		if b != nil && b != apart && b.to == i && v.Type.Layout == t.Layout && v.Type.Halo == t.Halo {
			return b
		}
	}
	return nil
}

// lowerBound is the largest total size of buffers in use at one node: no plan needs less.
func lowerBound(bufs []*buffer) int {
	end := 0
	for _, b := range bufs {
		end = max(end, b.to)
	}
	delta := make([]int, end+2)
	for _, b := range bufs {
		delta[b.from] += b.size
		delta[b.to+1] -= b.size
	}
	sum, most := 0, 0
	for _, d := range delta {
		sum += d
		most = max(most, sum)
	}
	return most
}
