package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
)

// built is a network that is ready to run.
type built struct {
	*driver.Program
	compile, build time.Duration
	weightBytes    int // of the packed weights
}

// buildProgram compiles the network to a package and that to a program.  dir is
// its folder, a temporary one if it is empty.
func (net *network) buildProgram(ctx context.Context, c *cli.Command, dir string) (*built, error) {
	bar := newBar(c, lowerSteps()+1)
	defer bar.Close()
	start := time.Now()
	files, err := net.generate(ctx, c, "model", false, bar)
	if err != nil {
		return nil, err
	}
	b := &built{compile: time.Since(start)}
	bar.Step("go build")
	start = time.Now()
	o := driver.BuildOptions{Dir: dir, Write: files.Write}
	for name := range files {
		switch filepath.Ext(name) {
		case ".weights":
			o.Weights = filepath.Base(name)
			fallthrough
		case ".bin":
			b.weightBytes = len(files[name])
		}
	}
	b.Program, err = driver.Build(ctx, o)
	b.build = time.Since(start)
	return b, err
}
