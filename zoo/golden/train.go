package golden

import "os"

// Training is what some steps of torch.optim.SGD do to one network: step k
// takes the batch "input/k" with the labels "labels/k" of the formula, with
// weight decay on every parameter, without Nesterov's method or dampening.
type Training struct {
	Model       string    `json:"model"`
	Salt        string    `json:"salt"`
	Batch       int       `json:"batch"`
	Input       []int     `json:"input"` // N, C, H, W
	Classes     int       `json:"classes"`
	Steps       int       `json:"steps"`
	Rate        float64   `json:"lr"`
	Momentum    float64   `json:"momentum"`
	WeightDecay float64   `json:"weight_decay"`
	Losses      []float64 `json:"losses"` // of each step, before its update
	// GradientNorms are those of the first step, by parameter.
	GradientNorms map[string]float64 `json:"gradient_norms_step0"`
	// NormsAfter are those of parameters and running statistics after all steps.
	NormsAfter map[string]float64 `json:"norms_after"`
}

// TrainingNames lists the models whose training there are figures for, in
// alphabetical order.
func TrainingNames() []string { return names("train-") }

// LoadTraining returns the figures of one model's training.
func LoadTraining(model string) (*Training, error) { return load[Training]("train-", model) }

// ReadTraining reads the figures of one model's training from a folder, such
// as that in which make_golden.py left those for another salt.
func ReadTraining(dir, model string) (*Training, error) {
	return read[Training](os.DirFS(dir), ".", "train-", model)
}
