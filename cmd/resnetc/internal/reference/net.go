package reference

import (
	"fmt"
	"time"

	"github.com/resnetc/resnetc/ir"
)

// Net is a graph with the memory to run it for one batch size.  It is not safe
// for concurrent use; gonum's multiplications spread over GOMAXPROCS threads.
type Net struct {
	graph  *ir.Graph
	batch  int
	data   map[*ir.Value][]float32
	column []float32 // the im2col matrix of one image
	times  []time.Duration
}

// New plans a run of batch images.  Every parameter of g must have data.
func New(g *ir.Graph, batch int) (*Net, error) {
	if len(g.Inputs) != 1 || len(g.Outputs) == 0 {
		return nil, fmt.Errorf("reference: graph %q has %d inputs and %d outputs, want one input and some output", g.Name, len(g.Inputs), len(g.Outputs))
	}
	if batch < 1 {
		return nil, fmt.Errorf("reference: batch is %d, want at least 1", batch)
	}
	n := &Net{graph: g, batch: batch, data: map[*ir.Value][]float32{}, times: make([]time.Duration, len(g.Nodes))}
	for _, p := range g.Params {
		if len(p.Data) != p.Type.Shape.Elems() {
			return nil, fmt.Errorf("reference: parameter %q has %d elements, want %d: bind weights first", p.Name, len(p.Data), p.Type.Shape.Elems())
		}
		n.data[p] = p.Data
	}
	column := 0
	for _, node := range g.Nodes {
		if _, ok := kernels[node.Op]; !ok {
			return nil, fmt.Errorf("reference: node %q: op %s has no reference", node.Name(), node.Op)
		}
		if node.Op == ir.Conv2D {
			column = max(column, columnSize(node))
		}
	}
	n.column = make([]float32, column)
	n.allocate()
	return n, nil
}

// allocate gives every activation a buffer, and a buffer to the next value as
// soon as its last reader is done, so that deep networks fit into memory.
func (n *Net) allocate() {
	var free [][]float32
	readers := map[*ir.Value]int{}
	for v, nodes := range n.graph.Uses() {
		readers[v] = len(nodes)
	}
	for _, v := range n.graph.Outputs {
		readers[v]++ // the caller
	}
	take := func(size int) []float32 {
		for i, b := range free {
			if cap(b) >= size && cap(b) <= 2*size {
				free = append(free[:i], free[i+1:]...)
				return b[:size]
			}
		}
		return make([]float32, size)
	}
	for _, node := range n.graph.Nodes {
		for _, v := range node.Results {
			images, each := n.dims(v)
			n.data[v] = take(images * each)
		}
		for _, v := range node.Inputs {
			if v == nil || v.Def == nil {
				continue
			}
			if readers[v]--; readers[v] == 0 {
				free = append(free, n.data[v])
			}
		}
	}
}

// Run computes the graph's first output for images in src, row-major
// N,C,H,W, and copies it to dst.
func (n *Net) Run(dst, src []float32) error {
	in, out := n.graph.Inputs[0], n.graph.Outputs[0]
	if want := n.batch * in.Type.Shape.Elems(); len(src) != want {
		return fmt.Errorf("reference: input has %d elements, want %d", len(src), want)
	}
	if want := n.batch * out.Type.Shape.Elems(); len(dst) != want {
		return fmt.Errorf("reference: output has %d elements, want %d", len(dst), want)
	}
	n.data[in] = src
	for i, node := range n.graph.Nodes {
		start := time.Now()
		kernels[node.Op](n, node)
		n.times[i] = time.Since(start)
	}
	copy(dst, n.data[out])
	return nil
}

// Times maps each node's name to the time that it took in the last run.
func (n *Net) Times() map[string]time.Duration {
	t := make(map[string]time.Duration, len(n.times))
	for i, node := range n.graph.Nodes {
		t[node.Name()] = n.times[i]
	}
	return t
}

// operand returns the data of the node's operand, nil if it is left out.
func (n *Net) operand(node *ir.Node, name string) []float32 {
	if v := node.In(name); v != nil {
		return n.data[v]
	}
	return nil
}

// dims returns the size of v's first axis, which is the batch for all but
// constants, and the number of elements of one entry.
func (n *Net) dims(v *ir.Value) (images, each int) {
	s := v.Type.Shape
	images = n.batch
	if s[0] != ir.Batch {
		images = s[0]
	}
	return images, s[1:].Elems()
}

// planes returns the number of images times channels and the elements of one plane.
func (n *Net) planes(v *ir.Value) (count, size int) {
	images, _ := n.dims(v)
	return images * v.Type.Shape[1], v.Type.Shape[2:].Elems()
}
