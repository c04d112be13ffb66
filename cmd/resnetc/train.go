package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/weights"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:      "train",
		Usage:     "train a network on pictures",
		ArgsUsage: "MODEL",
		Description: `The network's training step is compiled to a package in a temporary folder, built
with the go command, offline, and run.  In the folder -o it writes metrics.jsonl and
metrics.csv, a row for each step and each test; checkpoints/; and, at the end,
final.safetensors, best.safetensors (of the best test accuracy), curves.svg,
curves.png and labels.txt, the names of the classes, if the data have some.  resnetc
compile -weights takes the weights, and -labels the names.

Ctrl-C finishes the step and saves.  The same command goes on from the newest
checkpoint, with the bits that it would have had without a break; the flag -resume
chooses another one.  A second Ctrl-C stops at once.  Another network, or other
pictures to learn from, are refused, and so is a folder that another process trains
in; another recipe, and other pictures to test with, need -change.  -memory, -threads
and -workers may change at any time.

Pictures of one channel, as MNIST's, become the red, green and blue of a network that
takes three.  Those of CIFAR-10's and MNIST's files that have another size than the
input are resized to it, or, with -crop N of the input's size, put in the middle of
black.  Give compile and eval the same -mean, -std, -resize and -crop.

-params FILE begins with weights of safetensors or PyTorch's .pth/.pt/.th; a
classifier for another number of classes begins with random numbers.

-data formula computes batches from -salt instead of reading them: with -params
formula, every program that knows the formula takes the same steps.

examples:
  resnetc train resnet20_cifar -data cifar-10-batches-bin -o run
  resnetc train resnet20_cifar -data cifar-10-batches-bin -epochs 10 -schedule one-cycle -lr 0.4 -nesterov -o run
  resnetc train resnet20_cifar -data mnist -crop 32 -epochs 5 -o digits
  resnetc train resnet18 -data pets.zip -classes 37 -params resnet18.safetensors -epochs 5 -lr 0.01 -o pets
  resnetc train resnet20_cifar -data formula -params formula -batch 8 -steps 5 -o run`,
		Flags: slices.Concat(trainFlags(), []cli.Flag{
			&cli.StringFlag{Name: "keep", Usage: "build in `DIR`, which must be new or empty, and keep it"},
		}, architectureFlags(), recipeFlags(), []cli.Flag{targetFlag()}, preprocessFlags()),
		Action: train,
	}
}

// trainFlags are the flags of a trainer, but that params takes a rule and more
// kinds of files here.
func trainFlags() []cli.Flag {
	var flags []cli.Flag
	new(runtime.TrainCommand).Flags("").VisitAll(func(f *flag.Flag) {
		usage := f.Usage
		if f.Name == "params" {
			usage = "begin with init, random numbers, with formula, numbers that depend on names only, or with the weights in `FILE`"
		}
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			flags = append(flags, &cli.BoolFlag{Name: f.Name, Usage: usage})
			return
		}
		flags = append(flags, &cli.StringFlag{Name: f.Name, Usage: usage, Value: f.DefValue})
	})
	return flags
}

// trainArguments turns trainFlags that are set into a trainer's command line,
// and checks it.
func trainArguments(c *cli.Command, model string) (*runtime.TrainCommand, error) {
	var t runtime.TrainCommand
	f := t.Flags("train")
	var err error
	f.VisitAll(func(x *flag.Flag) {
		if c.IsSet(x.Name) && err == nil {
			if serr := f.Set(x.Name, fmt.Sprint(c.Value(x.Name))); serr != nil {
				err = usagef("-%s %q: %w", x.Name, c.Value(x.Name), serr)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if t.Out == "" {
		t.Out = packageName(model) + "-run"
	}
	if t.Kernels != "" {
		if err := oneOf("kernels", t.Kernels, kernelLevels); err != nil {
			return nil, err
		}
	}
	checked := t
	if t.Params == "formula" && t.Data != "formula" {
		checked.Salt = "" // it varies the parameters alone
	}
	if err := checked.Check(); err != nil {
		return nil, usagef("%w", err)
	}
	return &t, nil
}

// commandLine gives the command's flags that are not as they are by default.
func commandLine(t *runtime.TrainCommand) []string {
	var args []string
	copied := *t
	f := copied.Flags("") // gives all of it defaults
	copied = *t
	f.VisitAll(func(x *flag.Flag) {
		if text := x.Value.String(); text != x.DefValue {
			args = append(args, "-"+x.Name+"="+text)
		}
	})
	return args
}

func train(ctx context.Context, c *cli.Command) error {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	t, err := trainArguments(c, args[0])
	if err != nil {
		return err
	}
	return trainNetwork(ctx, c, args[0], t)
}

// initial is the name of the file with the parameters to begin with.
const initial = "initial.safetensors"

// trainNetwork compiles a trainer of the network called name, builds it, runs it
// and draws its curves.  If the trainer has failed, and said why, the error is a
// statusError.
func trainNetwork(ctx context.Context, c *cli.Command, name string, t *runtime.TrainCommand) (err error) {
	net, err := loadGraph(c, name)
	if err != nil {
		return err
	}
	parameters, err := net.initialParameters(t)
	if err != nil {
		return err
	}
	bar := newBar(c, trainSteps()+1)
	defer bar.Close()
	files, err := net.generateTrain(ctx, c, "model", false, bar)
	if err != nil {
		return err
	}
	bar.Step("go build")
	p, err := driver.Build(ctx, driver.BuildOptions{Dir: c.String("keep"), Write: files.Write, Sources: driver.TrainSources(parameters)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	bar.Close()
	run := *t
	if parameters != nil {
		run.Params = p.Path(initial)
	}
	if run.Data != "formula" {
		run.Salt = ""
	}
	status, err := p.Train(ctx, "resnetc", commandLine(&run)...)
	if killed := (*driver.KilledError)(nil); errors.As(err, &killed) {
		return explainKilled(killed, t.Out)
	}
	if err != nil {
		return err
	}
	err = drawCurves(t.Out, name)
	if status != 0 { // the curves of an interrupted run are a bonus
		return statusError(status)
	}
	return err
}

// explainKilled says why a trainer may have been killed, and what is left of it.
func explainKilled(killed *driver.KilledError, dir string) error {
	why := "the system does that to programs that take too much memory: a smaller -batch or -memory takes less"
	if killed.Asked {
		why = "at once, as a second Ctrl-C wants it"
	}
	saved := "no checkpoint has been written: the same command begins anew"
	if found, err := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*.json")); err == nil && len(found) > 0 {
		saved = "the steps since the last checkpoint are lost: the same command goes on from " + found[len(found)-1]
	}
	return fmt.Errorf("%w: %s; %s", killed, why, saved)
}

// initialParameters gives the file with the parameters that the command line
// asks for, by its name; nil for random ones.
func (net *network) initialParameters(t *runtime.TrainCommand) (map[string][]byte, error) {
	var tensors []weights.Tensor
	switch t.Params {
	case "init":
		return nil, nil
	case "formula":
		zoo.Formula(net.graph, t.Salt)
		tensors = weights.Params(net.graph)
	default:
		list, err := weights.Load(t.Params)
		if err != nil {
			return nil, err
		}
		for _, x := range list { // without counters, which are integers
			if x.Data != nil {
				tensors = append(tensors, x)
			}
		}
		if err := net.fits(tensors, t.Params); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if err := weights.WriteSafetensors(&b, tensors, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", t.Params, err)
	}
	return map[string][]byte{initial: b.Bytes()}, nil
}

// fits makes sure that tensors are the network's parameters, but for a
// classifier of another number of classes, which the trainer leaves.
func (net *network) fits(tensors []weights.Tensor, path string) error {
	classes := net.graph.Outputs[0].Type.Shape.Elems()
	list := slices.Clone(tensors)
	for i, x := range list {
		p := net.graph.Value(x.Name)
		if p == nil || len(x.Shape) == 0 || len(x.Shape) != len(p.Type.Shape) || p.Type.Shape[0] != classes || !slices.Equal(x.Shape[1:], []int(p.Type.Shape[1:])) {
			continue
		}
		list[i].Shape = p.Type.Shape
		list[i].Data = make([]float32, p.Type.Shape.Elems())
	}
	return weights.Bind(net.graph, list, strings.TrimSpace(filepath.Base(path)))
}
