package runtime

// TrainProgram is one compiled step of training: forward, loss, backward and
// update, as a table of rows.
//
// Activations and their gradients lie in the arena, as those of a [Program].
// What no image has of its own, parameters, statistics, the optimizer's state,
// gradients of parameters and turned weights, lies in one more array, called
// the store; its offsets are in float32s.
type TrainProgram struct {
	Name  string
	Arena int // float32s of activations that one image takes
	Store int // float32s of everything else
	// Scratch and ThreadScratch are those of [Program].
	Scratch, ThreadScratch int

	Input   [3]int
	Classes int
	Logits  Buffer
	Layers  []TrainLayer
	// ChainBytes is how large an activation of all images together has to be
	// for the rows around it to go image by image, each after the one before.
	ChainBytes int

	// Parameters are the weights and the statistics of batch norms, State what
	// the optimizer keeps, and Gradients those of the last step, under the
	// names of their parameters.
	Parameters, State, Gradients []Slot
	// Buckets are all of Gradients, one stretch after another, in the order in
	// which the way back completes them.
	Buckets []Bucket
	// GradNorm is where the norm of all gradients lies; -1 if none is computed.
	GradNorm int

	// Preprocess is how pictures are normalized, and those to test with resized.
	Preprocess Preprocess
	// Recipe says in words what the step does with gradients.
	Recipe string
	// Network identifies what the network computes, before any choice of how:
	// equal ones take the same steps, whatever the memory or the kernels.
	Network string
}

// Slot is the place of a tensor in the store.
type Slot struct {
	Name   string
	Shape  []int
	Offset int
	Fill   Fill
	// InBlock is how many input channels of a weight are stored together, 16
	// or, of a planar input, 1; 0 for other tensors, which are row-major.
	InBlock int
	// Groups are those of the convolution, Merged as many as are stored: whole
	// blocks of channels, with zeros between the groups that share one.
	Groups, Merged int
}

// Fill says what a tensor begins with.
type Fill uint8

// Fills.
const (
	FillZero Fill = iota
	FillOne
	FillNormal  // of a convolution: normal, with the variance 2/(outputs*kernel) (arXiv 1502.01852)
	FillUniform // of a linear layer of n inputs: uniform from -1/sqrt(n) to 1/sqrt(n)
)

// TrainOp is what a row of a training program computes.
type TrainOp uint8

// The rows that a training program is made of.
const (
	TrainForward        TrainOp = iota // Layer, as in a network for inference
	TrainBatchNorm                     // with fused residual and ReLU
	TrainRunningAverage                //
	TrainDrop                          // dropout and stochastic depth, both ways
	TrainLoss                          // cross-entropy
	TrainLossGrad                      //
	TrainTurn                          // packs weights for the way back, turned by 180 degrees, also for Winograd's algorithm
	TrainTransform                     // packs weights for Winograd's algorithm
	TrainWeightGrad                    // of a convolution or linear layer
	TrainBiasGrad                      //
	TrainChannelGrad                   // of a batch norm or an affine layer, with the gradient of a fused ReLU
	TrainReLUGrad                      //
	TrainMaxPoolGrad                   //
	TrainAvgPoolGrad                   //
	TrainSpread                        // pixels of several buffers by turns
	TrainSlice                         // some channels in a row
	TrainSoftmaxGrad                   //
	TrainSum                           // of two gradients of one parameter
	TrainGradNorm                      //
	TrainSGD                           //
	TrainAdamW                         //
)

func (o TrainOp) String() string {
	return [...]string{"forward", "batch_norm_train", "running_average", "dropout_train", "cross_entropy", "cross_entropy_grad",
		"turn_weights", "transform_weights", "conv2d_grad_weight", "bias_grad", "batch_norm_grad", "relu_grad", "max_pool_grad", "avg_pool_grad",
		"spread", "slice_channels", "softmax_grad", "sum", "grad_norm", "sgd", "adamw"}[o]
}

// TrainLayer is one row of a training program.  Layer has its buffers and its
// geometry: In and Out are what the row reads and writes; of a gradient In is
// dy and In2 the other operand.
type TrainLayer struct {
	Op    TrainOp
	Layer Layer
	Mask  Buffer // result of the ReLU whose gradient is fused; Channels 0 for none

	// Offsets in the store: of a batch norm's parameters, the statistics of the
	// batch and the running ones, and of its gradients.  Gamma is an affine
	// layer's scale where Affine is set.
	Gamma, Beta, Mean, Var  int
	RunningMean, RunningVar int
	DGamma, DBeta           int
	Affine                  bool
	// FromInput says that the fused ReLU clamped what the batch norm gave, so
	// that its input and its factors, MaskScale and MaskBias, tell where.
	FromInput           bool
	MaskScale, MaskBias int
	// Repeated says that a batch norm normalizes as an earlier row did, whose
	// factors it shares.
	Repeated bool

	// Offsets of an update: Param becomes a new value by Grad and what the
	// optimizer keeps, First and Second (-1 for none), and Scale (-1 for none)
	// is the factor of the gradient.  Size is how many float32s each has.
	Param, Grad, First, Second, Scale int
	Size                              int

	Momentum, Decay, Beta1, Beta2, Eps float64
	Nesterov                           bool

	// P is the probability of a zero, Stream tells random numbers apart, and
	// Run is how many elements share one; 0 for all of an image.
	P      float64
	Stream int
	Run    int

	Smoothing float64 // of labels
	// Slot is the weight of TrainTurn and TrainWeightGrad.
	Slot Slot
	// Turn says which taps TrainTurn takes.
	Turn Turn
	// Samples is how many elements of one image a channel has, for the
	// unbiased variance of a running average; 0 for the mean's.
	Samples int
	// Parts are the gradients that TrainGradNorm takes.
	Parts []Slot
}

// Turn is a grid of a weight's taps: Count of them from First on, Step apart, in
// height and width.
type Turn struct{ First, Step, Count [2]int }
