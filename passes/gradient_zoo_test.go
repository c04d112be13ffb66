package passes

import (
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/zoo"
)

// TestGradientZoo makes a training step of every network of the zoo, without
// weights: it trains every parameter and averages every statistic.
func TestGradientZoo(t *testing.T) {
	for _, m := range zoo.Models {
		if testing.Short() && strings.Contains(m.Name, "10") {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			g := zooGraph(t, m.Name, zoo.Options{})
			params, count, macs := g.Params, g.ParamCount(), g.MACs()
			if err := Gradient(g, TrainOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := g.ParamCount(); got != count {
				t.Errorf("%d parameters are trained, want %d", got, count)
			}
			updated := map[*ir.Value]ir.OpName{}
			for _, u := range g.Updates {
				updated[u.Param] = u.Value.Def.Op
			}
			for _, p := range params {
				want := ir.SGD
				if strings.Contains(p.Name, ".running_") {
					want = ir.RunningAverage
				}
				if updated[p] != want {
					t.Errorf("%q is updated by %q, want %q", p.Name, updated[p], want)
				}
			}
			first := g.Nodes[0] // no gradient flows to the images
			if got, want := g.MACs(), 3*macs-ir.MACs(first); got != want {
				t.Errorf("%d multiply-adds per image, want %d", got, want)
			}
		})
	}
}

// TestGradientTrains trains a small network to tell bright from dark images,
// which the inference graph with the trained parameters then can, by the
// running statistics.
func TestGradientTrains(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	const images, side, steps = 8, 8, 40
	for name, c := range map[string]struct {
		o    TrainOptions
		rate float64
	}{
		"sgd":   {TrainOptions{Momentum: 0.9, Nesterov: true, WeightDecay: 1e-4, ClipNorm: 5}, 0.02},
		"adamw": {TrainOptions{Optimizer: "adamw", WeightDecay: 0.01, DecayWeightsOnly: true, LabelSmoothing: 0.05}, 0.005},
	} {
		t.Run(name, func(t *testing.T) {
			inference := zooGraph(t, "resnet8_cifar", zoo.Options{Classes: 2, InputSize: [2]int{side, side}})
			zoo.Formula(inference, "")
			g := inference.Clone()
			if err := Gradient(g, c.o); err != nil {
				t.Fatal(err)
			}
			labels, shape := interp.New(images), []int{images, 3, side, side}
			batch := func(k string) *interp.Tensor {
				x, err := interp.FromFloat32(shape, zoo.FormulaTensor("input/"+k, shape, ""))
				if err != nil {
					t.Fatal(err)
				}
				for n := range images {
					labels.Data[n] = float64(n % 2)
					for i := range x.Data[:3*side*side] {
						x.Data[n*3*side*side+i] += 0.5*labels.Data[n] - 0.25
					}
				}
				return x
			}
			state := map[string]*interp.Tensor{}
			var losses []float64
			for k := range steps {
				out, err := interp.Run(g, trainingInputs(batch(string(rune('a'+k))), labels, c.rate, k), interp.State(state))
				if err != nil {
					t.Fatal(err)
				}
				losses = append(losses, out["loss"].Data[0])
			}
			if last := losses[steps-1]; !(last < losses[0]/3) {
				t.Errorf("the losses of %d steps are %.3v", steps, losses)
			}
			maps.DeleteFunc(state, func(name string, _ *interp.Tensor) bool { return inference.Value(name) == nil })
			out, err := interp.Run(inference, map[string]*interp.Tensor{"input": batch("test")}, interp.State(state))
			if err != nil {
				t.Fatal(err)
			}
			right, logits := 0, out[inference.Outputs[0].Name].Data
			for n := range images {
				if (logits[2*n+1] > logits[2*n]) == (labels.Data[n] == 1) && !math.IsNaN(logits[2*n]) {
					right++
				}
			}
			if right != images {
				t.Errorf("%d of %d new images are classified rightly", right, images)
			}
		})
	}
}
