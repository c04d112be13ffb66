package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/progress"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "time a network against a reference",
		ArgsUsage: "MODEL",
		Description: `The reference runs the same network, with batch norms folded and ReLUs and
additions fused, as im2col and gonum's matrix multiplication.  The results are
compared first; then both run in turn, -count times each, after one run to warm up,
and the table shows the fastest and the median run.  Without -weights the
parameters are made up: the speed does not depend on them.

-layers shows where the time goes, and how near each layer comes to the peak that
fused multiply-adds reach on this machine.

examples:
  resnetc bench resnet18
  resnetc bench resnet50 -batch 1,8 -threads 1,2 -layers
  resnetc bench resnet20_cifar -count 100 -json bench.json`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "batch", Value: "1", Usage: "images in a run, a `LIST`"},
			&cli.StringFlag{Name: "threads", Value: "1", Usage: "threads, a `LIST`"},
			&cli.IntFlag{Name: "count", Value: 10, Usage: "time `N` runs"},
			&cli.BoolFlag{Name: "layers", Usage: "show each layer's time"},
			&cli.StringFlag{Name: "vs", Value: "reference", Usage: "compare with `WHAT`: reference or none"},
			&cli.StringFlag{Name: "kernels", Usage: "use the kernels of `LEVEL`: purego, neon, avx2, avx512 (default: the best)"},
			&cli.StringFlag{Name: "json", Usage: "write the figures to `FILE` as well"},
		}, modelFlags()...), packageFlags()...),
		Action: bench,
	}
}

func bench(ctx context.Context, c *cli.Command) (err error) {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	configs, err := benchConfigs(c)
	if err != nil {
		return err
	}
	net, err := loadNetwork(c, args[0], formulaElse)
	if err != nil {
		return err
	}
	p, err := net.buildProgram(ctx, c, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	var results []measure.Result
	bar := progress.New(stderr(c), len(configs)*measure.Steps(c.Int("count")), 0)
	defer bar.Close()
	for i, config := range configs {
		if !bar.Terminal() {
			fmt.Fprintf(stderr(c), "[%d/%d] %s\n", i+1, len(configs), config)
		}
		r, err := measure.Run(ctx, net.graph, p.Program, config, func() { bar.Step(config.String()) })
		if err != nil {
			return fmt.Errorf("%s: %w", config, err)
		}
		results = append(results, r)
	}
	bar.Close()
	if path := c.String("json"); path != "" {
		if err := writeTo(c, path, func(w io.Writer) error { return writeJSON(w, results) }); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout(c), "%s, %.2f GFLOP an image, parameters: %s\n\n", net.graph.Name, 2e-9*float64(net.graph.MACs()), net.params)
	if err := measure.WriteTable(stdout(c), results); err != nil || !c.Bool("layers") {
		return err
	}
	for _, r := range results {
		if err := measure.WriteLayers(stdout(c), r); err != nil {
			return err
		}
	}
	return nil
}

// benchConfigs is every batch with every number of threads.
func benchConfigs(c *cli.Command) ([]measure.Config, error) {
	batches, err := numbers(c, "batch")
	if err != nil {
		return nil, err
	}
	threads, err := numbers(c, "threads")
	if err != nil {
		return nil, err
	}
	if c.Int("count") < 1 {
		return nil, usagef("-count %d: want at least 1", c.Int("count"))
	}
	if err := oneOf("vs", c.String("vs"), []string{"reference", "none"}); err != nil {
		return nil, err
	}
	if level := c.String("kernels"); level != "" {
		if err := oneOf("kernels", level, kernelLevels); err != nil {
			return nil, err
		}
	}
	var configs []measure.Config
	for _, t := range threads {
		for _, b := range batches {
			configs = append(configs, measure.Config{
				Batch: b, Threads: t, Count: c.Int("count"), Kernels: c.String("kernels"),
				Compare: c.String("vs") == "reference",
			})
		}
	}
	return configs, nil
}
