package codegen

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
	"github.com/resnetc/resnetc/zoo/weights"
)

// TestTrainRecipes takes PyTorch's steps with each optimizer and regularizer, by
// the trainer's own loop, and reads the weights, or their averages, that it leaves.
func TestTrainRecipes(t *testing.T) {
	s, recipes, err := golden.Recipes()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recipes {
		t.Run(r.Name, func(t *testing.T) { testRecipe(t, s, r) })
	}
}

func testRecipe(t *testing.T, s *golden.Training, r golden.Recipe) {
	m, err := zoo.Lookup(s.Model)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{InputSize: [2]int{s.Input[2], s.Input[3]}})
	if err != nil {
		t.Fatal(err)
	}
	zoo.Formula(g, s.Salt)
	if err := passes.Gradient(g, passes.TrainOptions{
		Optimizer: r.Optimizer, Momentum: r.Momentum, Nesterov: r.Nesterov, WeightDecay: r.WeightDecay,
		DecayWeightsOnly: r.DecayWeightsOnly, ClipNorm: r.ClipNorm, LabelSmoothing: r.LabelSmoothing,
	}); err != nil {
		t.Fatal(err)
	}
	tr, err := trainerOf(g, s.Batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	dir := t.TempDir()
	if _, err := runtime.Fit(context.Background(), tr, runtime.FormulaDataset(s.Salt, tr.InputShape(), s.Classes), runtime.FitOptions{
		Dir: dir, Steps: s.Steps, Schedule: runtime.Schedule{Kind: "constant", LR: r.Rate}, EMA: r.EMA,
	}); err != nil {
		t.Fatal(err)
	}
	rows, err := runtime.ReadMetrics(dir)
	if err != nil || len(rows) != s.Steps {
		t.Fatalf("%d rows of metrics, %v, want %d", len(rows), err, s.Steps)
	}
	for k, row := range rows {
		if !(math.Abs(row.Loss/r.Losses[k]-1) <= 1e-4) {
			t.Errorf("step %d: loss %v, want %v", k, row.Loss, r.Losses[k])
		}
	}
	if got, want := float64(tr.GradientNorm()), r.GradientNorms[s.Steps-1]; r.ClipNorm > 0 && !(math.Abs(got/want-1) <= 1e-4) {
		t.Errorf("the norm of the last gradients is %v, want %v", got, want)
	}
	checkNorms(t, savedTensors(t, filepath.Join(dir, "final.safetensors")), r.NormsAfter, 1e-4)
}

func savedTensors(t *testing.T, file string) (list []runtime.Tensor) {
	t.Helper()
	saved, err := weights.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range saved {
		list = append(list, runtime.Tensor{Name: x.Name, Shape: x.Shape, Data: x.Data})
	}
	return list
}
