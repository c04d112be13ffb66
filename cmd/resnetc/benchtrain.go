package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
	"github.com/resnetc/resnetc/cmd/resnetc/peers"
	"github.com/resnetc/resnetc/ir"
)

// updateFlags are the recipeFlags that other engines have as well, and those that
// change how a step is computed, not what.
func updateFlags() []cli.Flag {
	return slices.DeleteFunc(recipeFlags(), func(f cli.Flag) bool {
		return !slices.Contains([]string{"optimizer", "momentum", "nesterov", "weight-decay", "fast", "memory"}, f.Names()[0])
	})
}

// benchMode reads -mode and what goes with it.
func benchMode(c *cli.Command) (string, error) {
	mode, err := readMode(c, updateFlags(), "for-batch")
	if err != nil || mode == modeInfer {
		return mode, err
	}
	if !c.IsSet("vs") {
		if err := c.Set("vs", "none"); err != nil {
			return "", err
		}
	}
	return mode, nil
}

// updateOf is what the engines are asked to do with gradients.
func updateOf(c *cli.Command) (u peers.Update, err error) {
	o, err := recipe(c)
	return peers.Update{Optimizer: o.Optimizer, Rate: measure.Rate, Momentum: o.Momentum, Nesterov: o.Nesterov, Decay: o.WeightDecay}, err
}

// parameters are copies of the graph's.
func parameters(g *ir.Graph) (list []measure.Parameter) {
	for _, p := range g.Params {
		list = append(list, measure.Parameter{Name: p.Name, Data: slices.Clone(p.Data)})
	}
	return list
}

// benchTrain measures steps of training.
func benchTrain(ctx context.Context, c *cli.Command, v *opposition, name string, configs []measure.Config) (err error) {
	if v.update, err = updateOf(c); err != nil {
		return err
	}
	net, err := loadNetwork(c, name, formulaElse)
	if err != nil {
		return err
	}
	if !c.IsSet("weights") && !c.IsSet("params") {
		net.fill("") // trained ones would take large steps on noise
	}
	opponents, err := v.opponents(ctx, c, net)
	if err != nil {
		return err
	}
	given := parameters(net.graph)
	p, err := net.buildTrainer(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	results, err := measureAll(c, configs, func(config measure.Config, step func()) (measure.Result, error) {
		config.Versus = opponents
		return measure.RunTraining(ctx, net.graph, p, given, config, step)
	})
	if err != nil {
		return err
	}
	title := fmt.Sprintf("training of %s, %.2f GFLOP an image and step, parameters: %s", net.graph.Name, 2e-9*float64(net.graph.MACs()), net.params)
	if limit := c.String("memory"); limit != "" {
		title += ", within " + limit
	}
	return report(c, title, results)
}

// buildTrainer compiles the network's training step to a program that takes steps.
func (net *network) buildTrainer(ctx context.Context, c *cli.Command) (*driver.Program, error) {
	bar := newBar(c, trainSteps()+1)
	defer bar.Close()
	files, err := net.generateTrain(ctx, c, "model", false, bar)
	if err != nil {
		return nil, err
	}
	bar.Step("go build")
	return driver.Build(ctx, driver.BuildOptions{Write: files.Write, Sources: driver.StepSources()})
}
