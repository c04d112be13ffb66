package tune

import (
	"slices"

	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

// timed is the name of the layers that are timed.
const timed = "timed"

const (
	// uncached is how many bytes no cache holds: more than a last-level cache of 32 MiB.
	uncached = 48 << 20
	// most is how much arithmetic one run of a program does at most, about
	// 40 ms at 200 GFLOP/s.
	most = 4_000_000_000 // multiply-adds
	// often is how many times a run uses a weight if reading it from memory
	// makes no difference: a hundredth of the time.
	often = 1000
	// enough is as much arithmetic as it takes to time such a layer.
	enough = most / 10
)

// network is what tuning knows about the network as a whole.
type network struct {
	graph *ir.Graph // without data, before any pass
	// Of the command line: Exact, HalfWeights and Batch.
	options passes.Options
	// What one run reads, in bytes, with what the cost model chose.
	weights, arena int
}

// lower gives the graph after all passes with the choices.
func (net *network) lower(tune map[string]passes.Choice) (*ir.Graph, error) {
	g, o := net.graph.Clone(), net.options
	o.Tune = tune
	return g, passes.Run(g, o)
}

// program makes the timed program of the convolution called key, computed as chosen.
func (net *network) program(key string, c passes.Choice) (*runtime.Program, error) {
	g, err := net.lower(map[string]passes.Choice{key: c})
	if err != nil {
		return nil, err
	}
	n := g.Nodes[slices.IndexFunc(g.Nodes, func(n *ir.Node) bool { return n.Op == ir.Conv2D && passes.ConvKey(n) == key })]
	layer, weights, err := codegen.Convolution(n, net.options.HalfWeights)
	if err != nil {
		return nil, err
	}
	layer.Name = timed
	layer.Bias = -1
	if n.In("bias") != nil {
		layer.Bias = 0
	}
	return net.copies(layer, weights), nil
}

// copies is the program of many copies of the layer, whose weights take so many float32s.
func (net *network) copies(layer runtime.Layer, weights int) *runtime.Program {
	p := &runtime.Program{Name: timed, Input: [3]int{1, 1, 1}}
	// One pixel, for the logits that a program must have.
	p.Logits = runtime.Buffer{Channels: 1, Height: 1, Width: 1, Block: ir.Block}
	p.Arena = ir.Block
	place := func(b *runtime.Buffer) {
		b.Offset = p.Arena
		p.Arena += size(*b)
	}
	zeros := layer.In // what inputs are made of
	place(&zeros)
	first := p.Arena
	slot := size(layer.In) + size(layer.Out)
	if layer.In2.Channels > 0 {
		slot += size(layer.In2)
	}
	copies := min(net.weights, uncached) / (4 * weights)
	work, limit := max(1, layer.MACs*net.options.Batch), most
	if work/weights >= often {
		limit = enough
	}
	copies = max(2, min(copies+1, limit/work))
	slots := max(1, min(copies, net.arena/(4*slot)))
	// Scale and bias of the input, and the convolution's bias, in front.
	p.Weights = max(layer.In.Channels, layer.Out.Channels) + 2*ir.Block
	p.Weights -= p.Weights % ir.Block
	for i := range copies {
		l := layer
		p.Arena = first + i%slots*slot
		place(&l.In)
		place(&l.Out)
		if l.In2.Channels > 0 {
			place(&l.In2)
		}
		l.Weight = p.Weights
		p.Weights += (weights + ir.Block - 1) / ir.Block * ir.Block
		if l.In.Block == ir.Block {
			p.Layers = append(p.Layers, runtime.Layer{Name: "input", Op: runtime.OpAffine, In: zeros, Out: l.In})
		}
		p.Layers = append(p.Layers, l)
	}
	p.Arena = first + slots*slot
	p.LogitLayers = len(p.Layers)
	p.Scratch, p.ThreadScratch = layer.Scratch()
	return p
}

// size is how many float32s of each image a buffer takes, up to a multiple of 64 bytes.
func size(b runtime.Buffer) int {
	n := (b.Channels + b.Block - 1) / b.Block * b.Block * (b.Height + 2*b.Halo) * (b.Width + 2*b.Halo)
	return (n + ir.Block - 1) / ir.Block * ir.Block
}
