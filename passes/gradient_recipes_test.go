package passes

import (
	"fmt"
	"math"
	"testing"

	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

// TestRecipes takes PyTorch's steps with each optimizer and regularizer, in
// float64.  The averages of weights are the trainer's, not the graph's.
func TestRecipes(t *testing.T) {
	s, recipes, err := golden.Recipes()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recipes {
		t.Run(r.Name, func(t *testing.T) {
			g := zooGraph(t, s.Model, zoo.Options{InputSize: [2]int{s.Input[2], s.Input[3]}})
			zoo.Formula(g, s.Salt)
			if err := Gradient(g, TrainOptions{
				Optimizer: r.Optimizer, Momentum: r.Momentum, Nesterov: r.Nesterov, WeightDecay: r.WeightDecay,
				DecayWeightsOnly: r.DecayWeightsOnly, ClipNorm: r.ClipNorm, LabelSmoothing: r.LabelSmoothing,
			}); err != nil {
				t.Fatal(err)
			}
			near := func(what string, got, want float64) {
				t.Helper()
				if e := math.Abs(got/want - 1); !(e <= trainingTolerance) {
					t.Errorf("%s is %v, want %v: off by %.2g", what, got, want, e)
				}
			}
			train := *s
			train.Rate = r.Rate
			state := map[string]*interp.Tensor{}
			for k := range s.Steps {
				out := trainingStep(t, g, &train, k, state)
				near(fmt.Sprint("the loss of step ", k), out["loss"].Data[0], r.Losses[k])
				if r.ClipNorm > 0 {
					near(fmt.Sprint("the gradients' norm of step ", k), out[g.Outputs[2].Name].Data[0], r.GradientNorms[k])
				}
			}
			if r.EMA > 0 {
				return
			}
			for name, want := range r.NormsAfter {
				near("the norm of "+name, norm(state[name]), want)
			}
		})
	}
}
