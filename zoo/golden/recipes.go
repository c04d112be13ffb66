package golden

import (
	"maps"
	"slices"
)

// Recipe is what some steps with one optimizer and its regularizers do to a
// network: torch.optim.SGD or AdamW, torch.nn.utils.clip_grad_norm_, label
// smoothing, and averages of the weights by torch.optim.swa_utils.
type Recipe struct {
	Name             string
	Optimizer        string  `json:"optimizer"` // sgd or adamw
	Rate             float64 `json:"lr"`
	Momentum         float64 `json:"momentum"`
	Nesterov         bool    `json:"nesterov"`
	WeightDecay      float64 `json:"weight_decay"`
	DecayWeightsOnly bool    `json:"decay_weights_only"` // none on parameters of one axis
	ClipNorm         float64 `json:"clip_norm"`          // 0 for none
	LabelSmoothing   float64 `json:"label_smoothing"`
	EMA              float64 `json:"ema"` // decay of the averages; 0 for none

	Losses []float64 `json:"losses"` // of each step, before its update
	// GradientNorms are those of all gradients together, before clipping, of
	// each step.
	GradientNorms []float64 `json:"gradient_norms"`
	// NormsAfter are those of parameters and running statistics after all
	// steps; with EMA, of their averages.
	NormsAfter map[string]float64 `json:"norms_after"`
}

// Recipes returns figures for each optimizer and regularizer, in alphabetical
// order of their names, and the training that they have in common, without
// figures of its own.  testdata/recipes.py computed them in float64.
func Recipes() (*Training, []Recipe, error) {
	var all struct {
		Training
		Recipes map[string]Recipe
	}
	if err := decode("recipes.json", &all); err != nil {
		return nil, nil, err
	}
	all.Batch = all.Input[0]
	var list []Recipe
	for _, name := range slices.Sorted(maps.Keys(all.Recipes)) {
		r := all.Recipes[name]
		r.Name = name
		list = append(list, r)
	}
	return &all.Training, list, nil
}
