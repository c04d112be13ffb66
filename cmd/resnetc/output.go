package main

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/atomicfile"
)

// stdout is where a command's results go.
func stdout(c *cli.Command) io.Writer { return c.Root().Writer }

// stderr is where progress goes.
func stderr(*cli.Command) *os.File { return os.Stderr }

// writeTo writes a result to the file at path, completely or not at all, or to
// standard output if path is empty.
func writeTo(c *cli.Command, path string, fill func(io.Writer) error) error {
	if path == "" {
		return fill(stdout(c))
	}
	if err := atomicfile.Write(path, fill); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

// probe reports whether a file can be written at path, before the work is done
// that its content takes.
func probe(path string) error {
	if err := atomicfile.Probe(path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

// size prints a number of bytes for people.
func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
