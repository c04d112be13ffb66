package codegen

import (
	"math"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

// TestTrainEvaluate compares the logits of a trainer with those of the network
// for inference, before and after a step, which an evaluation must not change.
func TestTrainEvaluate(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 3, Input: []int{3, 3, 16, 16}, Classes: 10, Momentum: 0.9}
	images, labels := formulaBatch(s, 0)
	tr, err := trainerOf(trainingGraph(t, s), s.Batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	again, err := trainerOf(trainingGraph(t, s), s.Batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for step := range 2 {
		logits := make([]float32, s.Batch*s.Classes)
		if err := tr.Evaluate(logits, images); err != nil {
			t.Fatal(err)
		}
		if err := nearTensor("logits", logits, inferred(t, s, tr.Parameters(), images)); err != nil {
			t.Errorf("step %d: %v", step, err)
		}
		a, err := tr.Step(images, labels, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := again.Step(images, labels, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		if a != b || !slices.Equal(tr.Logits(), again.Logits()) {
			t.Errorf("step %d: loss %v after an evaluation, %v without one", step, a, b)
		}
	}
	if err := tr.Evaluate(make([]float32, 10), images); err == nil {
		t.Error("10 logits for 3 images: no error")
	}
}

// inferred gives the logits that the interpreter computes for inference.
func inferred(t *testing.T, s *golden.Training, params []runtime.Tensor, images []float32) []float64 {
	t.Helper()
	m, err := zoo.Lookup(s.Model)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{InputSize: [2]int{s.Input[2], s.Input[3]}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if v := g.Value(p.Name); v != nil {
			v.Data = p.Data
		}
	}
	x, err := interp.FromFloat32(s.Input, images)
	if err != nil {
		t.Fatal(err)
	}
	out, err := interp.Run(g, map[string]*interp.Tensor{g.Inputs[0].Name: x})
	if err != nil {
		t.Fatal(err)
	}
	return out[g.Outputs[0].Name].Data
}

// TestTrainRefuses gives a trainer bad input, and one that makes the loss infinite.
func TestTrainRefuses(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 2, Input: []int{2, 3, 8, 8}, Classes: 10, Momentum: 0.9}
	images, labels := formulaBatch(s, 0)
	tr, err := trainerOf(trainingGraph(t, s), s.Batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	before := tr.Parameters()
	for name, step := range map[string]func() error{
		"a label too many":   func() error { _, err := tr.Step(images, append(labels[:2:2], 1), 0.1); return err },
		"a label of 10":      func() error { _, err := tr.Step(images, []int32{1, 10}, 0.1); return err },
		"a label of -1":      func() error { _, err := tr.Step(images, []int32{-1, 1}, 0.1); return err },
		"half an image":      func() error { _, err := tr.Step(images[:96], labels[:1], 0.1); return err },
		"no image":           func() error { _, err := tr.Step(nil, nil, 0.1); return err },
		"a parameter's size": func() error { return tr.SetParameter("conv1.weight", make([]float32, 5)) },
		"a parameter's name": func() error { return tr.SetParameter("conv7.weight", make([]float32, 5)) },
		"a state's name":     func() error { return tr.SetOptimizerState("conv1.weight", make([]float32, 432)) },
	} {
		if err := step(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for i, x := range tr.Parameters() {
		if !slices.Equal(x.Data, before[i].Data) {
			t.Errorf("%s has changed after errors", x.Name)
		}
	}
	if name := tr.NonFinite(); name != "" {
		t.Errorf("%s is not finite before any step", name)
	}
	images[5] = float32(math.NaN())
	if loss, err := tr.Step(images, labels, 0.1); err != nil || loss == loss {
		t.Errorf("loss %v of an image with a NaN, error %v", loss, err)
	}
	if name := tr.NonFinite(); name != "bn1" {
		t.Errorf("the first layer that is not finite is %q, want bn1", name)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if _, err := tr.Step(images, labels, 0.1); err == nil {
		t.Error("a closed trainer steps")
	}
}
