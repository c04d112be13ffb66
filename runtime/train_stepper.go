package runtime

// Tensor is a named float32 tensor in PyTorch's axis order, as checkpoints hold it.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32 // row-major
}

// Stepper takes training steps: what [Fit] needs of a compiled trainer.  One
// goroutine uses it at a time.
type Stepper interface {
	// Batch is the number of images of a step.
	Batch() int
	// InputShape is the channels, height and width of one image.
	InputShape() [3]int
	// Classes is the number of logits of one image.
	Classes() int
	// Step runs forward, backward and update on Batch images in NCHW order
	// with a label each, and returns the mean loss before the update.
	Step(images []float32, labels []int32, lr float32) (loss float32, err error)
	// Logits are the last step's, Classes for each image.
	Logits() []float32
	// Parameters are the weights, and the statistics of batch norm, by
	// PyTorch's names and in an order that does not change.  The data may be
	// copies; the caller only reads them, until the next call of any method.
	Parameters() []Tensor
	// SetParameter replaces one of Parameters; it copies data.
	SetParameter(name string, data []float32) error
	// OptimizerState is everything else that the next step depends on, such
	// as the momentum buffers, under the same rules as Parameters.
	OptimizerState() []Tensor
	// SetOptimizerState replaces one of OptimizerState; it copies data.
	SetOptimizerState(name string, data []float32) error
}

// StepCounter is a Stepper whose steps depend on how many came before, such as
// by AdamW's bias correction or by the seed of dropout.
type StepCounter interface {
	Steps() int
	// SetSteps says how many steps the parameters have seen.
	SetSteps(n int)
}

// Evaluator is a Stepper that also computes logits as inference does, with
// the running statistics of batch norm and without dropout.
type Evaluator interface {
	// Evaluate writes the logits of up to Batch images; the lengths of both
	// say how many there are.  It changes nothing that a step depends on.
	Evaluate(logits, images []float32) error
}

// NonFiniteFinder is a Stepper that can say where a loss that is not a number
// came from.
type NonFiniteFinder interface {
	// NonFinite names the first layer of the last step, in order of
	// computation, whose values are not all finite; "" if there is none.
	NonFinite() string
}

// ParameterReader is a Stepper that copies a parameter into the caller's memory,
// so that averages of the weights are kept without allocating.
type ParameterReader interface {
	// ReadParameter copies the i-th of Parameters into dst, which has its size.
	ReadParameter(i int, dst []float32)
}
