package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/passes"
)

// recipeFlags say what a compiled step of training does with gradients.
func recipeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "optimizer", Value: "sgd", Usage: "update weights by `METHOD`: sgd or adamw"},
		&cli.FloatFlag{Name: "momentum", Value: 0.9, Usage: "`FACTOR` of sgd's last update in the next"},
		&cli.BoolFlag{Name: "nesterov", Usage: "Nesterov's momentum"},
		&cli.FloatFlag{Name: "beta1", Value: 0.9, Usage: "`DECAY` of adamw's mean of gradients"},
		&cli.FloatFlag{Name: "beta2", Value: 0.999, Usage: "`DECAY` of adamw's mean of squares"},
		&cli.FloatFlag{Name: "eps", Value: 1e-8, Usage: "`NUMBER` that adamw adds to a root"},
		&cli.FloatFlag{Name: "weight-decay", Value: 1e-4, Usage: "`FACTOR` of the weights that an update takes away"},
		&cli.BoolFlag{Name: "decay-weights-only", Usage: "no decay of biases and batch norms"},
		&cli.FloatFlag{Name: "label-smoothing", Usage: "spread `PART` of each label over all classes"},
		&cli.FloatFlag{Name: "dropout", Usage: "zero `PART` of what the classifier reads"},
		&cli.FloatFlag{Name: "stochastic-depth", Usage: "skip the last residual branch with probability `P`, earlier ones less often"},
		&cli.FloatFlag{Name: "clip", Usage: "limit the norm of all gradients together to `NORM`"},
		&cli.FloatFlag{Name: "bn-momentum", Value: 0.1, Usage: "`PART` of a batch in the running statistics of batch norms"},
		&cli.BoolFlag{Name: "fast", Usage: "compute 3x3 convolutions, forward and backward, by Winograd's F(4x4,3x3), which rounds more"},
		memoryFlag(),
	}
}

// recipe reads recipeFlags.
func recipe(c *cli.Command) (passes.TrainOptions, error) {
	o := passes.TrainOptions{
		LabelSmoothing: c.Float("label-smoothing"), Dropout: c.Float("dropout"), StochasticDepth: c.Float("stochastic-depth"),
		Optimizer: c.String("optimizer"), WeightDecay: c.Float("weight-decay"), DecayWeightsOnly: c.Bool("decay-weights-only"),
		ClipNorm: c.Float("clip"), BatchNormMomentum: c.Float("bn-momentum"),
	}
	if err := oneOf("optimizer", o.Optimizer, []string{"sgd", "adamw"}); err != nil {
		return o, err
	}
	others := []string{"beta1", "beta2", "eps"}
	if o.Optimizer == "sgd" {
		o.Momentum, o.Nesterov = c.Float("momentum"), c.Bool("nesterov")
	} else {
		o.Beta1, o.Beta2, o.Eps = c.Float("beta1"), c.Float("beta2"), c.Float("eps")
		others = []string{"momentum", "nesterov"}
	}
	for _, f := range others {
		if c.IsSet(f) {
			return o, usagef("-%s is not for -optimizer %s", f, o.Optimizer)
		}
	}
	for _, f := range []struct {
		name string
		most float64
	}{
		{"momentum", 1}, {"weight-decay", 1e30}, {"label-smoothing", 1}, {"dropout", passes.LargestDrop}, {"stochastic-depth", passes.LargestDrop},
		{"clip", 1e30}, {"bn-momentum", 1}, {"beta1", passes.LargestBeta}, {"beta2", passes.LargestBeta}, {"eps", 1},
	} {
		if v := c.Float(f.name); !(v >= 0 && v <= f.most) {
			return o, usagef("-%s %v: want a number from 0 to %v", f.name, v, f.most)
		}
	}
	return o, nil
}

// recipeText describes a recipe and whether -fast computes it: equal ones give
// equal texts.
func recipeText(o passes.TrainOptions, fast bool) string {
	words := []string{o.Optimizer}
	add := func(name string, v, silent float64) {
		if v != silent {
			words = append(words, fmt.Sprintf("%s %v", name, v))
		}
	}
	flag := func(name string, set bool) {
		if set {
			words = append(words, name)
		}
	}
	add("momentum", o.Momentum, 0)
	flag("nesterov", o.Nesterov)
	if o.Optimizer == "adamw" {
		words = append(words, fmt.Sprintf("betas %v and %v", o.Beta1, o.Beta2), fmt.Sprintf("eps %v", o.Eps))
	}
	add("weight decay", o.WeightDecay, 0)
	flag("of weights only", o.DecayWeightsOnly)
	add("label smoothing", o.LabelSmoothing, 0)
	add("dropout", o.Dropout, 0)
	add("stochastic depth", o.StochasticDepth, 0)
	add("gradients clipped to", o.ClipNorm, 0)
	add("batch norm momentum", o.BatchNormMomentum, 0.1)
	flag("fast convolutions", fast)
	return strings.Join(words, ", ")
}
