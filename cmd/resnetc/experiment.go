package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
)

// experiments are the arguments of the command.
var experiments = []string{"degradation"}

func experimentCommand() *cli.Command {
	return &cli.Command{
		Name:      "experiment",
		Usage:     "repeat an experiment of the paper",
		ArgsUsage: "degradation",
		Description: `degradation trains plain and residual networks of the same depths, one after the other,
with the recipe of He, Zhang, Ren and Sun, "Deep Residual Learning for Image
Recognition" (arXiv 1512.03385), section 4.2: plain networks get worse with depth,
residual ones better.  In the folder -o it makes a run for each network, as resnetc
train does, and

  figure6.svg, .png   training and test error against iterations, as the paper's figure 6
  figure7.svg, .png   standard deviations of layer responses, as its figure 7
  degradation.md      the figures, and a table of the errors

The same command goes on where it was interrupted.  The paper takes 164 epochs; with
fewer, the rate falls earlier in proportion, after half and three quarters of them.

examples:
  resnetc experiment degradation -data cifar-10-batches-bin -epochs 20 -o degradation
  resnetc experiment degradation -data cifar-10-batches-bin -depths 20,56 -subset 500 -epochs 10 -o small`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "depths", Value: "20,32,44,56", Usage: "`LIST` of depths"},
		}, trainFlags(), architectureFlags(), recipeFlags(), []cli.Flag{targetFlag()}, preprocessFlags()),
		Action: experiment,
	}
}

// trial is a network of the experiment, trained.
type trial struct {
	name, dir string
	depth     int
	residual  bool
	net       *network
	rows      []runtime.Metric
	// responses are the standard deviations of the 3x3 convolutions' responses.
	responses []float64
}

// title is the network's name in figures, as the paper has it.
func (t *trial) title() string {
	if t.residual {
		return fmt.Sprintf("ResNet-%d", t.depth)
	}
	return fmt.Sprintf("plain-%d", t.depth)
}

func experiment(ctx context.Context, c *cli.Command) error {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	if !slices.Contains(experiments, args[0]) {
		return usagef("unknown experiment %q, want %s", args[0], experiments[0])
	}
	t, err := trainArguments(c, args[0])
	if err != nil {
		return err
	}
	switch {
	case t.Data == "formula" || t.Val == "none":
		return usagef("experiment needs pictures to learn from, and others to test with")
	case t.Params != "init":
		return usagef("-params: networks of different depths begin with random numbers")
	case !c.IsSet("o"):
		t.Out = args[0]
	}
	if t.Schedule == "" {
		t.Schedule = "multi-step"
	}
	trials, err := newTrials(c, t.Out)
	if err != nil {
		return err
	}
	images, err := responseImages(ctx, c, t, trials)
	if err != nil {
		return err
	}
	for i, x := range trials {
		fmt.Fprintf(stderr(c), "[%d/%d] %s, in %s\n", i+1, len(trials), x.name, x.dir)
		run := *t
		run.Out = x.dir
		if err := trainNetwork(ctx, c, x.name, &run); err != nil {
			return err
		}
		if x.rows, err = runtime.ReadMetrics(x.dir); err != nil {
			return err
		}
	}
	for _, x := range trials {
		fmt.Fprintf(stderr(c), "responses of %s\n", x.name)
		if err := x.measureResponses(ctx, images); err != nil {
			return err
		}
	}
	return writeExperiment(c, t, trials)
}

// newTrials are the networks of the experiment, the plain ones first.
func newTrials(c *cli.Command, dir string) ([]*trial, error) {
	depths, err := numbers(c, "depths")
	if err != nil {
		return nil, err
	}
	slices.Sort(depths)
	var trials []*trial
	for _, kind := range []string{"plain", "resnet"} {
		for _, depth := range slices.Compact(depths) {
			x := &trial{depth: depth, residual: kind == "resnet", name: fmt.Sprintf("%s%d_cifar", kind, depth)}
			x.dir = filepath.Join(dir, x.name)
			if _, err := zoo.Lookup(x.name); err != nil {
				return nil, usagef("-depths %s: %w", c.String("depths"), err)
			}
			if x.net, err = loadGraph(c, x.name); err != nil {
				return nil, err
			}
			trials = append(trials, x)
		}
	}
	if len(trials) == 0 {
		return nil, errors.New("no networks")
	}
	return trials, nil
}
