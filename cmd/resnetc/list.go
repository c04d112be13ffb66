package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/zoo"
)

func listCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the networks that resnetc knows",
		Description: `Parameters are those that training changes, without the running statistics of
batch norms.  FLOPs are those of one image: two for each multiply-add of
convolutions and linear layers, and none for anything else; papers often count a
multiply-add as one.

examples:
  resnetc list
  resnetc list -json`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "write JSON"}},
		Action: func(_ context.Context, c *cli.Command) error {
			if _, err := arguments(c, 0, 0); err != nil {
				return err
			}
			rows, err := listRows()
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return writeJSON(c.Root().Writer, rows)
			}
			return writeList(c.Root().Writer, rows)
		},
	}
}

// listRow describes one network of the zoo.
type listRow struct {
	Name       string `json:"name"`
	Parameters int    `json:"parameters"`
	FLOPs      int    `json:"flops"` // two per multiply-add
	Input      [3]int `json:"input"` // channels, height, width
	Classes    int    `json:"classes"`
	Paper      string `json:"paper"`
	Title      string `json:"title"`
}

func listRows() ([]listRow, error) {
	var rows []listRow
	for i := range zoo.Models {
		m := &zoo.Models[i]
		g, err := m.Graph(zoo.Options{})
		if err != nil {
			return nil, err
		}
		in := g.Inputs[0].Type.Shape
		rows = append(rows, listRow{
			Name: m.Name, Parameters: g.ParamCount(), FLOPs: 2 * g.MACs(),
			Input: [3]int{in[1], in[2], in[3]}, Classes: g.Outputs[0].Type.Shape.Elems(),
			Paper: "https://arxiv.org/abs/" + m.Paper.ArXiv, Title: m.Paper.Title,
		})
	}
	return rows, nil
}

func writeList(w io.Writer, rows []listRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tPARAMETERS\tGFLOPS\tINPUT\tCLASSES\tPAPER")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%.2fM\t%.2f\t%dx%dx%d\t%d\t%s\n", r.Name, float64(r.Parameters)/1e6, float64(r.FLOPs)/1e9,
			r.Input[0], r.Input[1], r.Input[2], r.Classes, r.Paper)
	}
	fmt.Fprintln(t, "\nGFLOPs of one image, two floating-point operations per multiply-add.")
	return t.Flush()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
