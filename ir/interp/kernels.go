package interp

import (
	"math"

	"github.com/resnetc/resnetc/ir"
)

// call is a node and the tensors that it reads.
type call struct {
	*ir.Node
	operands []*Tensor
}

// in gives the operand of that name, or nil if it is left out.
func (c call) in(name string) *Tensor {
	for i, o := range ir.Ops[c.Op].Operands {
		if o.Name == name && i < len(c.operands) {
			return c.operands[i]
		}
	}
	return nil
}

// kernel fills the results, which have the right shapes and are zero.  An error
// says what is wrong with the operands' elements.
type kernel func(c call, results []*Tensor) error

// one makes a kernel of a function that fills the only result and cannot fail.
func one(fill func(c call, out *Tensor)) kernel {
	return func(c call, results []*Tensor) error {
		fill(c, results[0])
		return nil
	}
}

// kernels has one row per op.
var kernels = map[ir.OpName]kernel{
	ir.Conv2D:          one(conv2d),
	ir.BatchNorm:       one(batchNorm),
	ir.Affine:          one(affine),
	ir.ReLU:            one(relu),
	ir.Add:             one(add),
	ir.MaxPool:         one(maxPool),
	ir.AvgPool:         one(avgPool),
	ir.GlobalAvgPool:   one(globalAvgPool),
	ir.Linear:          one(linear),
	ir.Flatten:         one(identity),
	ir.Softmax:         one(softmax),
	ir.Subsample:       one(subsample),
	ir.PadChannels:     one(padChannels),
	ir.Dropout:         one(identity),
	ir.Concat:          one(concat),
	ir.Reorder:         one(identity),
	ir.StochasticDepth: one(identity),

	ir.BatchNormTrain:       batchNormTrain,
	ir.RunningAverage:       runningAverage,
	ir.DropoutTrain:         one(dropoutTrain),
	ir.StochasticDepthTrain: one(stochasticDepthTrain),
	ir.CrossEntropy:         crossEntropy,
	ir.CrossEntropyGrad:     crossEntropyGrad,
	ir.Conv2DGradInput:      one(conv2dGradInput),
	ir.Conv2DGradWeight:     one(conv2dGradWeight),
	ir.BiasGrad:             one(biasGrad),
	ir.BatchNormGrad:        batchNormGrad,
	ir.AffineGrad:           affineGrad,
	ir.ReLUGrad:             one(reluGrad),
	ir.MaxPoolGrad:          one(maxPoolGrad),
	ir.AvgPoolGrad:          one(avgPoolGrad),
	ir.LinearGradInput:      one(linearGradInput),
	ir.LinearGradWeight:     one(linearGradWeight),
	ir.Unflatten:            one(identity),
	ir.SoftmaxGrad:          one(softmaxGrad),
	ir.SubsampleGrad:        one(subsampleGrad),
	ir.SliceChannels:        one(sliceChannels),
	ir.GradNorm:             gradNorm,
	ir.SGD:                  sgd,
	ir.AdamW:                adamW,
}

// clamp is relu of one number: NaN stays NaN and -0 stays -0.
func clamp(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x
}

// fused applies the attribute relu.
func fused(c call, out *Tensor) {
	if c.Bool("relu") {
		for i, x := range out.Data {
			out.Data[i] = clamp(x)
		}
	}
}

func identity(c call, out *Tensor) { copy(out.Data, c.operands[0].Data) }

func relu(c call, out *Tensor) {
	for i, x := range c.in("input").Data {
		out.Data[i] = clamp(x)
	}
}

func add(c call, out *Tensor) {
	b := c.in("b").Data
	for i, x := range c.in("a").Data {
		out.Data[i] = x + b[i]
	}
	fused(c, out)
}

// axis1 gives the number of channels of t, and of elements before and behind
// the channel axis.
func axis1(t *Tensor) (before, channels, behind int) {
	return t.Shape[0], t.Shape[1], elems(t.Shape[2:])
}

// perChannel sets each element of out to f(channel, element of the input).
func perChannel(c call, out *Tensor, f func(ch int, x float64) float64) {
	_, channels, behind := axis1(out)
	for i, x := range c.in("input").Data {
		out.Data[i] = f(i/behind%channels, x)
	}
}

// batchNorm rounds as batchNormTrain does, of the same statistics.
func batchNorm(c call, out *Tensor) {
	gamma, beta, mean, variance := c.in("gamma").Data, c.in("beta").Data, c.in("mean").Data, c.in("var").Data
	factor := make([]float64, len(gamma))
	for ch := range factor {
		factor[ch] = gamma[ch] / math.Sqrt(variance[ch]+c.Float("eps"))
	}
	perChannel(c, out, func(ch int, x float64) float64 { return (x-mean[ch])*factor[ch] + beta[ch] })
}

func affine(c call, out *Tensor) {
	scale, bias := c.in("scale").Data, c.in("bias").Data
	perChannel(c, out, func(ch int, x float64) float64 { return x*scale[ch] + bias[ch] })
	fused(c, out)
}

// softmax subtracts the largest element first, which changes nothing but overflow.
func softmax(c call, out *Tensor) {
	in := c.in("input").Data
	before, channels, behind := axis1(out)
	for n := range before {
		for p := range behind {
			at := func(ch int) int { return (n*channels+ch)*behind + p }
			largest := in[at(0)]
			for ch := range channels {
				largest = math.Max(largest, in[at(ch)])
			}
			sum := 0.0
			for ch := range channels {
				e := math.Exp(in[at(ch)] - largest)
				out.Data[at(ch)] = e
				sum += e
			}
			for ch := range channels {
				out.Data[at(ch)] /= sum
			}
		}
	}
}

func subsample(c call, out *Tensor) {
	in, s := c.in("input"), c.Ints("stride")
	h, w := in.Shape[2], in.Shape[3]
	planes, oh, ow := out.Shape[0]*out.Shape[1], out.Shape[2], out.Shape[3]
	for p := range planes {
		for y := range oh {
			for x := range ow {
				out.Data[(p*oh+y)*ow+x] = in.Data[(p*h+y*s[0])*w+x*s[1]]
			}
		}
	}
}

func padChannels(c call, out *Tensor) {
	copyChannels(c.in("input"), out, c.Int("before"))
}

func concat(c call, out *Tensor) {
	at := 0
	for _, t := range c.operands {
		copyChannels(t, out, at)
		at += t.Shape[1]
	}
}

// copyChannels copies all channels of in to the channels of out from at on.
func copyChannels(in, out *Tensor, at int) {
	before, channels, behind := axis1(in)
	for n := range before {
		to := (n*out.Shape[1] + at) * behind
		copy(out.Data[to:], in.Data[n*channels*behind:(n+1)*channels*behind])
	}
}
