package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/passes"
)

func compileCommand() *cli.Command {
	return &cli.Command{
		Name:      "compile",
		Usage:     "write a network as a Go package",
		ArgsUsage: "MODEL",
		Description: `MODEL is the name of a network (resnetc list) or a file in the text form of the
IR, whose name ends in .ir.  resnet20_cifar has trained parameters built in; other
networks need -weights, or -params formula for parameters to test with.

-weights-dtype f16 rounds weights to half precision: the weight file, and what a
run reads from memory, become half as large.  Arithmetic stays float32.

An existing output folder is replaced file by file if resnetc wrote it, and
refused if it holds anybody else's files, except beside a //go:generate line that
calls resnetc.

examples:
  resnetc compile resnet20_cifar -o ./resnet20
  resnetc compile resnet50 -weights resnet50.safetensors -o ./resnet50
  resnetc compile resnet18 -weights my.pth -classes 37 -labels pets.txt -pkg pets -o ./pets
  resnetc compile resnet50 -weights resnet50.safetensors -tune resnet50.tune -o ./resnet50
  resnetc compile resnet50 -weights resnet50.safetensors -weights-dtype f16 -o ./resnet50
  resnetc compile my.ir -weights my.safetensors -mean 0.5,0.5,0.5 -std 0.5,0.5,0.5 -o ./my

in a Go file, with "tool github.com/resnetc/resnetc/cmd/resnetc" in go.mod:
  //go:generate go tool resnetc compile resnet50 -weights resnet50.safetensors -o .`,
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "o", Usage: "write the package to `DIR` (default: a folder called like the package)"},
			&cli.StringFlag{Name: "pkg", Usage: "`NAME` of the package (default: the model's)"},
		}, modelFlags()...), packageFlags()...),
		Action: compile,
	}
}

func compile(ctx context.Context, c *cli.Command) error {
	start := time.Now()
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	net, err := loadNetwork(c, args[0], needParams)
	if err != nil {
		return err
	}
	pkg := c.String("pkg")
	if pkg == "" {
		pkg = packageName(args[0])
	}
	dir := c.String("o")
	if dir == "" {
		dir = pkg
	}
	bar := newBar(c, lowerSteps())
	files, err := net.generate(ctx, c, pkg, true, bar)
	bar.Close()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := files.Write(dir); err != nil {
		return err
	}
	return writeSummary(stdout(c), net, pkg, dir, files, time.Since(start))
}

// writeSummary says what was compiled.
func writeSummary(w io.Writer, net *network, pkg, dir string, files codegen.Files, took time.Duration) error {
	var source, assembly, weights, nGo, nAsm int
	for name, data := range files {
		switch filepath.Ext(name) {
		case ".go":
			source, nGo = source+len(data), nGo+1
		case ".s":
			assembly, nAsm = assembly+len(data), nAsm+1
		default:
			weights += len(data)
		}
	}
	m := passes.Report(net.graph)
	_, err := fmt.Fprintf(w, `package   %s, in %s
network   %s, parameters: %s
files     %s of Go (%s), %s of assembly (%s), weights %s
memory    %s of activations per image; %s without sharing, lower bound %s
time      %.2f s
`, pkg, dir, net.graph.Name, net.params, plural(nGo, "file"), size(source), plural(nAsm, "file"), size(assembly), size(weights),
		size(4*m.Arena), size(4*m.Naive), size(4*m.LowerBound), took.Seconds())
	return err
}

// command is the command line that makes this package again when it is given in
// the package's folder, in a fixed order and without the folders of this machine.
func command(c *cli.Command) string {
	words := []string{"resnetc compile", filepath.Base(c.Args().First())}
	for _, f := range c.Flags {
		name := f.Names()[0]
		if !f.IsSet() || name == "o" || name == "help" {
			continue
		}
		words = append(words, "-"+name)
		if d, ok := f.(cli.DocGenerationFlag); !ok || !d.TakesValue() {
			continue
		}
		value := fmt.Sprint(f.Get())
		if name == "weights" || name == "labels" || name == "tune" {
			value = filepath.Base(value)
		}
		if strings.ContainsAny(value, " \t\"'") {
			value = fmt.Sprintf("%q", value)
		}
		words = append(words, value)
	}
	return strings.Join(append(words, "-o ."), " ")
}
