package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver/wire"
)

// kernelLevels are the values of -kernels.
var kernelLevels = []string{"purego", "neon", "avx2", "avx512"}

func runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "compile a network, build it and run it on pictures or arrays",
		ArgsUsage: "MODEL [PICTURE...]",
		Description: `The network is compiled to a package in a temporary folder and built with the go
command, offline.  For each picture (JPEG, PNG or GIF) run prints the most probable
classes and the times of preprocessing and inference.

-input takes images as numbers in place of pictures: a .npy file with float32
N,C,H,W in C order, already normalized.  -output and -features get float32
N,classes and N,features.

examples:
  resnetc run resnet20_cifar zoo/testdata/cifar10/*.png
  resnetc run resnet50 -weights resnet50.safetensors cat.jpg dog.png
  resnetc run resnet20_cifar -weights resnet20.th -input in.npy -output out.npy
  resnetc run resnet18 -params formula -input in.npy -features f.npy -kernels purego`,
		Flags: append(append([]cli.Flag{
			&cli.IntFlag{Name: "top", Value: 5, Usage: "print the `K` most probable classes"},
			&cli.IntFlag{Name: "threads", Usage: "run on `N` threads (default: all CPUs)"},
			&cli.StringFlag{Name: "kernels", Usage: "use the kernels of `LEVEL`: purego, neon, avx2, avx512 (default: the best)"},
			&cli.BoolFlag{Name: "json", Usage: "write JSON"},
			&cli.StringFlag{Name: "input", Usage: "read images from `FILE.npy`"},
			&cli.StringFlag{Name: "output", Usage: "write logits to `FILE.npy`"},
			&cli.StringFlag{Name: "features", Usage: "write features to `FILE.npy`"},
			&cli.StringFlag{Name: "keep", Usage: "build in `DIR`, which must be new or empty, and keep it"},
		}, modelFlags()...), packageFlags("1")...),
		Action: runNetwork,
	}
}

// checkRun finds what is wrong with the command line before anything is built.
func checkRun(c *cli.Command, pictures []string) error {
	arrays := c.IsSet("input")
	switch {
	case !arrays && len(pictures) == 0:
		return usagef("run needs pictures, or -input FILE.npy (see resnetc help run)")
	case arrays && len(pictures) > 0:
		return usagef("run takes pictures or -input, not both")
	case arrays && !c.IsSet("output") && !c.IsSet("features"):
		return usagef("-input needs -output or -features to write to")
	case !arrays && (c.IsSet("output") || c.IsSet("features")):
		return usagef("-output and -features go with -input")
	case c.Int("top") < 1:
		return usagef("-top %d: want at least 1", c.Int("top"))
	case c.IsSet("threads") && c.Int("threads") < 1:
		return usagef("-threads %d: want at least 1", c.Int("threads"))
	}
	if level := c.String("kernels"); level != "" {
		if err := oneOf("kernels", level, kernelLevels); err != nil {
			return err
		}
	}
	for _, p := range pictures {
		if _, err := os.Stat(p); err != nil {
			return err
		}
	}
	return nil
}

func runNetwork(ctx context.Context, c *cli.Command) (err error) {
	args, err := arguments(c, 1, -1)
	if err != nil {
		return err
	}
	pictures := args[1:]
	if err := checkRun(c, pictures); err != nil {
		return err
	}
	net, err := loadNetwork(c, args[0], needParams)
	if err != nil {
		return err
	}
	var in batch
	if c.IsSet("input") {
		if in, err = readBatch(c.String("input"), net.graph); err != nil {
			return err
		}
	}
	p, err := net.buildProgram(ctx, c, c.String("keep"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	s, err := p.Start(ctx, driver.StartOptions{Threads: c.Int("threads"), Kernels: c.String("kernels")})
	if err != nil {
		return err
	}
	defer s.Close()
	if c.IsSet("input") {
		return runArrays(c, s, in)
	}
	return runPictures(c, p, s, pictures)
}

// pictureReport is what run says about one picture.
type pictureReport struct {
	Picture     string            `json:"picture"`
	Predictions []wire.Prediction `json:"predictions"`
	Preprocess  float64           `json:"preprocess_ms"`
	Inference   float64           `json:"inference_ms"`
}

// runReport is what run says.
type runReport struct {
	Network  string          `json:"network"`
	Kernels  string          `json:"kernels"`
	Compile  float64         `json:"compile_ms"`
	Build    float64         `json:"build_ms"`
	New      float64         `json:"new_ms"`
	Pictures []pictureReport `json:"pictures"`
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func runPictures(c *cli.Command, p *built, s *driver.Session, pictures []string) error {
	r := runReport{
		Network: s.Network.Name, Kernels: s.Network.Kernels,
		Compile: millis(p.compile), Build: millis(p.build), New: millis(s.Network.New),
	}
	for _, path := range pictures {
		predictions, t, err := s.Classify(path, c.Int("top"), true)
		if err != nil {
			return err
		}
		r.Pictures = append(r.Pictures, pictureReport{path, predictions, millis(t.Preprocess), millis(t.Inference)})
	}
	if c.Bool("json") {
		return writeJSON(stdout(c), r)
	}
	return writeRun(stdout(c), r)
}

func writeRun(w io.Writer, r runReport) error {
	if _, err := fmt.Fprintf(w, "%s: compiled in %.2f s, built in %.1f s; New %.1f ms, %s kernels\n",
		r.Network, r.Compile/1e3, r.Build/1e3, r.New, r.Kernels); err != nil {
		return err
	}
	for _, p := range r.Pictures {
		fmt.Fprintf(w, "\n%s: preprocessing %.2f ms, inference %.2f ms\n", p.Picture, p.Preprocess, p.Inference)
		for _, q := range p.Predictions {
			label := q.Label
			if label == "" {
				label = "class"
			}
			if _, err := fmt.Fprintf(w, "  %6.2f %%  %s (%d)\n", 100*q.Probability, label, q.Class); err != nil {
				return err
			}
		}
	}
	return nil
}
