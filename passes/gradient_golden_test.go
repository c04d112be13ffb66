package passes

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

var goldenFlag = flag.String("golden", "", `networks that TestGradientGolden trains: "all", or by default those that take seconds`)

// TestGradientGolden takes PyTorch's steps of training in float64: only the
// order of the sums differs.
func TestGradientGolden(t *testing.T) {
	for _, name := range golden.TrainingNames() {
		if *goldenFlag != "all" && (testing.Short() || !slices.Contains([]string{"resnet20_cifar", "plain20_cifar"}, name)) {
			continue
		}
		t.Run(name, func(t *testing.T) { testTraining(t, name) })
	}
}

// trainingTolerance is relative.  Deep networks amplify the roundings of
// float64 from step to step just as those of float32, of which shared/golden
// states figures: there they grow by up to 3e6.
const trainingTolerance = 1e-9

func testTraining(t *testing.T, name string) {
	want, err := golden.LoadTraining(name)
	if err != nil {
		t.Fatal(err)
	}
	g := zooGraph(t, name, zoo.Options{InputSize: [2]int{want.Input[2], want.Input[3]}})
	zoo.Formula(g, want.Salt)
	if err := Gradient(g, TrainOptions{Momentum: want.Momentum, WeightDecay: want.WeightDecay}); err != nil {
		t.Fatal(err)
	}
	state := map[string]*interp.Tensor{}
	worst := map[string]float64{}
	near := func(kind, what string, got, want float64) {
		e := math.Abs(got-want) / math.Abs(want)
		worst[kind] = max(worst[kind], e)
		if !(e <= trainingTolerance) {
			t.Errorf("the %s of %s is %v, want %v: off by %.2g", kind, what, got, want, e)
		}
	}
	for k := range want.Steps {
		var opts []interp.Option
		if k == 0 {
			opts = append(opts, interp.KeepAll()) // gradients are no outputs
		}
		out := trainingStep(t, g, want, k, state, opts...)
		if k == 0 {
			for _, p := range slices.Sorted(maps.Keys(want.GradientNorms)) {
				near("gradient norm", p, norm(out[p+".grad"]), want.GradientNorms[p])
			}
		}
		near("loss", fmt.Sprintf("step %d", k), out["loss"].Data[0], want.Losses[k])
	}
	for _, p := range slices.Sorted(maps.Keys(want.NormsAfter)) {
		near("norm after all steps", p, norm(state[p]), want.NormsAfter[p])
	}
	t.Logf("largest relative differences: %v", worst)
}

func zooGraph(t *testing.T, name string, o zoo.Options) *ir.Graph {
	t.Helper()
	m, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// trainingStep runs step k of the formula's training.
func trainingStep(t *testing.T, g *ir.Graph, s *golden.Training, k int, state map[string]*interp.Tensor, opts ...interp.Option) map[string]*interp.Tensor {
	t.Helper()
	x, err := interp.FromFloat32(s.Input, zoo.FormulaTensor(fmt.Sprintf("input/%d", k), s.Input, s.Salt))
	if err != nil {
		t.Fatal(err)
	}
	labels := interp.New(s.Batch)
	for i, l := range zoo.FormulaLabels(fmt.Sprintf("labels/%d", k), s.Batch, s.Classes, s.Salt) {
		labels.Data[i] = float64(l)
	}
	in := trainingInputs(x, labels, s.Rate, k)
	out, err := interp.Run(g, in, append(opts, interp.State(state))...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func trainingInputs(x, labels *interp.Tensor, rate float64, step int) map[string]*interp.Tensor {
	scalar := func(x float64) *interp.Tensor { return &interp.Tensor{Shape: []int{}, Data: []float64{x}} }
	return map[string]*interp.Tensor{"input": x, "labels": labels, "learning_rate": scalar(rate), "step": scalar(float64(step)), "seed": scalar(1)}
}

func norm(t *interp.Tensor) float64 {
	if t == nil {
		return math.NaN()
	}
	sum := 0.0
	for _, x := range t.Data {
		sum += x * x
	}
	return math.Sqrt(sum)
}
