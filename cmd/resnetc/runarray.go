package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/npy"
	"github.com/resnetc/resnetc/ir"
)

// chunk is how many images run gives the network at once, so that any number of
// them fits into memory.
const chunk = 8

// batch is images as numbers.
type batch struct {
	npy.Array
	each int // elements of one image
}

// readBatch reads images for the network.
func readBatch(path string, g *ir.Graph) (batch, error) {
	a, err := npy.ReadFile(path)
	if err != nil {
		return batch{}, err
	}
	want := g.Inputs[0].Type.Shape
	if len(a.Shape) != len(want) || !slices.Equal(a.Shape[1:], []int(want[1:])) || a.Shape[0] < 1 {
		return batch{}, fmt.Errorf("%s: shape is %v, but %s takes [%v] with at least one image", path, a.Shape, g.Name, want)
	}
	return batch{a, want.Elems()}, nil
}

// runArrays writes the logits and features of the images to the files that the
// command line names.
func runArrays(c *cli.Command, s *driver.Session, in batch) error {
	for _, out := range []struct {
		flag  string
		width int
		run   runner
	}{
		{"output", s.Network.Classes, s.Run},
		{"features", s.Network.Features, s.Embed},
	} {
		path := c.String(out.flag)
		if path == "" {
			continue
		}
		if out.width == 0 {
			return fmt.Errorf("-%s: %s has no second output", out.flag, s.Network.Name)
		}
		values, err := runChunks(in, out.run)
		if err != nil {
			return err
		}
		a := npy.Array{Shape: []int{in.Shape[0], out.width}, Data: values}
		if err := writeTo(c, path, func(w io.Writer) error { return npy.Write(w, a) }); err != nil {
			return err
		}
		fmt.Fprintf(stdout(c), "%s: %d x %d float32\n", path, in.Shape[0], out.width)
	}
	return nil
}

// runner is [driver.Session.Run] or Embed.
type runner func(images []float32, batch int) (driver.Values, error)

func runChunks(in batch, run runner) ([]float32, error) {
	room := min(chunk, in.Shape[0])
	var values []float32
	for images := range slices.Chunk(in.Data, room*in.each) {
		v, err := run(images, room)
		if err != nil {
			return nil, err
		}
		values = append(values, v.Data...)
	}
	return values, nil
}
