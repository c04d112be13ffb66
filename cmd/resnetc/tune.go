package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/progress"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/tune"
	"github.com/resnetc/resnetc/passes"
)

func tuneCommand() *cli.Command {
	return &cli.Command{
		Name:      "tune",
		Usage:     "measure how to compute a network fastest on this machine",
		ArgsUsage: "MODEL",
		Description: `For each distinct convolution tune times the algorithms, orders of loops and sizes of
tiles that compute it, as if within the network, and writes a line with the fastest
one to a text file.  compile, run, bench and dump read it with -tune; without one a
cost model decides.  It takes some seconds for each convolution, on a machine that
has nothing else to do.

Each line is written as soon as it is known: a run that was interrupted goes on where
it stopped, and a line that you delete is measured again.  The file says on which
CPU, with which kernels, threads, batch and weights and whether with -exact it was made,
and is refused by a run of tune that would mix it with other figures.

examples:
  resnetc tune resnet50 -o resnet50.tune
  resnetc tune resnet50 -batch 8 -threads 2 -o resnet50-b8.tune
  resnetc compile resnet50 -weights resnet50.safetensors -tune resnet50.tune -o ./resnet50
  resnetc dump resnet50 -tune resnet50.tune`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "o", Usage: "write to `FILE` (default: MODEL.tune)"},
			&cli.IntFlag{Name: "batch", Value: 1, Usage: "images in a run, `N`"},
			&cli.IntFlag{Name: "threads", Usage: "run on `N` threads (default: all CPUs)"},
			dtypeFlag(),
			&cli.StringFlag{Name: "kernels", Usage: "use the kernels of `LEVEL`: purego, neon, avx2, avx512 (default: the best)"},
		}, modelFlags()...),
		Action: tuneNetwork,
	}
}

func tuneNetwork(ctx context.Context, c *cli.Command) (err error) {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	switch {
	case c.Int("batch") < 1:
		return usagef("-batch %d: want at least 1", c.Int("batch"))
	case c.IsSet("threads") && c.Int("threads") < 1:
		return usagef("-threads %d: want at least 1", c.Int("threads"))
	}
	if level := c.String("kernels"); level != "" {
		if err := oneOf("kernels", level, kernelLevels); err != nil {
			return err
		}
	}
	net, err := loadNetwork(c, args[0], noneElse)
	if err != nil {
		return err
	}
	path := c.String("o")
	if path == "" {
		path = packageName(args[0]) + ".tune"
	}
	f, err := tune.ReadFile(path)
	isNew := errors.Is(err, fs.ErrNotExist) || err == nil && f.Empty()
	if err != nil && !isNew {
		return err
	}
	if err := probe(path); err != nil {
		return err
	}
	b, err := tune.Start(ctx, c.Int("threads"), c.String("kernels"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	t, err := tune.New(b, net.graph, passes.Options{Exact: c.Bool("exact"), HalfWeights: net.half, Batch: c.Int("batch")})
	if err != nil {
		return err
	}
	if isNew {
		f = &tune.File{Path: path, Settings: t.Settings}
	} else if err := t.Check(f); err != nil {
		return err
	}
	if err := runTuner(ctx, c, t, f); err != nil {
		return err
	}
	tuned, model, n := t.Sum(f)
	_, err = fmt.Fprintf(stdout(c), "%s: %s, %d different: %.2f ms by the cost model, %.2f ms as tuned (%.2f)\n",
		path, plural(n, "convolution"), len(f.Lines), millis(model), millis(tuned), float64(tuned)/float64(max(1, model)))
	return err
}

// runTuner shows how far the tuner is.
func runTuner(ctx context.Context, c *cli.Command, t *tune.Tuner, f *tune.File) error {
	bar := progress.New(stderr(c), t.Steps(f), 0)
	defer bar.Close()
	report := func(l *tune.Line) error {
		if !bar.Terminal() {
			fmt.Fprintf(stderr(c), "%s: %s %s, %v; by the cost model %s %s, %v\n", l.Key,
				l.Choice.Algorithm, l.Choice.Schedule, l.Time.Round(100*time.Nanosecond),
				l.Model.Algorithm, l.Model.Schedule, l.ModelTime.Round(100*time.Nanosecond))
		}
		return writeTo(c, f.Path, f.Write)
	}
	return t.Run(ctx, f, bar.Step, report)
}
