package passes

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// subsampleOutputs is how many output channels a strided 1x1 convolution must have for
// subsample to take its pixels out: for every tile of them these are read again.  On a
// Zen 3 with AVX2 this takes a tenth (512 channels) to a fifth (1024, 2048) of the time
// of ResNet-50's; ResNet-18's second, of 256, takes a quarter longer.
const subsampleOutputs = 512

// subsample takes the pixels that strided 1x1 convolutions read out of their input, and
// leaves the convolutions no stride: rows of
// all pixels one behind another fill tiles, and Strassen's algorithm applies.  The
// pixels are taken when the first reader of the input comes, which so need not be kept
// for the convolution.
func subsample(g *ir.Graph, _ Options) error {
	if isTraining(g) {
		return nil // the way back has its own
	}
	e := edit(g)
	defer e.close()
	type key struct {
		input  *ir.Value
		stride [2]int
	}
	taken := map[key]*ir.Value{}
	before := map[*ir.Node][]*ir.Node{} // what is to stand before a node
	nodes := g.Nodes
	for _, n := range nodes {
		if !isSubsampling(n) {
			continue
		}
		k := key{n.In("input"), [2]int(n.Ints("stride"))}
		if taken[k] == nil {
			pixels, err := g.Add(ir.Subsample, e.unique(k.input.Name+".subsampled"), ir.Attrs{"stride": k.stride[:]}, k.input)
			if err != nil {
				return err
			}
			first := e.readers[k.input][0]
			before[first] = append(before[first], pixels.Def)
			taken[k] = pixels
		}
		e.setIn(n, "input", taken[k])
		n.Set("stride", []int{1, 1})
	}
	g.Nodes = nil
	for _, n := range nodes {
		g.Nodes = append(append(g.Nodes, before[n]...), n)
	}
	return nil
}

// isSubsampling reports whether n is such a convolution.
func isSubsampling(n *ir.Node) bool {
	if n.Op != ir.Conv2D || isStem(n) || n.Int("groups") > 1 {
		return false
	}
	w := n.In("weight").Type.Shape
	return w[2] == 1 && w[3] == 1 && w[0] >= subsampleOutputs &&
		slices.Max(n.Ints("stride")) > 1 && slices.Max(n.Ints("padding")) == 0
}
