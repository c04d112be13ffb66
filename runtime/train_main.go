package runtime

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// TrainMain is the main function of a program that trains p from the command
// line, until ctx ends, or Ctrl-C.  It does not return: the exit status is 0, or
// 1 after an error or an interruption, or 2 if the command line is wrong.
func TrainMain(ctx context.Context, p *TrainProgram) {
	ctx, stop := Interruptible(ctx)
	status := trainMain(ctx, p, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func trainMain(ctx context.Context, p *TrainProgram, args []string, out, log io.Writer) int {
	name := filepath.Base(args[0])
	var c TrainCommand
	f := c.Flags(name)
	f.SetOutput(io.Discard) // errors are reported below
	err := f.Parse(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(out, "%s trains %s, by %s.\n\nflags:\n", name, p.Name, p.Recipe)
		f.SetOutput(out)
		f.PrintDefaults()
		return 0
	case err == nil && f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	case err == nil:
		err = c.Check()
	}
	if err != nil {
		fmt.Fprintf(log, "%s: %v (%[1]s -help lists all flags)\n", name, err)
		return 2
	}
	if err := c.Run(ctx, p, out, log); err != nil {
		fmt.Fprintf(log, "%s: %s\n", name, strings.TrimSpace(err.Error()))
		return 1
	}
	return 0
}

// Fit trains the network on data; see the function [Fit].  What o leaves open
// of the name, the network, the optimizer and the preprocessing is as it was compiled.
func (t *Trainer) Fit(ctx context.Context, data *Dataset, o FitOptions) (FitResult, error) {
	if o.Name == "" {
		o.Name = t.program.Name
	}
	if o.Optimizer == "" {
		o.Optimizer = t.program.Recipe
	}
	if o.Network == "" {
		o.Network = t.program.Network
	}
	if o.Preprocess == (Preprocess{}) {
		o.Preprocess = t.program.Preprocess
	}
	return Fit(ctx, t, data, o)
}
