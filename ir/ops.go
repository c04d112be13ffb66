package ir

import "maps"

// OpName names a row of [Ops].
type OpName string

// The operations.
const (
	Conv2D        OpName = "conv2d"
	BatchNorm     OpName = "batch_norm"
	Affine        OpName = "affine"
	ReLU          OpName = "relu"
	Add           OpName = "add"
	MaxPool       OpName = "max_pool"
	AvgPool       OpName = "avg_pool"
	GlobalAvgPool OpName = "global_avg_pool"
	Linear        OpName = "linear"
	Flatten       OpName = "flatten"
	Softmax       OpName = "softmax"
	Subsample     OpName = "subsample"
	PadChannels   OpName = "pad_channels"
	Dropout       OpName = "dropout"
	Concat        OpName = "concat"
	Reorder       OpName = "reorder"

	StochasticDepth OpName = "stochastic_depth"
)

// Operand is one input of an op.
type Operand struct {
	Name     string
	Optional bool // may be nil
	Variadic bool // stands for one or more; only the last operand
	DType    DType
}

// Op describes one operation.
type Op struct {
	Doc      string
	Operands []Operand
	// Results names the results where there are several.
	Results []string
	Attrs   []AttrSpec
	// Training says that only the gradient pass makes such nodes.
	Training bool
	// Exact says that the result is exact in float32; otherwise it is
	// rounded, and tests compare it with a tolerance.
	Exact bool
	// Infer gives the result types of a node whose operands and attributes
	// have the right number and kinds.  Its errors cite the constraint that
	// is broken, for instance "conv2d/C3".
	Infer func(*Node) ([]Type, error)
}

var (
	one, two = []int{1, 1}, []int{2, 2}
	pad0     = []int{0, 0, 0, 0}
	reluAttr = AttrSpec{"relu", false, "clamp the result at 0 (fused by a pass)"}
)

// Ops has one row per operation.
var Ops map[OpName]Op

// The table is filled by init because the Infer functions read it.
func init() {
	Ops = map[OpName]Op{
		Conv2D: {
			Doc:      "2-d cross-correlation, as every ML framework calls convolution; residual is added before relu",
			Operands: []Operand{{Name: "input"}, {Name: "weight"}, {Name: "bias", Optional: true}, {Name: "residual", Optional: true}},
			Attrs: []AttrSpec{
				{"stride", one, "step in height and width"},
				{"padding", pad0, "zeros at the top, left, bottom, right"},
				{"dilation", one, "distance of kernel taps in height and width"},
				{"groups", 1, "channel groups convolved apart"},
				reluAttr,
				{"algorithm", "", "how the kernel computes it: direct, winograd2, winograd4, polyphase2, stem4, strassen; chosen by a pass"},
				{"schedule", "", "order and cut of its loops: pixels, weights, fused:CHUNK or joint:CHUNK, with /BLOCKS; if empty, code generation decides"},
			},
			Infer: inferConv2D,
		},
		BatchNorm: {
			Doc:      "batch normalization at inference (arXiv 1502.03167): gamma*(x-mean)/sqrt(var+eps)+beta",
			Operands: []Operand{{Name: "input"}, {Name: "gamma"}, {Name: "beta"}, {Name: "mean"}, {Name: "var"}},
			Attrs:    []AttrSpec{epsAttr},
			Infer:    inferBatchNorm,
		},
		Affine: {
			Doc:      "x*scale+bias per channel: a batch norm that no convolution can absorb",
			Operands: []Operand{{Name: "input"}, {Name: "scale"}, {Name: "bias"}},
			Attrs:    []AttrSpec{reluAttr},
			Infer:    inferPerChannel,
		},
		ReLU: {
			Doc:      "max(x, 0); NaN stays NaN",
			Operands: []Operand{{Name: "input"}},
			Exact:    true,
			Infer:    inferSame,
		},
		Add: {
			Doc:      "elementwise sum of two tensors of one shape",
			Operands: []Operand{{Name: "a"}, {Name: "b"}},
			Attrs:    []AttrSpec{reluAttr},
			Infer:    inferAdd,
		},
		MaxPool: {
			Doc:      "largest element of each window; padding counts as -Inf; a NaN in the window gives NaN",
			Operands: []Operand{{Name: "input"}},
			Attrs:    poolAttrs,
			Exact:    true,
			Infer:    inferPool,
		},
		AvgPool: {
			Doc:      "mean of each window",
			Operands: []Operand{{Name: "input"}},
			Attrs:    append(poolAttrs[:len(poolAttrs):len(poolAttrs)], AttrSpec{"count_include_pad", true, "padding zeros count in the divisor"}),
			Infer:    inferPool,
		},
		GlobalAvgPool: {
			Doc:      "mean of each channel's plane: [N,C,H,W] to [N,C,1,1]",
			Operands: []Operand{{Name: "input"}},
			Infer:    inferGlobalPool,
		},
		Linear: {
			Doc:      "x times weight transposed plus bias: [N,I] and [O,I] to [N,O]",
			Operands: []Operand{{Name: "input"}, {Name: "weight"}, {Name: "bias", Optional: true}},
			Attrs:    []AttrSpec{reluAttr},
			Infer:    inferLinear,
		},
		Flatten: {
			Doc:      "[N,C,H,W] to [N,C*H*W]",
			Operands: []Operand{{Name: "input"}},
			Exact:    true,
			Infer:    inferFlatten,
		},
		Softmax: {
			Doc:      "exp(x) over the sum of exp(x), along the channel axis",
			Operands: []Operand{{Name: "input"}},
			Infer:    inferSoftmax,
		},
		Subsample: {
			Doc:      "every stride-th row and column from the first: x[:, :, ::s, ::s] (shortcut option A)",
			Operands: []Operand{{Name: "input"}},
			Attrs:    []AttrSpec{{"stride", two, "step in height and width"}},
			Exact:    true,
			Infer:    inferSubsample,
		},
		PadChannels: {
			Doc:      "zero channels before and after (shortcut option A)",
			Operands: []Operand{{Name: "input"}},
			Attrs:    []AttrSpec{{"before", 0, "zero channels in front"}, {"after", 0, "zero channels behind"}},
			Exact:    true,
			Infer:    inferPadChannels,
		},
		Dropout: {
			Doc:      "the identity at inference",
			Operands: []Operand{{Name: "input"}},
			Attrs:    []AttrSpec{{"p", 0.5, "probability of a zero in training"}},
			Exact:    true,
			Infer:    inferDropout,
		},
		Concat: {
			Doc:      "tensors one after another along the channel axis",
			Operands: []Operand{{Name: "inputs", Variadic: true}},
			Exact:    true,
			Infer:    inferConcat,
		},
		Reorder: {
			Doc:      "the identity, stored in another layout or with another halo",
			Operands: []Operand{{Name: "input"}},
			Exact:    true,
			Infer:    inferSame,
		},
		StochasticDepth: {
			Doc:      "the identity at inference (arXiv 1603.09382)",
			Operands: []Operand{{Name: "input"}},
			Attrs:    []AttrSpec{{"p", 0.0, "probability that training drops an image's branch"}},
			Exact:    true,
			Infer:    inferDropout,
		},
	}
	maps.Copy(Ops, trainingOps())
}

var poolAttrs = []AttrSpec{
	{"kernel", two, "window height and width"},
	{"stride", two, "step in height and width"},
	{"padding", pad0, "border at the top, left, bottom, right"},
	{"ceil_mode", false, "round the output size up"},
}
