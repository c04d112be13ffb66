package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/draw"
	"github.com/resnetc/resnetc/ir/nearest"
	"github.com/resnetc/resnetc/passes"
)

func dumpCommand() *cli.Command {
	return &cli.Command{
		Name:      "dump",
		Usage:     "show a network after a pass",
		ArgsUsage: "MODEL",
		Description: `The text form can be compiled again: resnetc dump resnet18 -after none -o my.ir
is the place to start from for a network of your own.  Parameters are declared, and
their values stay in the file of weights.

passes, in order:
` + passList() + `
examples:
  resnetc dump resnet18 -after fold-batchnorm
  resnetc dump resnet50 -format svg -o resnet50.svg
  resnetc dump my.ir -format dot | dot -Tpng -o my.png`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "after", Usage: "stop after this `PASS`; none for before any (default: after all)"},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "write `FORMAT`: text, dot or svg"},
			&cli.StringFlag{Name: "o", Usage: "write to `FILE` instead of standard output"},
			dtypeFlag(),
			batchFlag("1"),
			tuneFlag(),
		}, modelFlags()...),
		Action: dump,
	}
}

func passList() string {
	s := ""
	for _, p := range passes.Table {
		s += "  " + p.Name + "\t" + p.Doc + "\n"
	}
	return s
}

// formats are the ways to show a graph.
var formats = map[string]func(io.Writer, *ir.Graph) error{
	"text": ir.Fprint,
	"dot":  drawing(draw.DOT),
	"svg":  drawing(draw.SVG),
}

func drawing(draw func(*ir.Graph) []byte) func(io.Writer, *ir.Graph) error {
	return func(w io.Writer, g *ir.Graph) error {
		_, err := w.Write(draw(g))
		return err
	}
}

func dump(_ context.Context, c *cli.Command) error {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	if err := oneOf("format", c.String("format"), []string{"text", "dot", "svg"}); err != nil {
		return err
	}
	after := c.String("after")
	if after != "" && after != "none" && passes.Lookup(after) == nil {
		names := []string{"none"}
		for _, p := range passes.Table {
			names = append(names, p.Name)
		}
		return usagef("-after %q: no such pass%s (resnetc help dump lists all)", after, nearest.Suggestion(after, names))
	}
	net, err := loadNetwork(c, args[0], noneElse)
	if err != nil {
		return err
	}
	if after != "none" {
		if err := net.run(c, passes.Options{StopAfter: after}); err != nil {
			return err
		}
	}
	return writeTo(c, c.String("o"), func(w io.Writer) error { return formats[c.String("format")](w, net.graph) })
}
