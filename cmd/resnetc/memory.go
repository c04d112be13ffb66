package main

import (
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
)

func memoryFlag() cli.Flag {
	return &cli.StringFlag{Name: "memory", Usage: "keep all memory of a step within `SIZE`, for instance 2GiB, and compute again what does not fit"}
}

// byteUnits are the units of sizes.
var byteUnits = []struct {
	name string
	size float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

// parseBytes reads a size such as 800MiB.
func parseBytes(text string) (int64, error) {
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if x *= u.size; err == nil && x >= 1 && x < math.MaxInt64 {
			return int64(x), nil
		}
		break
	}
	return 0, usagef("-memory %s: want a size above 0, such as 800MiB or 2GiB", text)
}

// limitMemory reads -memory and how many images it is for: a trainer's -batch,
// the largest of bench, or what compile is told by -for-batch.  The graph is that
// of a training step.
func limitMemory(c *cli.Command, g *ir.Graph, o *passes.Options) (err error) {
	text := c.String("memory")
	if text == "" {
		return nil
	}
	if o.Memory, err = parseBytes(text); err != nil {
		return err
	}
	o.Batch = c.Int("for-batch")
	if c.String("batch") != "" {
		batches, err := numbers(c, "batch")
		if err != nil {
			return err
		}
		o.Batch = slices.Max(batches)
	} else if !c.IsSet("for-batch") {
		return usagef("-memory %s: say with -for-batch for how many images a step", text)
	}
	if o.Batch < 1 {
		return usagef("-memory %s: want batches of at least 1 image", text)
	}
	stored := g.Clone()
	if err := passes.Run(stored, passes.Options{Fast: o.Fast, StopAfter: "layout"}); err != nil {
		return err
	}
	if o.FixedMemory, err = codegen.TrainMemory(stored, o.Batch); err != nil {
		return err
	}
	for _, flag := range []string{"data", "val"} {
		if path := c.String(flag); path != "" {
			o.FixedMemory += heldData(path)
		}
	}
	return nil
}

// heldData is how many bytes of a data set a trainer holds: all of CIFAR-10's and
// MNIST's files, and of a folder or zip of pictures nothing worth counting, as it
// reads these when it needs them.
func heldData(path string) (size int64) {
	filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // who opens the data will say it
		}
		if ext := filepath.Ext(path); ext == ".bin" || strings.HasSuffix(path, "-ubyte") {
			if info, err := e.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return size
}
