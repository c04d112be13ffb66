package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/progress"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/tune"
	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/nearest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
)

const (
	// embedLimit is the size of weights up to which they are embedded if
	// nobody says otherwise: larger ones make slow builds and big repositories.
	embedLimit = 16 << 20
	// expectLimit is the number of multiply-adds up to which a package
	// gets the interpreter's logits for its self-test, about a second's work.
	expectLimit = 100_000_000
)

// lower runs all passes on the network's graph, and shows how far they are.
func (net *network) lower(c *cli.Command, bar *progress.Bar) error {
	return net.run(c, passes.Options{Observe: func(pass string, _ *ir.Graph) { bar.Step(pass) }})
}

// run runs passes with what the command line says about algorithms.
func (net *network) run(c *cli.Command, o passes.Options) error {
	o.Exact, o.HalfWeights, o.Batch = c.Bool("exact"), net.half, net.batch
	if c.IsSet("for-batch") {
		if o.Batch = c.Int("for-batch"); o.Batch < 1 {
			return usagef("-for-batch %d: want at least 1", o.Batch)
		}
	}
	path := c.String("tune")
	if path == "" || net.untuned {
		return passes.Run(net.graph, o)
	}
	f, err := tune.ReadFile(path)
	if err != nil {
		return err
	}
	o.Tune = f.Choices()
	err = passes.Run(net.graph, o)
	if choice := (*passes.ChoiceError)(nil); errors.As(err, &choice) {
		return fmt.Errorf("%s:%d: %w", path, f.Line(choice.Key).Number, choice.Err)
	}
	if err != nil {
		return err
	}
	if err := net.checkTuned(f); err != nil {
		return err
	}
	s := tune.SettingsOf(net.graph, o)
	s.Kernels = c.String("kernels")
	if differ := f.Differences(s); len(differ) > 0 {
		fmt.Fprintf(stderr(c), "note: %s was measured with %s: another way may be faster\n", path, strings.Join(differ, "; "))
	}
	return nil
}

// checkTuned makes sure that each line of the file was for a convolution, once
// algorithms are chosen.
func (net *network) checkTuned(f *tune.File) error {
	var keys []string
	for _, n := range net.graph.Nodes {
		if n.Op == ir.Conv2D && n.Str("algorithm") != "" {
			keys = append(keys, passes.ConvKey(n))
		}
	}
	for _, l := range f.Lines {
		if len(keys) > 0 && !slices.Contains(keys, l.Key) {
			return fmt.Errorf("%s:%d: %s has no convolution %q%s", f.Path, l.Number, net.graph.Name, l.Key, nearest.Suggestion(l.Key, keys))
		}
	}
	return nil
}

// lowerSteps is how many steps lower and generate make on a bar.
func lowerSteps() int { return len(passes.Table) + 2 }

// generate lowers the network and makes the package called pkg of it, with what
// the self-test expects if somebody is going to run that.
func (net *network) generate(ctx context.Context, c *cli.Command, pkg string, selfTest bool, bar *progress.Bar) (codegen.Files, error) {
	o, err := net.codegenOptions(c)
	if err != nil {
		return nil, err
	}
	o.Package = pkg
	if selfTest {
		bar.Step("interpret")
		if o.Expect, err = net.expectation(); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if err := net.lower(c, bar); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bar.Step("generate")
	return codegen.Generate(net.graph, o)
}

// newBar makes a bar for a command that usually takes no time.
func newBar(c *cli.Command, steps int) *progress.Bar {
	return progress.New(stderr(c), steps, time.Second)
}

func (net *network) codegenOptions(c *cli.Command) (o codegen.Options, err error) {
	o = codegen.Options{Preprocess: net.preprocess, Labels: net.labels, Command: command(c), HalfWeights: net.half}
	switch {
	case c.Bool("embed") && c.Bool("file"):
		return o, usagef("-embed and -file exclude each other")
	case c.Bool("embed") || c.Bool("file"):
		o.Embed = c.Bool("embed")
	default:
		o.Embed = net.weightBytes() <= embedLimit
	}
	if o.Targets, err = targets(c); err != nil {
		return o, err
	}
	if err := changePreprocess(c, &o.Preprocess); err != nil {
		return o, err
	}
	if path := c.String("labels"); path != "" {
		if o.Labels, err = readLabels(path); err != nil {
			return o, err
		}
		if classes := net.graph.Outputs[0].Type.Shape.Elems(); len(o.Labels) != classes {
			return o, fmt.Errorf("%s: %s for %d classes, want one a line for each class", path, plural(len(o.Labels), "label"), classes)
		}
	}
	return o, nil
}

// changePreprocess reads the flags that say how pictures become input.
func changePreprocess(c *cli.Command, p *runtime.Preprocess) (err error) {
	if c.IsSet("mean") {
		if p.Mean, err = channels(c, "mean"); err != nil {
			return err
		}
	}
	if c.IsSet("std") {
		if p.Std, err = channels(c, "std"); err != nil {
			return err
		}
	}
	for flag, v := range map[string]*int{"resize": &p.Resize, "crop": &p.Crop} {
		if !c.IsSet(flag) {
			continue
		}
		if *v = c.Int(flag); *v < 0 {
			return usagef("-%s %d: want a number of pixels, or 0", flag, *v)
		}
	}
	return nil
}

// weightBytes is about the size of the parameters as they are stored.
func (net *network) weightBytes() int {
	size := 4
	if net.half {
		size = 2
	}
	return size * net.graph.ParamCount()
}

// expectation runs the interpreter on the formula's image, for the
// package's self-test; nil for networks on which that takes long.
func (net *network) expectation() (*codegen.Expectation, error) {
	g := net.graph
	if len(g.Inputs) != 1 || g.MACs() > expectLimit {
		return nil, nil
	}
	const name = "input"
	shape := append(ir.Shape{1}, g.Inputs[0].Type.Shape[1:]...)
	image, err := interp.FromFloat32(shape, zoo.FormulaTensor(name, shape, ""))
	if err != nil {
		return nil, err
	}
	out, err := interp.Run(g, map[string]*interp.Tensor{g.Inputs[0].Name: image})
	if err != nil {
		return nil, err
	}
	return &codegen.Expectation{Name: name, Logits: out[g.Outputs[0].Name].Float32()}, nil
}

// packageName turns a network's name into that of a Go package.
func packageName(name string) string {
	name = strings.ToLower(strings.TrimSuffix(filepath.Base(name), ".ir"))
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if clean == "" || clean[0] >= '0' && clean[0] <= '9' {
		clean = "net" + clean
	}
	return clean
}
