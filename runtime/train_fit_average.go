package runtime

// weightAverage holds exponential averages of the weights (Polyak, Juditsky,
// "Acceleration of stochastic approximation by averaging", with the decay that
// Tarvainen and Valpola use): average = decay·average + (1-decay)·weight.
// Batch-norm statistics are averaged alike, as torchvision does it.
type weightAverage struct {
	decay   float32
	tensors []Tensor
	weight  []float32 // of one tensor at a time, where the stepper copies
}

// newWeightAverage begins with the weights themselves.
func newWeightAverage(decay float64, parameters []Tensor) *weightAverage {
	return &weightAverage{decay: float32(decay), tensors: cloneTensors(parameters)}
}

func cloneTensors(tensors []Tensor) []Tensor {
	out := make([]Tensor, len(tensors))
	for i, t := range tensors {
		out[i] = Tensor{t.Name, append([]int{}, t.Shape...), append([]float32{}, t.Data...)}
	}
	return out
}

// update takes the weights as they are after a step.
func (w *weightAverage) update(s Stepper) {
	reader, ok := s.(ParameterReader)
	if !ok {
		for i, t := range s.Parameters() {
			w.add(i, t.Data)
		}
		return
	}
	for i, t := range w.tensors {
		if len(w.weight) < len(t.Data) {
			w.weight = make([]float32, len(t.Data))
		}
		weight := w.weight[:len(t.Data)]
		reader.ReadParameter(i, weight)
		w.add(i, weight)
	}
}

func (w *weightAverage) add(i int, weight []float32) {
	average := w.tensors[i].Data[:len(weight)]
	for j, v := range weight {
		// The conversions keep the compiler from fusing operations.
		average[j] += float32((1 - w.decay) * float32(v-average[j]))
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
