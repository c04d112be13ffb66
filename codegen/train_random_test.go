package codegen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo"
)

// TestTrainRandomGraphs compares a step of random networks with the interpreter
// in float64, on the graph as it was before all passes: the loss, every element
// of every gradient, and all that the step changes.
func TestTrainRandomGraphs(t *testing.T) {
	tested, seeds := 0, uint64(200)
	if testing.Short() {
		seeds = 40
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 7))
		g := irtest.RandomGraph(rng, 4+int(seed%20))
		o := passes.TrainOptions{LabelSmoothing: []float64{0, 0.1}[seed%2], Momentum: 0.9, Nesterov: seed%3 == 0, WeightDecay: 0.01}
		if seed%4 == 0 {
			o.Optimizer = "adamw"
		}
		if seed%5 == 0 {
			o.ClipNorm = 1
		}
		if len(g.Inputs) != 1 || !headed(g) || passes.Gradient(g, o) != nil || len(g.Updates) == 0 {
			continue // nothing to train
		}
		tested++
		err := compareTraining(g, rng, int(seed))
		if err != nil && (strings.Contains(err.Error(), "parameters only") || strings.Contains(err.Error(), "from the images")) {
			tested-- // computes weights, or images from constants
			continue
		}
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	if tested < int(seeds)/3 {
		t.Errorf("only %d of %d graphs were fit for the test", tested, seeds)
	}
}

// headed gives a graph logits, [N,classes], from its first output that a node computes.
func headed(g *ir.Graph) bool {
	for _, v := range nodeResults(g.Outputs) {
		var err error
		if len(v.Type.Shape) == 4 {
			if v, err = g.Add(ir.Flatten, "head.flat", nil, v); err != nil {
				return false
			}
		}
		if len(v.Type.Shape) != 2 || v.Def == nil {
			continue
		}
		g.Outputs = []*ir.Value{v}
		return true
	}
	return false
}

func compareTraining(g *ir.Graph, rng *rand.Rand, step int) error {
	const rate = 0.1
	inputs := irtest.RandomInput(rng, g, 3)
	inputs["learning_rate"].Data[0], inputs["step"].Data[0], inputs["seed"].Data[0] = rate, float64(step), 0
	var labels []int32
	for n := range inputs["labels"].Data {
		l := rng.IntN(g.Outputs[1].Type.Shape[1])
		inputs["labels"].Data[n] = float64(l)
		labels = append(labels, int32(l))
	}
	wantLoss, grads, err := gradientsOf(g, inputs)
	if err != nil {
		return nil // a batch norm of one element
	}
	state := map[string]*interp.Tensor{}
	if _, err := interp.Run(g, inputs, interp.State(state)); err != nil {
		return err
	}
	images := inputs[g.Inputs[0].Name].Float32()
	tr, err := trainerWith(g, passes.Options{Fast: step%2 == 1}, 3, 2)
	if err != nil {
		return err
	}
	defer tr.Close()
	data := map[string][]float32{}
	tr.SetSteps(step)
	loss, err := tr.Step(images, labels, rate)
	if err != nil {
		return err
	}
	if !(math.Abs(float64(loss)-wantLoss) <= 1e-5*max(1, math.Abs(wantLoss))) {
		return fmt.Errorf("loss %v, want %v", loss, wantLoss)
	}
	for _, x := range tr.Gradients() {
		if err := nearTensor("gradient "+x.Name, x.Data, grads[x.Name]); err != nil {
			return err
		}
	}
	for _, x := range append(tr.Parameters(), tr.OptimizerState()...) {
		data[x.Name] = x.Data
	}
	for name, want := range state {
		if data[name+".m"] != nil {
			continue // AdamW's first step is the gradient's sign, whatever its size
		}
		if err := nearTensor(name, data[name], want.Data); err != nil {
			return err
		}
	}
	return nil
}

// nearTensor wants elements to agree, relative to the largest of the tensor.
func nearTensor(name string, got []float32, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s has %d elements, want %d", name, len(got), len(want))
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= 2e-4*largest+2e-5) {
			return fmt.Errorf("%s: element %d is %v, want %v (largest %v)", name, i, got[i], w, largest)
		}
	}
	return nil
}

// TestTrainRegularized compares steps with dropout and stochastic depth by the
// options of training with the interpreter, as TestTrainRandomGraphs does.
func TestTrainRegularized(t *testing.T) {
	m, err := zoo.Lookup("resnet8_cifar")
	if err != nil {
		t.Fatal(err)
	}
	for step := range 4 {
		g, err := m.Graph(zoo.Options{InputSize: [2]int{16, 16}})
		if err != nil {
			t.Fatal(err)
		}
		zoo.Formula(g, "")
		if err := passes.Gradient(g, passes.TrainOptions{Momentum: 0.9, Dropout: 0.25, StochasticDepth: 0.5}); err != nil {
			t.Fatal(err)
		}
		if err := compareTraining(g, rand.New(rand.NewPCG(uint64(step), 8)), step); err != nil {
			t.Errorf("step %d: %v", step, err)
		}
	}
}
