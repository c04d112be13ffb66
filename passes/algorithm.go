package passes

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// algorithm is a way to compute a convolution.
type algorithm struct {
	name   string
	exact  bool // rounds no more than a sum of products in some order
	trains bool // a step of training can transform its weights
	// fullWeights says that weights rounded to half precision would ruin the result.
	fullWeights bool
	applies     func(*ir.Node) bool
	// cost is the number of multiply-adds for one image, or what takes as
	// long, if reading a weight takes as long as perWeight multiply-adds.
	cost func(n *ir.Node, perWeight float64) float64
}

// algorithms lists the ways to compute a convolution; of several with the same
// cost the first one wins.
var algorithms = []algorithm{
	{
		name:    "direct",
		exact:   true,
		trains:  true,
		applies: func(*ir.Node) bool { return true },
		cost:    directCost,
	},
	{
		name:    "winograd2",
		trains:  true,
		applies: func(n *ir.Node) bool { return isWinograd(n, 1) },
		cost:    func(n *ir.Node, w float64) float64 { return winogradCost(n, "winograd2", w) },
	},
	{
		name:    "winograd4",
		trains:  true,
		applies: func(n *ir.Node) bool { return isWinograd(n, 1) },
		cost:    func(n *ir.Node, w float64) float64 { return winogradCost(n, "winograd4", w) },
	},
	{
		name:    "polyphase2",
		applies: func(n *ir.Node) bool { return n.Op == ir.Conv2D && isWinograd(n, 2) },
		cost:    polyphaseCost,
	},
	{
		name:    "stem4",
		applies: isStem4,
		cost:    stemCost,
	},
	{
		name:        "strassen",
		fullWeights: true,
		applies:     isStrassen,
		cost:        strassenCost,
	},
}

// allowed reports whether options allow the algorithm at all.
func (a *algorithm) allowed(o Options) bool {
	return (a.exact || !o.Exact) && !(a.fullWeights && o.HalfWeights)
}

// chooseAlgorithm writes an algorithm on every convolution: that which was
// measured to be the fastest (and its schedule), or else the cheapest.
func chooseAlgorithm(g *ir.Graph, o Options) error {
	perWeight, training := weightCost(g, o), isTraining(g)
	if training {
		perWeight = transformedWeight / trainingBatch
	}
	for _, n := range g.Nodes {
		if n.Op == ir.Conv2DGradWeight {
			n.Set("algorithm", gradWeightAlgorithm(n, o))
		}
		if n.Op != ir.Conv2D && n.Op != ir.Conv2DGradInput {
			continue
		}
		if !training { // choices were measured without transforming weights
			if c, ok := o.Tune[ConvKey(n)]; ok {
				if err := c.apply(n, o); err != nil {
					return &ChoiceError{ConvKey(n), err}
				}
				continue
			}
		}
		best, name := 0.0, ""
		for _, a := range algorithms {
			if !a.allowed(o) || training && (!a.trains || !o.Fast && !steady(n, a.name)) || !a.applies(n) {
				continue
			}
			if c := a.cost(n, perWeight); name == "" || c < best {
				best, name = c, a.name
			}
		}
		n.Set("algorithm", name)
		if n.Op == ir.Conv2D {
			n.Set("schedule", "")
		}
	}
	return nil
}

// The time that one float32 weight takes to come from memory or from the L3 cache, in
// multiply-adds: two cores of a Zen 4 do 114 G multiply-adds a second and read
// 23 GB/s from memory, about five times that from the L3 cache.
const (
	memoryWeight = 20
	cachedWeight = 4
)

// gradWeightAlgorithm chooses how a weight's gradient is computed: by the transpose
// of F(2×2, 3×3) where tiles of 2×2 pixels cover dy well, and channels are enough
// that products outweigh transforms, or if options want it fast of F(4×4, 3×3).
func gradWeightAlgorithm(n *ir.Node, o Options) string {
	dy := n.In("dy").Type.Shape
	kernel, one := n.Ints("kernel"), []int{1, 1}
	if o.Exact || !slices.Equal(kernel, []int{3, 3}) || !slices.Equal(n.Ints("stride"), one) || !slices.Equal(n.Ints("dilation"), one) ||
		n.Int("groups") > 1 || isStem(n) {
		return "direct"
	}
	// A Zen 3 takes 0.7 of the time of F(2×2, 3×3) with 56x56 and 28x28 pixels, 0.9
	// with 14x14, but 1.1 with 7x7.  What is beyond dy must lie in a halo of 1.
	const large, rest = 8, 2
	if o.Fast && min(dy[2], dy[3]) >= large && (dy[3]+3)/4*4-dy[3] <= rest {
		return "winograd4"
	}
	const enough = 64 // with 16 or 32 a layer gains nothing
	if min(dy[1], n.In("input").Type.Shape[1]) < enough {
		return "direct"
	}
	if tiles := (dy[2] + 1) / 2 * ((dy[3] + 1) / 2); 3*16*tiles > 2*9*dy[2]*dy[3] {
		return "direct" // tiles of small odd planes have too much beside them
	}
	return "winograd2"
}

// steady reports whether an algorithm may compute n in training unless options
// want it fast.  Deep networks amplify roundings from step to step: a forward
// value next to zero that a ReLU lets pass or not is felt at once.  F(2×2, 3×3),
// whose transforms have no factors but 1/2, follows the exact losses as long as
// plain sums do, on the way back always, and forward where a sum has many
// terms, among whose roundings its own are lost: forward with 16 channels too,
// plain-20 left PyTorch's figures at the first step.  F(4×4, 3×3) does not.
func steady(n *ir.Node, algorithm string) bool {
	const many = 64 // channels
	w := n.In("weight").Type.Shape
	return algorithm == "direct" || algorithm == "winograd2" && (n.Op == ir.Conv2DGradInput || min(w[0], w[1]) >= many)
}

// In training a step transforms the weights, writes them and reads them: so
// many multiply-adds pass for each of those that Winograd's algorithm stores, and
// are shared by a batch of so many images.  Whatever the options say: a step has
// the same bits for any batch size that it is compiled for.
const (
	transformedWeight = 50.
	trainingBatch     = 16
)

// weightCost says where the weights are when a run begins: in the L3 cache if
// all weights of the network fit into half of 32 MiB, even as Winograd's
// algorithm stores them, four times as large; else in memory.  Of half the size
// twice as many come in the same time.
func weightCost(g *ir.Graph, o Options) float64 {
	size := 4
	if o.HalfWeights {
		size = 2
	}
	cost := memoryWeight
	if 4*size*g.ParamCount() <= 16<<20 {
		cost = cachedWeight
	}
	return float64(cost*size) / 4 / float64(max(o.Batch, 1)) // each is read once for all images
}

// directCost counts the multiply-adds of whole channel blocks, or the time of
// reading the weights if that is longer.
func directCost(n *ir.Node, perWeight float64) float64 {
	w, out := n.In("weight").Type.Shape, n.Out().Type.Shape
	in := w[1]
	if !isStem(n) {
		in = blocks(in)
	}
	weights := float64(blocks(w[0]) * in * w[2] * w[3])
	return weights * max(float64(out[2]*out[3]), perWeight)
}

// isWinograd reports whether Winograd's algorithm computes n, with that stride.
func isWinograd(n *ir.Node, stride int) bool {
	w := n.In("weight").Type.Shape
	if n.Op == ir.Conv2DGradInput && slices.Max(n.Ints("padding")) > 2 {
		return false // the gradient's convolution would have a negative padding
	}
	return w[2] == 3 && w[3] == 3 && n.Int("groups") == 1 && !isStem(n) &&
		slices.Equal(n.Ints("stride"), []int{stride, stride}) && slices.Max(n.Ints("dilation")) == 1
}

// winogradTransform is the time of the transforms of one tile and channel into
// and out of the Winograd domain, in multiply-adds: instructions of the AVX-512
// kernels, at 16 multiply-adds each, over 16 channels.
var winogradTransform = map[string]float64{"winograd2": 110, "winograd4": 330, "polyphase2": 110}

// winogradCost is the cost of one of Winograd's algorithms: the products of each
// tile and pair of channels, with as many weights as it stores, and the transforms.
func winogradCost(n *ir.Node, algorithm string, perWeight float64) float64 {
	a, _ := ir.FindAlgorithm(algorithm)
	w, out := n.In("weight").Type.Shape, n.Out().Type.Shape
	tiles := float64(a.Tiles(out[2], out[3]))
	channels := float64(blocks(w[0])+blocks(w[1])) / 2
	pairs := float64(blocks(w[0]) * blocks(w[1]))
	// A product over few channels spends much of its time on loading and
	// storing the sums: as long as over some eight channels more.
	summed := w[1]
	if n.Op == ir.Conv2DGradInput {
		summed = w[0]
	}
	products, sums := a.Products(out[2], out[3])
	filled := float64(products) + 8*float64(sums)/float64(blocks(summed))
	return pairs*max(filled, perWeight*float64(a.Weights)) + tiles*channels*winogradTransform[algorithm]
}

// polyphaseCost is winogradCost and what that leaves out, since others save so
// much more: the products reach nine tenths of the speed of direct convolution,
// and a third of the time in which weights come is not hidden by arithmetic.  Measured
// were, of ResNet-18's three such layers, 0.79, 0.83 and more than 1 of the time
// of direct convolution, and for a batch of 8 images 0.78, 0.83 and 0.86.
func polyphaseCost(n *ir.Node, perWeight float64) float64 {
	a, _ := ir.FindAlgorithm("polyphase2")
	w := n.In("weight").Type.Shape
	stored := float64(a.Weights * blocks(w[0]) * blocks(w[1]))
	return 1.1*winogradCost(n, "polyphase2", perWeight) + 0.35*stored*perWeight
}

// isStem4 reports whether stem4 computes n: a row must be one of its groups of
// tiles at least, of 16 pixels.
func isStem4(n *ir.Node) bool {
	if n.Op != ir.Conv2D || !isStem(n) || n.In("residual") != nil {
		return false
	}
	return slices.Equal(n.In("weight").Type.Shape[2:], ir.Shape{7, 7}) && slices.Equal(n.Ints("stride"), []int{2, 2}) &&
		slices.Max(n.Ints("dilation")) == 1 && n.Out().Type.Shape[3] >= ir.Block
}

// stemCost counts the products of whole groups of tiles, and the transform of
// input.  A tenth more is what a Zen 4 takes longer than for those, of a ResNet's stem: with
// one thread 1.06 ms, of which the transform of input is 0.04, against 2.09 by direct convolution.
func stemCost(n *ir.Node, perWeight float64) float64 {
	const transform = 230 // of a tile and plane
	a, _ := ir.FindAlgorithm("stem4")
	w, out := n.In("weight").Type.Shape, n.Out().Type.Shape
	products, _ := a.Products(out[2], out[3])
	pairs := float64(blocks(w[0]) * w[1])
	return 1.1*pairs*max(float64(products), perWeight*float64(a.Weights)) + transform*float64(products/a.Elements*w[1])
}

// haloNeeded is the number of zero pixels that n, a convolution, reads around
// its input: its padding, and what whole Winograd tiles reach beyond it.
func haloNeeded(n *ir.Node) int {
	p := n.Ints("padding")
	halo := slices.Max(p)
	if a := n.Algorithm(); a.Tile > 0 && !a.Stem {
		m := a.Tile
		in, out := n.In("input").Type.Shape, n.Out().Type.Shape
		for axis := range 2 {
			tiled := (out[2+axis] + m - 1) / m * m
			halo = max(halo, (tiled-1)*a.Stride+3-p[axis]-in[2+axis])
		}
	}
	return halo
}

// blocks rounds up to a multiple of [ir.Block].
func blocks(n int) int { return (n + ir.Block - 1) / ir.Block * ir.Block }
