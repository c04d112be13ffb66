package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/progress"
	"github.com/resnetc/resnetc/runtime"
)

func evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "tell how well a network does on labelled pictures",
		ArgsUsage: "MODEL",
		Description: `The network is compiled for inference, in a temporary folder, and classifies every
picture.  eval prints the accuracy (top-5 too, of more than 10 classes), the mean
cross-entropy, and for each class how many pictures were right and what the others were
taken for.

-data names a folder with CIFAR-10's binary files or MNIST's, or a folder or zip file
with test/CLASS/*.jpg or just CLASS/*.jpg.

examples:
  resnetc eval resnet20_cifar -data cifar-10-batches-bin
  resnetc eval resnet20_cifar -weights run/best.safetensors -data cifar-10-batches-bin -confusion
  resnetc eval resnet50 -weights resnet50.safetensors -data imagenet-val -batch 8 -json`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "labelled pictures in `PATH`"},
			&cli.StringFlag{Name: "split", Value: "test", Usage: "`PART` of the data: test or train"},
			&cli.IntFlag{Name: "subset", Usage: "the first `N` pictures of each class only"},
			&cli.BoolFlag{Name: "skip-corrupt", Usage: "leave pictures out that cannot be read, instead of stopping"},
			&cli.IntFlag{Name: "batch", Value: 32, Usage: "classify `N` pictures at once"},
			&cli.IntFlag{Name: "threads", Usage: "run on `N` threads (default: all CPUs)"},
			&cli.StringFlag{Name: "kernels", Usage: "use the kernels of `LEVEL`: purego, neon, avx2, avx512 (default: the best)"},
			&cli.BoolFlag{Name: "confusion", Usage: "print how often each class was taken for which"},
			&cli.BoolFlag{Name: "json", Usage: "write JSON"},
		}, modelFlags(), packageFlags("1")),
		Action: eval,
	}
}

// checkEval finds what is wrong with the command line before anything is built.
func checkEval(c *cli.Command) error {
	switch {
	case c.String("data") == "":
		return usagef("eval needs pictures with -data PATH (see resnetc help eval)")
	case c.Int("batch") < 1:
		return usagef("-batch %d: want at least 1", c.Int("batch"))
	case c.Int("subset") < 0 || c.Int("threads") < 0:
		return usagef("-subset and -threads want a number above 0")
	case c.Bool("json") && c.Bool("confusion"):
		return usagef("-confusion is part of -json")
	}
	if level := c.String("kernels"); level != "" {
		if err := oneOf("kernels", level, kernelLevels); err != nil {
			return err
		}
	}
	return oneOf("split", c.String("split"), []string{"test", "train"})
}

func eval(ctx context.Context, c *cli.Command) (err error) {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	if err := checkEval(c); err != nil {
		return err
	}
	net, err := loadNetwork(c, args[0], needParams)
	if err != nil {
		return err
	}
	options, err := net.codegenOptions(c)
	if err != nil {
		return err
	}
	data, err := openEvalData(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	if classes := net.graph.Outputs[0].Type.Shape.Elems(); data.Classes() != classes {
		return fmt.Errorf("%s has %d classes, %s %d: both need the same", data.Name(), data.Classes(), net.graph.Name, classes)
	}
	p, err := net.buildProgram(ctx, c, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	s, err := p.Start(ctx, driver.StartOptions{Threads: c.Int("threads"), Kernels: c.String("kernels")})
	if err != nil {
		return err
	}
	defer s.Close()
	names := data.ClassNames()
	if names == nil {
		names = options.Labels
	}
	score := newScore(net.graph.Name, net.params, s.Network.Kernels, s.Network.Classes, names)
	if err := evaluate(ctx, c, s, data, options.Preprocess, score); err != nil {
		return err
	}
	if c.Bool("json") {
		return writeJSON(stdout(c), score)
	}
	return score.write(stdout(c), c.Bool("confusion"))
}

// openEvalData opens the part of the data that the command line names.
func openEvalData(c *cli.Command) (*runtime.Dataset, error) {
	path, split := c.String("data"), c.String("split")
	o := runtime.PictureOptions{
		SkipCorrupt: c.Bool("skip-corrupt"),
		Warn:        func(err error) { fmt.Fprintf(stderr(c), "skipped: %v\n", err) },
	}
	var data *runtime.Dataset
	var err error
	if split == "test" {
		data, err = runtime.OpenTestDataset(path, o)
	} else {
		data, err = runtime.OpenDataset(path, split, o)
	}
	if err != nil {
		return nil, err
	}
	if n := c.Int("subset"); n > 0 {
		data = data.Head(n)
	}
	return data, nil
}

// evaluate classifies all pictures.
func evaluate(ctx context.Context, c *cli.Command, s *driver.Session, data *runtime.Dataset, p runtime.Preprocess, score *score) error {
	size := c.Int("batch")
	bar := progress.New(stderr(c), (data.Len()+size-1)/size, 0)
	defer bar.Close()
	err := data.Batches(ctx, s.Network.InputShape, p, size, func(images []float32, labels []int32) error {
		bar.Step("classify")
		logits, err := s.Run(images, size)
		if err != nil {
			return err
		}
		for i, label := range labels {
			score.add(logits.Data[i*score.Classes:][:score.Classes], int(label))
		}
		return nil
	})
	if errors.Is(err, runtime.ErrInterrupted) {
		return context.Cause(ctx)
	}
	return err
}
