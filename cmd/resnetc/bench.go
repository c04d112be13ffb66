package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/progress"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/roofline"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/tune"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "time a network against other engines",
		ArgsUsage: "MODEL",
		Description: `-vs names what to compare with:
  untuned      the same without -tune
  f16          the same with -weights-dtype f16
  reference    im2col and gonum's matrix multiplication, batch norms folded
  onnxruntime, openvino, pytorch, ncnn, mnn    where they are installed, see
               cmd/resnetc/peers/setup.sh in resnetc's source
  peers        all of these that are installed
  none         nothing

All get the same weights and images.  What they compute is compared first; then they
take turns of one run to warm up and 5 that are timed, or more if they are short, until
each has -count and -time is over.  The
table shows the fastest and the median run.  Without -weights the parameters are
made up: the speed does not depend on them.  For each -batch algorithms are chosen
anew, unless -for-batch says for what.  Beside that stand the time from the start
of each engine's process to its first result, and the most memory that it has held.

-mode train times whole steps of training, forward, backward and update, of the
package that compile -mode train writes; -vs takes pytorch, fast, which is the same
with -fast, or none then.  Both begin
with the same parameters and take the same batches; the losses of the first three
steps are compared.  -memory limits what a step of the largest -batch takes.

-layers shows where the time goes, and how near each layer comes to its bound: the
larger of its algorithm's multiply-adds at the speed of the fastest kernel, and
its weights and activations at the speed of reading memory.  A layer whose
activations are still in a cache may pass it.  -svg and -png draw it.

examples:
  resnetc bench resnet18
  resnetc bench resnet50 -vs peers -batch 1,8 -threads 1,2 -json resnet50.json
  resnetc bench resnet50 -vs none -threads 2 -layers -svg resnet50.svg
  resnetc bench resnet50 -vs untuned,onnxruntime,ncnn -threads 2 -tune resnet50.tune
  resnetc bench resnet20_cifar -batch 1,128 -count 100
  resnetc bench resnet20_cifar -mode train -vs pytorch -batch 128 -threads 2
  resnetc bench resnet110_cifar -mode train -batch 128 -threads 2 -memory 300MiB`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "mode", Value: modeInfer, Usage: "time runs of the network or steps of its training: `MODE` infer or train"},
			&cli.StringFlag{Name: "batch", Value: "1", Usage: "images in a run, a `LIST`"},
			&cli.StringFlag{Name: "threads", Value: "1", Usage: "threads, a `LIST`"},
			&cli.IntFlag{Name: "count", Value: 10, Usage: "time `N` runs of each engine"},
			&cli.DurationFlag{Name: "time", Usage: "go on after that until all together took `DURATION`, for instance 20s"},
			&cli.StringFlag{Name: "vs", Value: "reference", Usage: "compare with `LIST`: reference, untuned, f16, fast, onnxruntime, openvino, pytorch, ncnn, mnn, peers or none"},
			&cli.BoolFlag{Name: "layers", Usage: "show each layer's time and bound"},
			&cli.StringFlag{Name: "kernels", Usage: "use the kernels of `LEVEL`: purego, neon, avx2, avx512 (default: the best)"},
			&cli.StringFlag{Name: "json", Usage: "write all figures to `FILE` as well"},
			&cli.StringFlag{Name: "svg", Usage: "draw each layer's time and bound into `FILE`"},
			&cli.StringFlag{Name: "png", Usage: "the same as a picture"},
		}, modelFlags(), packageFlags("each -batch"), updateFlags()),
		Action: bench,
	}
}

func bench(ctx context.Context, c *cli.Command) (err error) {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	mode, err := benchMode(c)
	if err != nil {
		return err
	}
	configs, err := benchConfigs(c)
	if err != nil {
		return err
	}
	for _, f := range figureFiles {
		if path := c.String(f.flag); path != "" {
			if err := probe(path); err != nil {
				return err
			}
		}
	}
	v, err := versus(ctx, c, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	if mode == modeTrain {
		return benchTrain(ctx, c, v, args[0], configs)
	}
	net, err := loadNetwork(c, args[0], formulaElse)
	if err != nil {
		return err
	}
	contests, err := newContests(ctx, c, v, net, configs)
	defer func() { err = errors.Join(err, contests.close()) }()
	if err != nil {
		return err
	}
	results, err := measureAll(c, configs, func(config measure.Config, step func()) (measure.Result, error) {
		return contests.measure(ctx, config, step)
	})
	if err != nil {
		return err
	}
	return report(c, fmt.Sprintf("%s, %.2f GFLOP an image, parameters: %s", net.graph.Name, 2e-9*float64(net.graph.MACs()), net.params), results)
}

// measureAll measures every configuration, and shows how far it is.
func measureAll(c *cli.Command, configs []measure.Config, one func(measure.Config, func()) (measure.Result, error)) ([]measure.Result, error) {
	var results []measure.Result
	bar := progress.New(stderr(c), len(configs)*measure.Steps, 0)
	defer bar.Close()
	for i, config := range configs {
		if !bar.Terminal() {
			fmt.Fprintf(stderr(c), "[%d/%d] %s\n", i+1, len(configs), config)
		}
		r, err := one(config, func() { bar.Step(config.String()) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", config, err)
		}
		r.CPU, r.Resnetc, r.Command = tune.CPU(), version(), typed()
		results = append(results, r)
	}
	return results, nil
}

// report writes what was measured where the command line says.  Where that fails
// the rest is written nevertheless: it took long to measure.
func report(c *cli.Command, title string, results []measure.Result) error {
	return errors.Join(writeTables(c, title, results), writeFigures(c, results))
}

func writeTables(c *cli.Command, title string, results []measure.Result) error {
	fmt.Fprintf(stdout(c), "%s\n\n", title)
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

// figureFiles are the flags that name files, and what is written to them.
var figureFiles = []struct {
	flag  string
	write func(io.Writer, []measure.Result) error
}{
	{"json", func(w io.Writer, results []measure.Result) error { return writeJSON(w, results) }},
	{"svg", func(w io.Writer, results []measure.Result) error { return roofline.Draw(w, "svg", results) }},
	{"png", func(w io.Writer, results []measure.Result) error { return roofline.Draw(w, "png", results) }},
}

// writeFigures writes the files that the command line asks for.
func writeFigures(c *cli.Command, results []measure.Result) (err error) {
	for _, f := range figureFiles {
		if path := c.String(f.flag); path != "" {
			err = errors.Join(err, writeTo(c, path, func(w io.Writer) error { return f.write(w, results) }))
		}
	}
	return err
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
	// More could only wait for each other: generated packages do not start them.
	if most := runtime.GOMAXPROCS(0); slices.Max(threads) > most {
		fmt.Fprintf(stderr(c), "note: -threads %s: this machine runs %d at the same time, more are left out\n", c.String("threads"), most)
		for i := range threads {
			threads[i] = min(threads[i], most)
		}
		slices.Sort(threads)
		threads = slices.Compact(threads)
	}
	if c.Int("count") < 1 {
		return nil, usagef("-count %d: want at least 1", c.Int("count"))
	}
	if c.Duration("time") < 0 {
		return nil, usagef("-time %s: want a time that is not negative", c.Duration("time"))
	}
	if level := c.String("kernels"); level != "" {
		if err := oneOf("kernels", level, kernelLevels); err != nil {
			return nil, err
		}
	}
	var configs []measure.Config
	for _, t := range threads {
		for _, b := range batches {
			configs = append(configs, measure.Config{Batch: b, Threads: t, Count: c.Int("count"), Time: c.Duration("time"), Kernels: c.String("kernels")})
		}
	}
	return configs, nil
}
