package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/atomicfile"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/figure"
	"github.com/resnetc/resnetc/runtime"
)

func curvesCommand() *cli.Command {
	return &cli.Command{
		Name:      "curves",
		Usage:     "draw the curves of trainings, finished or not",
		ArgsUsage: "RUN...",
		Description: `RUN is a folder that resnetc train writes, or has written.  curves.svg and curves.png
in it show loss and error, of training and test, against the step.

examples:
  resnetc curves run
  resnetc curves runs/*`,
		Action: func(_ context.Context, c *cli.Command) error {
			args, err := arguments(c, 1, -1)
			if err != nil {
				return err
			}
			for _, dir := range args {
				title := filepath.Base(filepath.Clean(dir))
				if err := runtime.DrawCurves(dir, title); err != nil {
					return err
				}
				if err := drawCurves(dir, title); err != nil {
					return err
				}
				if _, err := fmt.Fprintln(stdout(c), filepath.Join(dir, "curves.svg")); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// drawCurves writes a run's curves.png, beside the curves.svg that the trainer draws.
func drawCurves(dir, title string) error {
	rows, err := runtime.ReadMetrics(dir)
	if err != nil {
		return err
	}
	title = strings.TrimSuffix(filepath.Base(title), ".ir")
	return atomicfile.Write(filepath.Join(dir, "curves.png"), func(w io.Writer) error {
		return figure.Draw(w, "png", 1, runtime.RunCharts(rows, title)...)
	})
}
