package peers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// trainers are the engines that train.
var trainers = []string{"pytorch"}

// Update says what a step of training does with gradients.
type Update struct {
	Optimizer string // sgd or adamw
	Rate      float64
	Momentum  float64 // of sgd
	Nesterov  bool    // of sgd
	Decay     float64 // of all parameters
}

// StartTraining loads the ONNX file, of the network for inference, into the
// engine called name, for [Peer.Step] on batches of batch images.  Otherwise it is
// like [Start].
func StartTraining(ctx context.Context, name, onnxPath string, batch, threads int, u Update) (*Peer, error) {
	if !slices.Contains(trainers, name) {
		return nil, fmt.Errorf("peers: %s does not train, want %s", name, strings.Join(trainers, ", "))
	}
	args := []string{"-optimizer", u.Optimizer}
	for _, f := range []struct {
		flag  string
		value float64
	}{{"-rate", u.Rate}, {"-momentum", u.Momentum}, {"-decay", u.Decay}} {
		args = append(args, f.flag, strconv.FormatFloat(f.value, 'g', -1, 64))
	}
	if u.Nesterov {
		args = append(args, "-nesterov")
	}
	return load(ctx, name, "train", onnxPath, batch, threads, args...)
}

// Step takes a step with a batch, raw float32 [batch,C,H,W] and a class for each
// image, and gives the loss before it.  [Peer.Time] takes it again.
func (p *Peer) Step(images []float32, labels []int32) (float32, error) {
	classes := make([]float32, len(labels))
	for i, l := range labels {
		classes[i] = float32(l)
	}
	const in, want = "in.npy", "labels.npy"
	if err := p.write(in, images); err != nil {
		return 0, err
	}
	if err := p.write(want, classes); err != nil {
		return 0, err
	}
	answer, err := p.ask("step " + in + " " + want)
	if err != nil {
		return 0, err
	}
	loss, err := strconv.ParseFloat(word(answer, "loss"), 32)
	if err != nil {
		return 0, fmt.Errorf("peers: %s: step: answered %q, want loss=…", p.name, answer)
	}
	return float32(loss), nil
}
