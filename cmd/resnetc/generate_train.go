package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/progress"
	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo"
)

// The steps of a trainer's self-test.
const (
	selfTestSteps = 2
	selfTestBatch = 2
	selfTestRate  = 0.01
)

// generateTrain makes the network's training step and the package called pkg
// of it, with what the self-test expects if somebody is going to run that.
func (net *network) generateTrain(ctx context.Context, c *cli.Command, pkg string, selfTest bool, bar *progress.Bar) (codegen.Files, error) {
	o, err := recipe(c)
	if err != nil {
		return nil, err
	}
	fast := net.fast || c.Bool("fast")
	options := codegen.Options{Package: pkg, Preprocess: net.preprocess, Command: command(c), Recipe: recipeText(o, fast)}
	if options.Targets, err = targets(c); err != nil {
		return nil, err
	}
	if err := changePreprocess(c, &options.Preprocess); err != nil {
		return nil, err
	}
	bar.Step("gradient")
	// The package holds no weights; those of the formula are for the interpreter.
	macs := net.graph.MACs()
	zoo.Formula(net.graph, "")
	if err := passes.Gradient(net.graph, o); err != nil {
		return nil, err
	}
	if selfTest && 3*selfTestSteps*selfTestBatch*macs <= 2*expectLimit {
		bar.Step("interpret")
		if options.ExpectLosses, err = net.expectedLosses(); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	lower := passes.Options{Fast: fast, Observe: func(pass string, _ *ir.Graph) { bar.Step(pass) }}
	if err := limitMemory(c, net.graph, &lower); err != nil {
		return nil, err
	}
	if err := passes.Run(net.graph, lower); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bar.Step("generate")
	return codegen.GenerateTrain(net.graph, options)
}

// trainSteps is how many steps generateTrain makes on a bar.
func trainSteps() int { return lowerSteps() + 1 }

// expectedLosses runs the interpreter on the self-test's steps.
func (net *network) expectedLosses() ([]float64, error) {
	g := net.graph
	classes := g.Outputs[1].Type.Shape[1]
	shape := append(ir.Shape{selfTestBatch}, g.Inputs[0].Type.Shape[1:]...)
	state := map[string]*interp.Tensor{}
	var losses []float64
	for k := range selfTestSteps {
		images, err := interp.FromFloat32(shape, zoo.FormulaTensor(fmt.Sprintf("input/%d", k), shape, ""))
		if err != nil {
			return nil, err
		}
		labels := interp.New(selfTestBatch)
		for i := range labels.Data {
			labels.Data[i] = float64((k + i) % classes)
		}
		in := map[string]*interp.Tensor{g.Inputs[0].Name: images, g.Inputs[1].Name: labels}
		for i, v := range []float64{selfTestRate, float64(k), 0} {
			in[g.Inputs[2+i].Name] = &interp.Tensor{Shape: []int{}, Data: []float64{v}}
		}
		out, err := interp.Run(g, in, interp.State(state))
		if err != nil {
			return nil, err
		}
		losses = append(losses, out[g.Outputs[0].Name].Data[0])
	}
	return losses, nil
}
