package runtime

// weightAverage holds exponential averages of the weights (Polyak, Juditsky,
// "Acceleration of stochastic approximation by averaging", with the decay that
// Tarvainen and Valpola use): average = decay·average + (1-decay)·weight.
// Batch-norm statistics are averaged alike, as torchvision does it.
type weightAverage struct {
	decay   float32
	tensors []Tensor
}

// newWeightAverage begins with the weights themselves.
func newWeightAverage(decay float64, parameters []Tensor) *weightAverage {
	return &weightAverage{float32(decay), cloneTensors(parameters)}
}

func cloneTensors(tensors []Tensor) []Tensor {
	out := make([]Tensor, len(tensors))
	for i, t := range tensors {
		out[i] = Tensor{t.Name, append([]int{}, t.Shape...), append([]float32{}, t.Data...)}
	}
	return out
}

func (w *weightAverage) update(parameters []Tensor) {
	for i, t := range parameters {
		average := w.tensors[i].Data[:len(t.Data)]
		for j, v := range t.Data {
			// The conversions keep the compiler from fusing operations.
			average[j] += float32((1 - w.decay) * float32(v-average[j]))
		}
	}
}

// during puts the averages in the place of the weights while do runs.
func (w *weightAverage) during(s Stepper, do func() error) error {
	before := cloneTensors(s.Parameters())
	if err := setTensors(s.SetParameter, w.tensors); err != nil {
		return err
	}
	err := do()
	if back := setTensors(s.SetParameter, before); back != nil {
		return back
	}
	return err
}

func setTensors(set func(string, []float32) error, tensors []Tensor) error {
	for _, t := range tensors {
		if err := set(t.Name, t.Data); err != nil {
			return err
		}
	}
	return nil
}
