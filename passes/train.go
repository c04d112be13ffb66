package passes

import (
	"fmt"
	"hash/fnv"
	"math"
	"strings"

	"github.com/resnetc/resnetc/ir"
)

// TrainOptions say how a network is trained.  The zero value is plain gradient
// descent on the cross-entropy.
type TrainOptions struct {
	// Logits names the value to train, [N,classes]; empty for the first output.
	// A softmax there is left out, as the loss has its own.
	Logits         string
	LabelSmoothing float64 // arXiv 1512.00567, section 7

	// Dropout is the probability with which an element that the last linear
	// layer reads is zero in a step (JMLR 15:1929); 0 for none.
	Dropout float64
	// StochasticDepth is the probability with which an image skips the last
	// residual branch in a step; the l-th of L branches it skips with l/L of
	// that (arXiv 1603.09382, which recommends 0.5); 0 for none.  What a branch
	// gives the other images is divided by the probability to keep it, so that
	// inference needs to know nothing.
	StochasticDepth float64

	Optimizer string  // "sgd", also if empty, or "adamw"
	Momentum  float64 // of sgd
	Nesterov  bool    // of sgd
	// Beta1, Beta2 and Eps are adamw's; 0 stands for 0.9, 0.999 and 1e-8.
	Beta1, Beta2, Eps float64
	WeightDecay       float64
	// DecayWeightsOnly exempts parameters with one axis, biases and those of
	// batch norms, from weight decay.
	DecayWeightsOnly bool
	// ClipNorm is the largest norm of all gradients together; 0 for no limit.
	ClipNorm float64
	// BatchNormMomentum is the weight of a batch in the running statistics; 0
	// stands for 0.1.
	BatchNormMomentum float64
}

const (
	// LargestDrop is the largest probability of a zero: the rest is multiplied
	// by 1/(1-p), here by 1000.
	LargestDrop = 0.999
	// LargestBeta is the slowest decay of adamw's means, which are divided by
	// 1-beta after the first step.
	LargestBeta = 0.999999
)

// check gives the first option that makes no sense, and fills in defaults.
func (o *TrainOptions) check() error {
	for _, d := range []struct {
		option *float64
		value  float64
	}{{&o.Beta1, 0.9}, {&o.Beta2, 0.999}, {&o.Eps, 1e-8}, {&o.BatchNormMomentum, 0.1}} {
		if *d.option == 0 {
			*d.option = d.value
		}
	}
	if o.Optimizer == "" {
		o.Optimizer = "sgd"
	}
	if optimizers[o.Optimizer] == nil {
		return fmt.Errorf("unknown optimizer %q, want sgd or adamw", o.Optimizer)
	}
	for _, r := range []struct {
		name           string
		x, least, most float64
	}{
		{"label smoothing", o.LabelSmoothing, 0, 1},
		{"dropout", o.Dropout, 0, LargestDrop},
		{"stochastic depth", o.StochasticDepth, 0, LargestDrop},
		{"momentum", o.Momentum, 0, 1},
		{"weight decay", o.WeightDecay, 0, math.MaxFloat32},
		{"gradient norm to clip to", o.ClipNorm, 0, math.MaxFloat32},
		{"batch norm momentum", o.BatchNormMomentum, 0, 1},
		{"beta1", o.Beta1, 0, LargestBeta}, {"beta2", o.Beta2, 0, LargestBeta}, {"eps", o.Eps, 0, 1},
	} {
		if !(r.x >= r.least && r.x <= r.most) {
			return fmt.Errorf("%s is %v, want a number from %v to %v", r.name, r.x, r.least, r.most)
		}
	}
	if o.Nesterov && o.Momentum == 0 {
		return fmt.Errorf("the momentum is 0, and Nesterov's method wants one above 0")
	}
	return nil
}

// Gradient makes a network's graph, with or without weights, into that of one
// training step: forward in training mode, loss, backward and update.  It
// works in place; after an error g may be half rewritten.
//
//   - The inputs are followed by four more, in this order: labels i32[N],
//     learning_rate f32[], step i32[], the number of steps before this one, and
//     seed i32[], called so unless the graph has these names already.
//   - The outputs are the loss, the logits and, if gradients are clipped, their
//     norm before that.  What leads to no other output is dropped.
//   - Batch norms use the statistics of the batch, and their running ones are
//     updated; dropout and stochastic depth drop, those of the graph and those
//     of the options.
//   - Every parameter that the loss depends on is trained.  Its gradient, called
//     NAME.grad, is the operand grad of the node that updates it.  What the
//     optimizer keeps are parameters too, called NAME.velocity, or NAME.m and
//     NAME.v, with zeros for data.
//   - Network identifies the network as it was, but for its name and the options.
//
// Gradients of a value that several nodes read are added from the last reader
// to the first.
func Gradient(g *ir.Graph, o TrainOptions) error {
	if err := gradient(g, o); err != nil {
		return fmt.Errorf("passes: gradient: %w", err)
	}
	if err := ir.Verify(g); err != nil {
		return fmt.Errorf("passes: gradient left the graph invalid, which is a bug in the compiler: %w", err)
	}
	return nil
}

// identify is a hash of what a network computes: of its text but the name.
// Checkpoints hold it, so that none is gone on with as another network's.
func identify(g *ir.Graph) string {
	_, text, _ := strings.Cut(g.String(), "\n")
	h := fnv.New64a()
	h.Write([]byte(text)) // never fails
	return fmt.Sprintf("%016x", h.Sum64())
}

func gradient(g *ir.Graph, o TrainOptions) error {
	if err := ir.Verify(g); err != nil {
		return fmt.Errorf("the graph is not valid: %w", err)
	}
	if err := o.check(); err != nil {
		return err
	}
	for _, n := range g.Nodes {
		if ir.Ops[n.Op].Training {
			return fmt.Errorf("node %q is a %s: the graph trains already; give the one for inference", n.Name(), n.Op)
		}
	}
	logits, err := o.logits(g)
	if err != nil {
		return err
	}
	reset(g)
	g.Outputs = []*ir.Value{logits}
	if err := deadCode(g, Options{}); err != nil {
		return err
	}
	g.Network = identify(g)
	t := newTrainer(g, o)
	t.regularize(logits)
	t.trainingMode()
	loss := t.add(ir.CrossEntropy, "loss", ir.Attrs{"label_smoothing": o.LabelSmoothing}, logits, t.labels)
	g.Outputs = []*ir.Value{loss, logits}
	t.backward(logits)
	t.update()
	return t.err
}

// logits finds the value to train.
func (o *TrainOptions) logits(g *ir.Graph) (*ir.Value, error) {
	v := g.Outputs[0]
	if o.Logits != "" {
		if v = g.Value(o.Logits); v == nil {
			return nil, fmt.Errorf("graph %q has no value %q to train; its outputs are %s", g.Name, o.Logits, outputNames(g))
		}
	}
	for v.Def != nil && v.Def.Op == ir.Softmax {
		v = v.Def.In("input")
	}
	if s := v.Type.Shape; len(s) != 2 || s[0] != ir.Batch || v.Def == nil {
		return nil, fmt.Errorf("%q has shape %v, want logits of shape N,classes that a node computes; the outputs of graph %q are %s", v.Name, s, g.Name, outputNames(g))
	}
	return v, nil
}

func outputNames(g *ir.Graph) string {
	var names []string
	for _, v := range g.Outputs {
		names = append(names, fmt.Sprintf("%q", v.Name))
	}
	return strings.Join(names, ", ")
}
