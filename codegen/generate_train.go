package codegen

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template"

	"github.com/dave/jennifer/jen"

	"github.com/resnetc/resnetc/asm"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// GenerateTrain gives the package that trains a network, for the graph of a
// training step that all passes have run on.  A package called main is a
// program.  Of the options Package, Targets, Command, Preprocess, Recipe and
// ExpectLosses count.  Errors name the node or the option at fault.
func GenerateTrain(g *ir.Graph, o Options) (Files, error) {
	if err := o.check(true); err != nil {
		return nil, err
	}
	l, err := lowerTrain(g)
	if err != nil {
		return nil, err
	}
	files, err := asm.Emit(o.Package, l.kernels(o.Targets))
	if err != nil {
		return nil, err
	}
	train, err := asm.EmitTrain(o.Package, l.trainKernels(o.Targets))
	if err != nil {
		return nil, err
	}
	maps.Copy(files, train)
	if err := addRuntime(files, o.Package, true); err != nil {
		return nil, err
	}
	l.program.Preprocess, l.program.Recipe = o.Preprocess, o.Recipe
	if files["trainer.go"], err = renderTrainer(g, l, o); err != nil {
		return nil, err
	}
	files["trainer_test.go"], err = renderTrainerTest(l, o)
	return files, err
}

// kernels lists the assembly kernels that the program shares with networks for
// inference.
func (l *trainLowering) kernels(targets []string) []asm.Kernel {
	var forward lowering
	for _, r := range l.program.Layers {
		if r.Op == runtime.TrainForward || r.Op == runtime.TrainBatchNorm || gradByWinograd(r) {
			forward.program.Layers = append(forward.program.Layers, r.Layer)
		}
	}
	return forward.kernels(targets)
}

// trainKernels lists the assembly kernels of training that the program calls.
func (l *trainLowering) trainKernels(targets []string) []asm.Kernel {
	some := func(calls func(r runtime.TrainLayer) bool) bool { return slices.ContainsFunc(l.program.Layers, calls) }
	return slices.DeleteFunc(asm.TrainKernels(), func(k asm.Kernel) bool {
		return targets != nil && !slices.Contains(targets, k.Level) ||
			strings.HasPrefix(k.Op, "winograd_grad_") && !some(func(r runtime.TrainLayer) bool { return gradByWinograd(r) && r.Layer.Winograd == k.Pixels }) ||
			k.Op == "winograd_weight" && !some(func(r runtime.TrainLayer) bool { return r.Layer.Winograd == k.Pixels }) ||
			k.Op == "max_pool_grad" && !some(func(r runtime.TrainLayer) bool { return r.Op == runtime.TrainMaxPoolGrad }) ||
			k.Op == "weight_grad" && k.Pixels < ir.Block && !some(func(r runtime.TrainLayer) bool {
				return r.Op == runtime.TrainWeightGrad && r.Slot.InBlock == 1 && r.Slot.Shape[3] == k.Pixels
			})
	})
}

func gradByWinograd(r runtime.TrainLayer) bool {
	return r.Op == runtime.TrainWeightGrad && r.Layer.Winograd > 0
}

// renderTrainer gives trainer.go: the package comment, New, Main and the program.
func renderTrainer(g *ir.Graph, l *trainLowering, o Options) ([]byte, error) {
	p := &l.program
	f := jen.NewFile(o.Package)
	f.HeaderComment(Header)
	f.PackageComment(trainerComment(l, o))
	f.Comment("New makes a trainer of " + g.Name + " for steps of up to batch images.")
	f.Func().Id("New").Params(jen.Id("batch").Int(), jen.Id("opts").Op("...").Id("Option")).Params(jen.Op("*").Id("Trainer"), jen.Error()).Block(
		jen.Return(jen.Id("NewTrainer").Call(jen.Op("&").Id("program"), jen.Id("batch"), jen.Id("opts").Op("..."))),
	)
	background := jen.Qual("context", "Background").Call()
	if o.Package == "main" {
		f.Func().Id("main").Params().Block(jen.Id("TrainMain").Call(background, jen.Op("&").Id("program")))
	} else {
		f.Comment("Main trains " + g.Name + " as the command line says, until ctx ends, and ends the program.")
		f.Func().Id("Main").Params(jen.Id("ctx").Qual("context", "Context")).Block(jen.Id("TrainMain").Call(jen.Id("ctx"), jen.Op("&").Id("program")))
	}
	f.Var().Id("program").Op("=").Add(literal(reflect.ValueOf(*p), true))
	var b bytes.Buffer
	if err := f.Render(&b); err != nil {
		return nil, fmt.Errorf("codegen: trainer.go: %w", err)
	}
	return b.Bytes(), nil
}

// trainerComment is the package's documentation.
func trainerComment(l *trainLowering, o Options) string {
	p := &l.program
	subject := "Package " + o.Package
	if o.Package == "main" {
		subject = "This program"
	}
	s := fmt.Sprintf("%s trains the network %s: one step, compiled, is %d layers, %.4g GFLOP and %.4g MB of activations and gradients per image of %d×%d×%d, and %.4g MB beside them.",
		subject, p.Name, len(p.Layers), 2*float64(l.macs())/1e9, 4*float64(p.Arena)/1e6, p.Input[0], p.Input[1], p.Input[2], 4*float64(p.Store)/1e6)
	if o.Recipe != "" {
		s += "\n\nUpdates are by " + o.Recipe + "."
	}
	if o.Package == "main" {
		s += "\n\n\tgo run . -data DIR -o run\n\nlearns from the pictures in DIR; go run . -help lists all flags."
	} else {
		s += fmt.Sprintf("\n\n[New] makes a trainer.  Its method Step takes one step, and Fit as many as it takes, with data from [OpenDataset], a learning rate that changes, augmentation, checkpoints and curves.  A program that does that from the command line is\n\n\tpackage main\n\n\timport (\n\t\t\"context\"\n\n\t\t\"example.com/my/%s\"\n\t)\n\n\tfunc main() { %[1]s.Main(context.Background()) }", o.Package)
	}
	if o.Command != "" {
		s += "\n\nIt was made by\n\n\t" + o.Command
	}
	return s
}

//go:embed trainer_test.go.tmpl
var trainerTestSource string

var trainerTestTemplate = template.Must(template.New("trainer_test.go").Parse(trainerTestSource))

// renderTrainerTest gives trainer_test.go: an example, a self-test and a benchmark.
func renderTrainerTest(l *trainLowering, o Options) ([]byte, error) {
	var b bytes.Buffer
	err := trainerTestTemplate.Execute(&b, map[string]any{
		"Header": Header, "Package": o.Package, "Expect": o.ExpectLosses, "MACs": l.macs(), "Program": &l.program, "Logits": 2 * l.program.Classes,
	})
	return b.Bytes(), err
}

// macs is the multiply-adds of a step for one image.
func (l *trainLowering) macs() int {
	n := 0
	for _, node := range l.graph.Nodes {
		n += ir.MACs(node)
	}
	return n
}

// trainOpNames are the constants of runtime.TrainOp.
var trainOpNames = [...]string{
	runtime.TrainForward: "TrainForward", runtime.TrainBatchNorm: "TrainBatchNorm", runtime.TrainRunningAverage: "TrainRunningAverage",
	runtime.TrainDrop: "TrainDrop", runtime.TrainLoss: "TrainLoss", runtime.TrainLossGrad: "TrainLossGrad", runtime.TrainTurn: "TrainTurn", runtime.TrainTransform: "TrainTransform",
	runtime.TrainWeightGrad: "TrainWeightGrad", runtime.TrainBiasGrad: "TrainBiasGrad", runtime.TrainChannelGrad: "TrainChannelGrad",
	runtime.TrainReLUGrad: "TrainReLUGrad", runtime.TrainMaxPoolGrad: "TrainMaxPoolGrad", runtime.TrainAvgPoolGrad: "TrainAvgPoolGrad",
	runtime.TrainSpread: "TrainSpread", runtime.TrainSlice: "TrainSlice", runtime.TrainSoftmaxGrad: "TrainSoftmaxGrad",
	runtime.TrainSum: "TrainSum", runtime.TrainGradNorm: "TrainGradNorm", runtime.TrainSGD: "TrainSGD", runtime.TrainAdamW: "TrainAdamW",
}

// fillNames are the constants of runtime.Fill.
var fillNames = [...]string{
	runtime.FillZero: "FillZero", runtime.FillOne: "FillOne", runtime.FillNormal: "FillNormal", runtime.FillUniform: "FillUniform",
}
