package passes

import (
	"fmt"
	"strings"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/nearest"
)

// Pass is one row of the pipeline.
type Pass struct {
	Name string
	Doc  string // what it does
	// Reason says why the pass stands where it does.
	Reason string
	// After names passes that must have run, Before those that must not.
	After, Before []string
	// Run rewrites the graph in place.  After an error the graph may be half
	// rewritten: give it up.
	Run func(*ir.Graph, Options) error
}

// Options control the pipeline.
type Options struct {
	// Exact rules out algorithms that round more than a plain sum of products.
	Exact bool
	// Fast lets training use algorithms that round more, forward and backward:
	// losses follow the exact ones not for as many steps.
	Fast bool
	// HalfWeights says that weights take two bytes each, not four.
	HalfWeights bool
	// Batch is how many images a run will mostly have; 0 stands for one.  Large
	// batches are computed right by any network, but not as fast as by one that
	// is made for them.
	Batch int
	// Memory is how many bytes a training step of Batch images may take, 0 for
	// no limit.  FixedMemory is the part of it that is not for the arena: the
	// parameters and what comes with them.
	Memory, FixedMemory int64
	// Tune has what was measured to be the fastest way to compute
	// convolutions, by their [ConvKey]; the cost model decides on the rest.
	Tune map[string]Choice
	// StopAfter ends the pipeline after the pass of this name; empty for all passes.
	StopAfter string
	// Observe, if not nil, sees the graph after every pass.
	Observe func(pass string, g *ir.Graph)
}

// Table lists the passes in the order in which they run.
var Table = []Pass{
	{
		Name:   "dead-code",
		Doc:    "drops nodes, and parameters, that no output needs",
		Reason: "first: a dead reader would keep the value that it reads from being fused",
		Before: []string{"fold-batchnorm", "fuse-add", "fuse-relu"},
		Run:    deadCode,
	},
	{
		Name:   "remove-identity",
		Doc:    "drops dropout, idle reorders and repeated flattens",
		Reason: "an identity between two nodes would hide one from the other",
		Before: []string{"fold-batchnorm", "fuse-add", "fuse-relu"},
		Run:    removeIdentity,
	},
	{
		Name:   "fold-constants",
		Doc:    "evaluates nodes that read parameters only",
		Reason: "computed weights must be parameters before a pass can multiply into them",
		Before: []string{"fold-batchnorm", "lower-batchnorm", "merge-groups", "layout"},
		Run:    foldConstants,
	},
	{
		Name:   "fold-batchnorm",
		Doc:    "multiplies a batch norm into the convolution or linear before it",
		Reason: "before anything fuses into the convolution: a batch norm cannot pass a residual or a ReLU",
		After:  []string{"remove-identity", "fold-constants"},
		Before: []string{"fuse-add", "fuse-relu"},
		Run:    foldBatchNorm,
	},
	{
		Name:   "lower-batchnorm",
		Doc:    "turns the batch norms that are left into x*scale+bias",
		Reason: "what folding left over; before ReLUs look for a node to fuse into",
		After:  []string{"fold-batchnorm"},
		Before: []string{"fuse-relu"},
		Run:    lowerBatchNorm,
	},
	{
		Name:   "fuse-add",
		Doc:    "moves an addition into the convolution that defines an operand",
		Reason: "the residual is added before the ReLU, so it must be there first",
		After:  []string{"fold-batchnorm"},
		Before: []string{"fuse-relu", "layout"},
		Run:    fuseAdd,
	},
	{
		Name:   "fuse-relu",
		Doc:    "moves a ReLU into the node that defines its operand",
		Reason: "after all that a ReLU must come behind: batch norm and residual",
		After:  []string{"fold-batchnorm", "lower-batchnorm", "fuse-add"},
		Before: []string{"layout"},
		Run:    fuseReLU,
	},
	{
		Name:   "merge-groups",
		Doc:    "widens convolution groups to whole channel blocks, or to 4 or 8",
		Reason: "after batch norms are folded, into the smaller weights; before layout asks whether a convolution has groups",
		After:  []string{"fold-batchnorm"},
		Before: []string{"layout", "choose-algorithm"},
		Run:    mergeGroups,
	},
	{
		Name:   "subsample",
		Doc:    "takes the pixels that strided 1x1 convolutions read out of their input",
		Reason: "once groups are final; before an algorithm is chosen for the convolution without a stride",
		After:  []string{"fuse-add", "merge-groups"},
		Before: []string{"choose-algorithm", "layout"},
		Run:    subsample,
	},
	{
		Name:   "choose-algorithm",
		Doc:    "decides how each convolution is computed",
		Reason: "once groups are final; before layout, which gives each input the halo that the algorithm reads",
		After:  []string{"merge-groups"},
		Before: []string{"layout"},
		Run:    chooseAlgorithm,
	},
	{
		Name:   "layout",
		Doc:    "stores activations as NCHW16c with a halo for their readers",
		Reason: "once the nodes are final: it inserts reorders, which would be in the way of fusion",
		After:  []string{"remove-identity", "fuse-relu", "merge-groups", "choose-algorithm"},
		Before: []string{"plan-memory"},
		Run:    layout,
	},
	{
		Name:   "pair-training",
		Doc:    "moves batch norms of a training step next to the additions that read them",
		Reason: "neighbours share a sweep over memory; after layout, whose reorders would come between them",
		After:  []string{"layout"},
		Before: []string{"plan-memory"},
		Run:    pairTraining,
	},
	{
		Name:   "recompute",
		Doc:    "computes values of a training step again instead of keeping them, to fit a memory limit",
		Reason: "once sizes and sweeps are known; before values have places",
		After:  []string{"layout", "pair-training"},
		Before: []string{"plan-memory"},
		Run:    recompute,
	},
	{
		Name:   "plan-memory",
		Doc:    "gives every activation its place in one arena",
		Reason: "last: any later change of order, type or use would break the plan",
		After:  []string{"layout", "pair-training", "recompute"},
		Run:    planMemory,
	},
}

// Run lowers g in place, up to o.StopAfter, and verifies it before the first
// and after every pass.  A layout or memory plan that g already has is
// discarded and made anew.  After an error g may be half lowered.
func Run(g *ir.Graph, o Options) error {
	if o.StopAfter != "" && Lookup(o.StopAfter) == nil {
		return fmt.Errorf("passes: unknown pass %q, did you mean %s?", o.StopAfter, strings.Join(similar(o.StopAfter), " or "))
	}
	if err := ir.Verify(g); err != nil {
		return fmt.Errorf("passes: the graph is not valid: %w", err)
	}
	reset(g)
	for _, p := range Table {
		if err := p.Run(g, o); err != nil {
			return fmt.Errorf("passes: %s: %w", p.Name, err)
		}
		if err := ir.Verify(g); err != nil {
			return fmt.Errorf("passes: %s left the graph invalid, which is a bug in the compiler: %w", p.Name, err)
		}
		if o.Observe != nil {
			o.Observe(p.Name, g)
		}
		if p.Name == o.StopAfter {
			break
		}
	}
	return nil
}

// similar lists up to two passes whose names are like name, or all if none is.
func similar(name string) []string {
	all := make([]string, len(Table))
	for i, p := range Table {
		all[i] = p.Name
	}
	if near := nearest.Names(name, all, 2); near != nil {
		return near
	}
	return all
}

// Lookup returns the row of the pass called name, or nil.
func Lookup(name string) *Pass {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	return nil
}

// reset takes back what layout and plan-memory wrote on the values, so that a
// graph that was lowered, printed and parsed can be lowered again.
func reset(g *ir.Graph) {
	g.Arena = 0
	for v := range g.Values() {
		v.Offset = -1
		v.Type.Layout, v.Type.Halo = ir.NCHW, 0
	}
}
