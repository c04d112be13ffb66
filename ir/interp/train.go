package interp

import (
	"fmt"
	"math"
)

// eachChannel calls f for every element with its channel and its index.
func eachChannel(t *Tensor, f func(ch, i int)) {
	_, channels, behind := axis1(t)
	for i := range t.Data {
		f(i/behind%channels, i)
	}
}

// samples is the number of elements of a channel of the operand input.
func (c call) samples() (float64, error) {
	in := c.in("input")
	if n := len(in.Data) / in.Shape[1]; n > 1 {
		return float64(n), nil
	}
	return 0, fmt.Errorf("%q has one element per channel, and a batch norm needs two or more to train: make the batch or the images larger", c.In("input").Name)
}

// batchNormTrain takes the variance in a second sweep, around the mean.
func batchNormTrain(c call, results []*Tensor) error {
	in, gamma, beta := c.in("input"), c.in("gamma").Data, c.in("beta").Data
	out, mean, variance := results[0].Data, results[1].Data, results[2].Data
	count, err := c.samples()
	if err != nil {
		return err
	}
	eachChannel(in, func(ch, i int) { mean[ch] += in.Data[i] })
	for ch := range mean {
		mean[ch] /= count
	}
	eachChannel(in, func(ch, i int) { variance[ch] += (in.Data[i] - mean[ch]) * (in.Data[i] - mean[ch]) })
	factor := make([]float64, len(mean))
	for ch := range variance {
		variance[ch] /= count
		factor[ch] = gamma[ch] / math.Sqrt(variance[ch]+c.Float("eps"))
	}
	eachChannel(in, func(ch, i int) { out[i] = (in.Data[i]-mean[ch])*factor[ch] + beta[ch] })
	return nil
}

// batchNormGrad is, with x^ the normalized input and sums over all of a
// channel's n elements, dbeta = sum(dy), dgamma = sum(dy*x^) and
// dx = gamma/sqrt(var+eps) * (dy - dbeta/n - x^*dgamma/n).
func batchNormGrad(c call, results []*Tensor) error {
	in, dy, mean, variance, gamma := c.in("input"), c.in("dy").Data, c.in("mean").Data, c.in("var").Data, c.in("gamma").Data
	dx, dgamma, dbeta := results[0].Data, results[1].Data, results[2].Data
	count := float64(len(in.Data) / in.Shape[1])
	inverse := make([]float64, len(mean)) // of the standard deviation
	for ch, v := range variance {
		inverse[ch] = 1 / math.Sqrt(v+c.Float("eps"))
	}
	eachChannel(in, func(ch, i int) {
		dbeta[ch] += dy[i]
		dgamma[ch] += dy[i] * (in.Data[i] - mean[ch]) * inverse[ch]
	})
	eachChannel(in, func(ch, i int) {
		x := (in.Data[i] - mean[ch]) * inverse[ch]
		dx[i] = gamma[ch] * inverse[ch] * (dy[i] - dbeta[ch]/count - x*dgamma[ch]/count)
	})
	return nil
}

func runningAverage(c call, results []*Tensor) error {
	m, correction := c.Float("momentum"), 1.0
	if c.in("input") != nil {
		n, err := c.samples()
		if err != nil {
			return err
		}
		correction = n / (n - 1)
	}
	batch := c.in("batch").Data
	for i, r := range c.in("running").Data {
		results[0].Data[i] = (1-m)*r + m*(batch[i]*correction)
	}
	return nil
}

// mask gives the function that says which element of a dropout is zero, as
// package ir defines it.
func (c call) mask() (zero func(i int) bool) {
	integer := func(name string) uint64 { return uint64(int64(c.in(name).Data[0])) }
	key := mix(mix(mix(integer("seed")+golden)+integer("step")+golden) + uint64(int64(c.Int("stream"))) + golden)
	limit := c.Float("p") * (1 << 24)
	return func(i int) bool { return float64(mix(key+uint64(i+1)*golden)>>40) < limit }
}

const golden = 0x9E3779B97F4A7C15

// mix is the finalizer of splitmix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func dropoutTrain(c call, out *Tensor) { c.drop(out, 1) }

func stochasticDepthTrain(c call, out *Tensor) { c.drop(out, len(out.Data)/out.Shape[0]) }

// drop decides for each run of that many elements whether it is zero.
func (c call) drop(out *Tensor, run int) {
	zero, scale := c.mask(), 1/(1-c.Float("p"))
	for i, x := range c.in("input").Data {
		if !zero(i / run) {
			out.Data[i] = x * scale
		}
	}
}

// label gives the class of image n.
func (c call) label(n int) (int, error) {
	label, classes := int(c.in("labels").Data[n]), c.in("logits").Shape[1]
	if label < 0 || label >= classes {
		return 0, fmt.Errorf("label %d of %q is %d, want a class from 0 to %d", n, c.In("labels").Name, label, classes-1)
	}
	return label, nil
}

// eachImage calls f for every image with its logits, the logarithm of the sum
// of their exponentials, and its target distribution.
func (c call) eachImage(f func(n int, logits []float64, logSum float64, target []float64)) error {
	images, classes := c.in("logits").Shape[0], c.in("logits").Shape[1]
	smoothing := c.Float("label_smoothing")
	target := make([]float64, classes)
	for n := range images {
		logits := c.in("logits").Data[n*classes:][:classes]
		label, err := c.label(n)
		if err != nil {
			return err
		}
		largest, sum := math.Inf(-1), 0.0
		for _, x := range logits {
			largest = math.Max(largest, x)
		}
		for i, x := range logits {
			sum += math.Exp(x - largest)
			target[i] = smoothing / float64(classes)
		}
		target[label] += 1 - smoothing
		f(n, logits, largest+math.Log(sum), target)
	}
	return nil
}

func crossEntropy(c call, results []*Tensor) error {
	loss := &results[0].Data[0]
	images := float64(c.in("logits").Shape[0])
	return c.eachImage(func(_ int, logits []float64, logSum float64, target []float64) {
		for i, x := range logits {
			if target[i] != 0 { // 0 times an infinite logarithm is 0
				*loss += target[i] * (logSum - x) / images
			}
		}
	})
}

func crossEntropyGrad(c call, results []*Tensor) error {
	images := float64(c.in("logits").Shape[0])
	return c.eachImage(func(n int, logits []float64, logSum float64, target []float64) {
		for i, x := range logits {
			results[0].Data[n*len(logits)+i] = (math.Exp(x-logSum) - target[i]) / images
		}
	})
}
