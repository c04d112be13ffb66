package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir/nearest"
	"github.com/resnetc/resnetc/zoo"
)

// modelFlags choose a network and its parameters; every command that runs a
// MODEL has them.
func modelFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "weights", Usage: "read parameters from `FILE`: safetensors, PyTorch .pth/.pt/.th"},
		&cli.StringFlag{Name: "params", Usage: "make parameters up by `RULE`: formula, a fixed function of their names"},
		&cli.StringFlag{Name: "salt", Usage: "vary the formula by `TEXT`"},
	}, architectureFlags(), []cli.Flag{
		&cli.BoolFlag{Name: "exact", Usage: "no algorithm that rounds more than a plain sum of products"},
	})
}

// architectureFlags vary a network of the zoo.
func architectureFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "classes", Usage: "`N` classes instead of the model's default"},
		&cli.StringFlag{Name: "input-size", Usage: "height and width in pixels, `N` or HxW"},
		&cli.BoolFlag{Name: "stride-on-1x1", Usage: "put a bottleneck's stride on its first 1x1, as the paper does"},
	}
}

// dtypeFlag chooses how weights are stored.
func dtypeFlag() cli.Flag {
	return &cli.StringFlag{Name: "weights-dtype", Value: "f32", Usage: "store weights as `TYPE`: f32, or f16, IEEE binary16, half the size"}
}

// batchFlag says what runs will be like; otherwise is what they are without it.
func batchFlag(otherwise string) cli.Flag {
	return &cli.IntFlag{Name: "for-batch", Usage: "choose algorithms for runs of `N` images (default " + otherwise + ")"}
}

// tuneFlag names what tune wrote.
func tuneFlag() cli.Flag {
	return &cli.StringFlag{Name: "tune", Usage: "compute convolutions as `FILE` says, which resnetc tune wrote"}
}

// halfWeights reads -weights-dtype; commands without the flag have float32.
func halfWeights(c *cli.Command) (bool, error) {
	dtype := cmp.Or(c.String("weights-dtype"), "f32")
	return dtype == "f16", oneOf("weights-dtype", dtype, []string{"f32", "f16"})
}

// packageFlags choose what is compiled into a package, for runs of so many images
// unless one of them says otherwise.
func packageFlags(forBatch string) []cli.Flag {
	return append([]cli.Flag{
		dtypeFlag(),
		batchFlag(forBatch),
		tuneFlag(),
		targetFlag(),
		&cli.BoolFlag{Name: "embed", Usage: "embed the weights in the binary (the default up to 16 MiB)"},
		&cli.BoolFlag{Name: "file", Usage: "keep the weights in a file, which the program opens"},
		&cli.StringFlag{Name: "labels", Usage: "names of the classes: `FILE` with one a line"},
	}, preprocessFlags()...)
}

// targetFlag leaves kernels out.
func targetFlag() cli.Flag {
	return &cli.StringFlag{Name: "target", Usage: "write kernels of `LIST` only: " + strings.Join(codegen.Targets(), ",")}
}

// preprocessFlags say how pictures become input.
func preprocessFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "mean", Usage: "mean of the training images' channels, `R,G,B` in 0 to 1"},
		&cli.StringFlag{Name: "std", Usage: "standard deviation of the channels, `R,G,B` in 0 to 1"},
		&cli.IntFlag{Name: "resize", Usage: "resize pictures so that the shorter side has `N` pixels; 0 for not at all"},
		&cli.IntFlag{Name: "crop", Usage: "cut a square of `N` pixels out of the middle; 0 to resize to the input exactly"},
	}
}

// zooOptions reads the flags that vary an architecture.
func zooOptions(c *cli.Command) (zoo.Options, error) {
	o := zoo.Options{Classes: c.Int("classes"), StrideOn1x1: c.Bool("stride-on-1x1")}
	if c.IsSet("classes") && o.Classes < 1 {
		return o, usagef("-classes %d: want at least 1", o.Classes)
	}
	if s := c.String("input-size"); s != "" {
		h, w, ok := strings.Cut(s, "x")
		if !ok {
			w = h
		}
		var errH, errW error
		o.InputSize[0], errH = strconv.Atoi(h)
		o.InputSize[1], errW = strconv.Atoi(w)
		if errH != nil || errW != nil || min(o.InputSize[0], o.InputSize[1]) < 1 {
			return o, usagef("-input-size %q: want a number of pixels, N or HxW, for instance 224 or 240x320", s)
		}
	}
	return o, nil
}

// oneOf checks a value against the ones there are.
func oneOf(flag, value string, values []string) error {
	for _, v := range values {
		if v == value {
			return nil
		}
	}
	return usagef("-%s %q: want %s%s", flag, value, strings.Join(values, ", "), nearest.Suggestion(value, values))
}

// targets reads -target.
func targets(c *cli.Command) ([]string, error) {
	s := c.String("target")
	if s == "" {
		return nil, nil
	}
	list := strings.Split(s, ",")
	for _, t := range list {
		if err := oneOf("target", t, codegen.Targets()); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// channels reads three numbers.
func channels(c *cli.Command, flag string) (v [3]float32, err error) {
	s := c.String(flag)
	parts := strings.Split(s, ",")
	if len(parts) != 3 {
		return v, usagef("-%s %q: want three numbers, for instance 0.485,0.456,0.406", flag, s)
	}
	for i, p := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(p), 32)
		if err != nil || f != f || flag == "std" && f <= 0 {
			return v, usagef("-%s %q: %q is not a fitting number", flag, s, p)
		}
		v[i] = float32(f)
	}
	return v, nil
}

// numbers reads a list of positive numbers.
func numbers(c *cli.Command, flag string) ([]int, error) {
	var list []int
	for p := range strings.SplitSeq(c.String(flag), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil || n < 1 {
			return nil, usagef("-%s %q: want positive numbers separated by commas", flag, c.String(flag))
		}
		list = append(list, n)
	}
	return list, nil
}

// plural is "1 file", "2 files".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
