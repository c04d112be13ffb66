package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo/weights"
)

const (
	// responseBudget is the number of multiply-adds up to which a network
	// gets more test pictures, some seconds of the interpreter's work.
	responseBudget = 2_000_000_000
	mostResponses  = 64
	leastResponses = 4
)

// responseImages gives test pictures, as the networks see them.
func responseImages(ctx context.Context, c *cli.Command, t *runtime.TrainCommand, trials []*trial) ([]float32, error) {
	p := trials[0].net.preprocess
	if err := changePreprocess(c, &p); err != nil {
		return nil, err
	}
	data, err := openTestData(t)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	s := trials[0].net.graph.Inputs[0].Type.Shape
	var images []float32
	full := errors.New("enough")
	err = data.Batches(ctx, [3]int{s[1], s[2], s[3]}, p, mostResponses, func(batch []float32, _ []int32) error {
		images = slices.Clone(batch)
		return full
	})
	if errors.Is(err, full) {
		err = nil
	}
	return images, err
}

// openTestData opens what the trainers test with.
func openTestData(t *runtime.TrainCommand) (*runtime.Dataset, error) {
	o := runtime.PictureOptions{SkipCorrupt: t.SkipCorrupt}
	if t.Val != "" {
		return runtime.OpenTestDataset(t.Val, o)
	}
	data, err := runtime.OpenDataset(t.Data, "test", o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; the experiment compares errors on pictures that no network has learned from: name some with -val", err)
	}
	return data, err
}

// measureResponses computes the standard deviation of each 3x3 convolution's
// responses over pictures, positions and channels: of what leaves its batch norm,
// before ReLU and addition (arXiv 1512.03385, figure 7).
func (x *trial) measureResponses(ctx context.Context, images []float32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := x.net.graph
	path := filepath.Join(x.dir, "final.safetensors")
	tensors, err := weights.Load(path)
	if err != nil {
		return err
	}
	if err := weights.Bind(g, tensors, path); err != nil {
		return err
	}
	each := g.Inputs[0].Type.Shape.Elems()
	n := min(max(responseBudget/g.MACs(), leastResponses), len(images)/each)
	in, err := interp.FromFloat32(append(ir.Shape{n}, g.Inputs[0].Type.Shape[1:]...), images[:n*each])
	if err != nil {
		return err
	}
	out, err := interp.Run(g, map[string]*interp.Tensor{g.Inputs[0].Name: in}, interp.KeepAll())
	if err != nil {
		return err
	}
	x.responses = nil
	for _, n := range g.Nodes {
		if n.Op != ir.BatchNorm {
			continue
		}
		conv := n.In("input").Def
		if conv == nil || conv.Op != ir.Conv2D || !slices.Equal(conv.In("weight").Type.Shape[2:], ir.Shape{3, 3}) {
			continue
		}
		x.responses = append(x.responses, deviation(out[n.Out().Name].Data))
	}
	return nil
}

// deviation is the standard deviation of values.
func deviation(values []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(values)))
}
