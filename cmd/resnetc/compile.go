package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
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

-mode train writes a trainer in place of a classifier: the network's forward and
backward pass and the update of its weights, compiled, with a training loop, data
loading, checkpoints and a Main function for the command line.  -pkg main makes it a
program.  It needs no weights: a trainer begins with random numbers, or with what it
is given when it runs.  -memory limits what a step of -for-batch images takes, without
the data set: the way back computes again what there is no room to keep.  Not a bit of
the results changes.

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
  resnetc compile resnet20_cifar -mode train -optimizer adamw -o ./trainer
  resnetc compile resnet1202_cifar -mode train -memory 2GiB -for-batch 128 -o ./deep
  resnetc compile my.ir -weights my.safetensors -mean 0.5,0.5,0.5 -std 0.5,0.5,0.5 -o ./my

in a Go file, with "tool github.com/resnetc/resnetc/cmd/resnetc" in go.mod:
  //go:generate go tool resnetc compile resnet50 -weights resnet50.safetensors -o .`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "o", Usage: "write the package to `DIR` (default: a folder called like the package)"},
			&cli.StringFlag{Name: "pkg", Usage: "`NAME` of the package (default: the model's)"},
			&cli.StringFlag{Name: "mode", Value: modeInfer, Usage: "write a package that runs the network or one that trains it: `MODE` infer or train"},
		}, modelFlags(), packageFlags("1"), recipeFlags()),
		Action: compile,
	}
}

func compile(ctx context.Context, c *cli.Command) error {
	start := time.Now()
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	mode, err := compileMode(c)
	if err != nil {
		return err
	}
	var net *network
	if mode == modeTrain {
		net, err = loadGraph(c, args[0])
	} else {
		net, err = loadNetwork(c, args[0], needParams)
	}
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
	var files codegen.Files
	bar := newBar(c, trainSteps())
	if mode == modeTrain {
		files, err = net.generateTrain(ctx, c, pkg, true, bar)
	} else {
		files, err = net.generate(ctx, c, pkg, true, bar)
	}
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

// compileMode reads -mode and what goes with it.
func compileMode(c *cli.Command) (string, error) {
	mode, err := readMode(c, recipeFlags())
	if err != nil || mode == modeInfer {
		return mode, err
	}
	for _, name := range []string{"weights", "params", "salt"} {
		if c.IsSet(name) {
			return "", usagef("-%s: a trainer holds no weights; give them to resnetc train, or to the trainer itself, with -params", name)
		}
	}
	if c.IsSet("for-batch") && !c.IsSet("memory") {
		return "", usagef("-for-batch of a trainer is for -memory: add that")
	}
	return mode, nil
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
	params, stored := "", ""
	if net.params != "" {
		params = ", parameters: " + net.params
	}
	if weights > 0 {
		stored = ", weights " + size(weights)
	}
	_, err := fmt.Fprintf(w, `package   %s, in %s
network   %s%s
files     %s of Go (%s), %s of assembly (%s)%s
memory    %s of activations per image; %s without sharing, lower bound %s
time      %.2f s
`, pkg, dir, net.graph.Name, params, plural(nGo, "file"), size(source), plural(nAsm, "file"), size(assembly), stored,
		size(4*m.Arena), size(4*m.Naive), size(4*m.LowerBound), took.Seconds())
	return err
}

// quote quotes a word of a command line where a shell needs that.
func quote(word string) string {
	if strings.ContainsAny(word, " \t\"'") {
		return fmt.Sprintf("%q", word)
	}
	return word
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
		words = append(words, quote(value))
	}
	return strings.Join(append(words, "-o ."), " ")
}
