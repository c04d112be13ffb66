package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	dir, root, resnetc string
	only               *regexp.Regexp
	page               string
	quick, dry, render bool
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("figures", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.dir, "o", "", "`folder` of the measurements, which is made (required)")
	f.StringVar(&o.root, "root", ".", "`folder` of the repository, whose pages are written")
	f.StringVar(&o.resnetc, "resnetc", "", "`program` that measures (default: built from the repository)")
	f.StringVar(&o.page, "page", "", "write the tables of this `file` of the repository, not of the usual pages: for another CPU")
	only := f.String("only", "", "measure what matches `REGEXP`, for instance '^resnet50-b1$'")
	f.BoolVar(&o.quick, "quick", false, "time each engine once: a try, whose figures mean nothing")
	f.BoolVar(&o.dry, "dry-run", false, "print the commands and do nothing")
	f.BoolVar(&o.render, "render", false, "measure nothing, write the pages of what is there")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 || o.dir == "" {
		return o, errors.New("want -o DIR and nothing else")
	}
	o.only, err = regexp.Compile(*only)
	return o, err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	var failed error
	if !o.render {
		failed = measureAll(ctx, o, stdout, stderr)
	}
	if o.dry || o.quick || ctx.Err() != nil {
		return failed
	}
	results, err := read(o.dir)
	if err == nil {
		written := pages
		if o.page != "" {
			written = []string{o.page}
		}
		err = writePages(o.root, written, results)
	}
	return errors.Join(failed, err)
}

// measureAll does the plan's runs whose files are not there.
func measureAll(ctx context.Context, o options, stdout, stderr io.Writer) error {
	var todo []job
	for _, j := range plan {
		if _, err := os.Stat(j.file(o.dir)); o.only.MatchString(j.name()) && errors.Is(err, os.ErrNotExist) {
			todo = append(todo, j)
		}
	}
	if o.dry {
		for _, j := range todo {
			for _, args := range j.commands(o.dir, o.quick) {
				fmt.Fprintln(stdout, "resnetc", strings.Join(args, " "))
			}
		}
		return nil
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return err
	}
	if o.resnetc == "" && len(todo) > 0 {
		tmp, err := os.MkdirTemp("", "resnetc-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		o.resnetc = filepath.Join(tmp, "resnetc")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.resnetc, "./cmd/resnetc")
		build.Dir, build.Stderr = o.root, stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("go build ./cmd/resnetc in %s: %w", o.root, err)
		}
	}
	var failed []error
	for i, j := range todo {
		start := time.Now()
		fmt.Fprintf(stderr, "[%d/%d] %s\n", i+1, len(todo), j.name())
		if err := do(ctx, o, j, stdout, stderr); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil { // the others can do without
			failed = append(failed, fmt.Errorf("%s: %w", j.name(), err))
			continue
		}
		fmt.Fprintf(stderr, "[%d/%d] %s: %s\n", i+1, len(todo), j.name(), time.Since(start).Round(time.Second))
	}
	return errors.Join(failed...)
}

// do runs a job's commands until one fails.
func do(ctx context.Context, o options, j job, stdout, stderr io.Writer) error {
	for _, args := range j.commands(o.dir, o.quick) {
		cmd := exec.CommandContext(ctx, o.resnetc, args...)
		cmd.Stdout, cmd.Stderr = stdout, stderr
		// So that resnetc itself can clean up.
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("resnetc %s: %w", args[0], err)
		}
	}
	return nil
}
