package ir

// The operations of training graphs, which only the gradient pass makes.
const (
	BatchNormTrain       OpName = "batch_norm_train"
	RunningAverage       OpName = "running_average"
	DropoutTrain         OpName = "dropout_train"
	StochasticDepthTrain OpName = "stochastic_depth_train"
	CrossEntropy         OpName = "cross_entropy"

	CrossEntropyGrad OpName = "cross_entropy_grad"
	Conv2DGradInput  OpName = "conv2d_grad_input"
	Conv2DGradWeight OpName = "conv2d_grad_weight"
	BiasGrad         OpName = "bias_grad"
	BatchNormGrad    OpName = "batch_norm_grad"
	AffineGrad       OpName = "affine_grad"
	ReLUGrad         OpName = "relu_grad"
	MaxPoolGrad      OpName = "max_pool_grad"
	AvgPoolGrad      OpName = "avg_pool_grad"
	LinearGradInput  OpName = "linear_grad_input"
	LinearGradWeight OpName = "linear_grad_weight"
	Unflatten        OpName = "unflatten"
	SoftmaxGrad      OpName = "softmax_grad"
	SubsampleGrad    OpName = "subsample_grad"
	SliceChannels    OpName = "slice_channels"

	GradNorm OpName = "grad_norm"
	SGD      OpName = "sgd"
	AdamW    OpName = "adamw"
)

// forwardOps has the rows of what a training step does on the way to the loss.
func forwardOps() map[OpName]Op {
	random := []Operand{{Name: "input"}, {Name: "seed", DType: I32}, {Name: "step", DType: I32}}
	stream := AttrSpec{"stream", 0, "tells the nodes of one graph apart"}
	return map[OpName]Op{
		BatchNormTrain: {
			Doc:      "batch normalization with the batch's own mean and biased variance (arXiv 1502.03167, algorithm 1), over all axes but the channels",
			Operands: []Operand{{Name: "input"}, {Name: "gamma"}, {Name: "beta"}},
			Results:  []string{"output", "mean", "var"},
			Attrs:    []AttrSpec{epsAttr},
			Infer:    inferBatchNormTrain,
		},
		RunningAverage: {
			Doc: "(1-momentum)*running + momentum*batch, of a batch norm's statistics; with input, whose n elements per channel " +
				"batch is the biased variance of, batch is multiplied by n/(n-1) first",
			Operands: []Operand{{Name: "running"}, {Name: "batch"}, {Name: "input", Optional: true}},
			Attrs:    []AttrSpec{{"momentum", 0.1, "weight of the batch"}},
			Infer:    inferRunningAverage,
		},
		DropoutTrain: {
			Doc:      "each element is 0 with probability p and otherwise multiplied by 1/(1-p) (JMLR 15:1929); package ir says which",
			Operands: random,
			Attrs:    []AttrSpec{{"p", 0.5, "probability of a zero"}, stream},
			Infer:    inferRandom,
		},
		StochasticDepthTrain: {
			Doc:      "each image is 0 with probability p and otherwise multiplied by 1/(1-p) (arXiv 1603.09382); package ir says which",
			Operands: random,
			Attrs:    []AttrSpec{{"p", 0.0, "probability of a zero"}, stream},
			Infer:    inferRandom,
		},
		CrossEntropy: {
			Doc: "mean over the batch of -sum(target*log(softmax(logits))); the target is 1-label_smoothing at the label " +
				"and label_smoothing/classes more at every class (arXiv 1512.00567, section 7)",
			Operands: []Operand{{Name: "logits"}, {Name: "labels", DType: I32}},
			Attrs:    []AttrSpec{smoothingAttr},
			Infer:    inferCrossEntropy,
		},
	}
}

var (
	epsAttr       = AttrSpec{"eps", 1e-5, "added to the variance"}
	smoothingAttr = AttrSpec{"label_smoothing", 0.0, "share of the target that is spread over all classes"}
	sizeAttr      = AttrSpec{"input_size", []int{0, 0}, "height and width of the forward op's input"}
)

// gradientOps has the rows of the way back.  dy is the gradient of the loss
// with respect to the forward op's result; the results are those with respect
// to its operands.
func gradientOps() map[OpName]Op {
	dy := Operand{Name: "dy"}
	conv := []AttrSpec{
		{"stride", one, "step in height and width"},
		{"padding", pad0, "zeros at the top, left, bottom, right"},
		{"dilation", one, "distance of kernel taps in height and width"},
		{"groups", 1, "channel groups convolved apart"},
	}
	pool := poolAttrs[:len(poolAttrs):len(poolAttrs)]
	return map[OpName]Op{
		CrossEntropyGrad: {
			Doc:      "gradient of cross_entropy with respect to the logits: (softmax(logits)-target)/N",
			Operands: []Operand{{Name: "logits"}, {Name: "labels", DType: I32}},
			Attrs:    []AttrSpec{smoothingAttr},
			Infer:    inferCrossEntropyGrad,
		},
		Conv2DGradInput: {
			Doc:      "gradient of conv2d with respect to its input: dy convolved with the kernel turned by 180 degrees (transposed convolution)",
			Operands: []Operand{dy, {Name: "weight"}},
			Attrs: append(conv[:len(conv):len(conv)], sizeAttr,
				AttrSpec{"algorithm", "", "how the kernel computes it: direct, winograd2, winograd4; chosen by a pass"}),
			Infer: inferConv2DGradInput,
		},
		Conv2DGradWeight: {
			Doc:      "gradient of conv2d with respect to its weight: each tap's products of dy and input, summed over images and pixels",
			Operands: []Operand{dy, {Name: "input"}},
			Attrs: append(conv[:len(conv):len(conv)], AttrSpec{"kernel", one, "height and width of the weight"},
				AttrSpec{"algorithm", "", "how the kernel computes it: direct, winograd2; chosen by a pass"}),
			Infer: inferConv2DGradWeight,
		},
		BiasGrad: {
			Doc:      "gradient of a bias per channel: the sum over all other axes",
			Operands: []Operand{dy},
			Infer:    inferBiasGrad,
		},
		BatchNormGrad: {
			Doc:      "gradient of batch_norm_train, whose mean and var it takes (arXiv 1502.03167, section 3)",
			Operands: []Operand{dy, {Name: "input"}, {Name: "mean"}, {Name: "var"}, {Name: "gamma"}},
			Results:  []string{"dinput", "dgamma", "dbeta"},
			Attrs:    []AttrSpec{epsAttr},
			Infer:    inferBatchNormGrad,
		},
		AffineGrad: {
			Doc:      "gradient of affine: dy*scale, and the sums of dy*input and of dy over all axes but the channels",
			Operands: []Operand{dy, {Name: "input"}, {Name: "scale"}},
			Results:  []string{"dinput", "dscale", "dbias"},
			Infer:    inferAffineGrad,
		},
		ReLUGrad: {
			Doc:      "gradient of relu, whose result is y: 0 where y <= 0, else dy",
			Operands: []Operand{dy, {Name: "y"}},
			Exact:    true,
			Infer:    inferSameAsDY,
		},
		MaxPoolGrad: {
			Doc:      "gradient of max_pool: dy goes to the first element in the window, row by row, that is the largest, or to its last NaN",
			Operands: []Operand{dy, {Name: "input"}},
			Attrs:    pool,
			Infer:    inferMaxPoolGrad,
		},
		AvgPoolGrad: {
			Doc:      "gradient of avg_pool, and of global_avg_pool as a window of the input's size",
			Operands: []Operand{dy},
			Attrs:    append(pool, AttrSpec{"count_include_pad", true, "padding zeros count in the divisor"}, sizeAttr),
			Infer:    inferAvgPoolGrad,
		},
		LinearGradInput: {
			Doc:      "gradient of linear with respect to its input: dy times weight",
			Operands: []Operand{dy, {Name: "weight"}},
			Infer:    inferLinearGradInput,
		},
		LinearGradWeight: {
			Doc:      "gradient of linear with respect to its weight: dy transposed times input",
			Operands: []Operand{dy, {Name: "input"}},
			Infer:    inferLinearGradWeight,
		},
		Unflatten: {
			Doc:      "[N,C*H*W] to [N,C,H,W]",
			Operands: []Operand{{Name: "input"}},
			Attrs:    []AttrSpec{{"shape", []int{0, 0, 0}, "C, H and W"}},
			Exact:    true,
			Infer:    inferUnflatten,
		},
		SoftmaxGrad: {
			Doc:      "gradient of softmax, whose result is y: y*(dy-sum(dy*y)), summed along the channel axis",
			Operands: []Operand{dy, {Name: "y"}},
			Infer:    inferSoftmaxGrad,
		},
		SubsampleGrad: {
			Doc:      "gradient of subsample: dy spread over every stride-th row and column, zeros between",
			Operands: []Operand{dy},
			Attrs:    []AttrSpec{{"stride", two, "step in height and width"}, sizeAttr},
			Exact:    true,
			Infer:    inferSubsampleGrad,
		},
		SliceChannels: {
			Doc:      "some channels in a row: the gradient of pad_channels and concat",
			Operands: []Operand{{Name: "input"}},
			Attrs:    []AttrSpec{{"begin", 0, "the first channel"}, {"channels", 1, "their number"}},
			Exact:    true,
			Infer:    inferSliceChannels,
		},
	}
}

// updateOps has the rows of the end of a training step.
func updateOps() map[OpName]Op {
	decay := AttrSpec{"weight_decay", 0.0, "share of the parameter that a step takes away"}
	return map[OpName]Op{
		GradNorm: {
			Doc:      "norm is the square root of the sum of all squares; scale is min(1, max_norm/(norm+1e-6)), the factor that clips gradients (arXiv 1211.5063; torch.nn.utils.clip_grad_norm_)",
			Operands: []Operand{{Name: "grads", Variadic: true}},
			Results:  []string{"norm", "scale"},
			Attrs:    []AttrSpec{{"max_norm", 1.0, "norm to clip to"}},
			Infer:    inferGradNorm,
		},
		SGD: {
			Doc: "torch.optim.SGD: g = scale*grad + weight_decay*param; velocity' = momentum*velocity + g; " +
				"param' = param - lr*velocity', or with nesterov param - lr*(g + momentum*velocity')",
			Operands: []Operand{{Name: "param"}, {Name: "grad"}, {Name: "lr"}, {Name: "velocity", Optional: true}, {Name: "scale", Optional: true}},
			Results:  []string{"param", "velocity"},
			Attrs:    []AttrSpec{{"momentum", 0.0, "share of the velocity that is kept"}, decay, {"nesterov", false, "look ahead"}},
			Infer:    inferSGD,
		},
		AdamW: {
			Doc: "torch.optim.AdamW (arXiv 1711.05101): with t = step+1 and g = scale*grad, m' = beta1*m + (1-beta1)*g; " +
				"v' = beta2*v + (1-beta2)*g^2; param' = param*(1-lr*weight_decay) - lr/(1-beta1^t) * m'/(sqrt(v')/sqrt(1-beta2^t)+eps)",
			Operands: []Operand{{Name: "param"}, {Name: "grad"}, {Name: "lr"}, {Name: "step", DType: I32}, {Name: "m"}, {Name: "v"}, {Name: "scale", Optional: true}},
			Results:  []string{"param", "m", "v"},
			Attrs: []AttrSpec{{"beta1", 0.9, "share of the first moment that is kept"}, {"beta2", 0.999, "and of the second"},
				{"eps", 1e-8, "added to the second moment's root"}, decay},
			Infer: inferAdamW,
		},
	}
}

// trainingOps has all rows above, marked.
func trainingOps() map[OpName]Op {
	all := map[OpName]Op{}
	for _, rows := range []map[OpName]Op{forwardOps(), gradientOps(), updateOps()} {
		for name, op := range rows {
			op.Training = true
			all[name] = op
		}
	}
	return all
}
