package codegen

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

func TestTrainLoweringsComplete(t *testing.T) {
	for op := range ir.Ops {
		if _, ok := trainLowerings[op]; !ok && lowerings[op] == nil {
			t.Errorf("trainLowerings has no row for %s", op)
		}
	}
}

// trainingGraph is a zoo network's training step with formula parameters.
func trainingGraph(t testing.TB, s *golden.Training) *ir.Graph {
	t.Helper()
	m, err := zoo.Lookup(s.Model)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{InputSize: [2]int{s.Input[2], s.Input[3]}})
	if err != nil {
		t.Fatal(err)
	}
	zoo.Formula(g, s.Salt)
	if err := passes.Gradient(g, passes.TrainOptions{Momentum: s.Momentum, WeightDecay: s.WeightDecay}); err != nil {
		t.Fatal(err)
	}
	return g
}

// trainerOf lowers a training graph and makes the trainer in this process, with
// the runtime's pure-Go kernels.
func trainerOf(g *ir.Graph, batch, threads int) (*runtime.Trainer, error) {
	return trainerWith(g, passes.Options{}, batch, threads)
}

// trainerWith is trainerOf with options of the passes, and of the trainer.
func trainerWith(g *ir.Graph, o passes.Options, batch, threads int, opts ...runtime.Option) (*runtime.Trainer, error) {
	if err := passes.Run(g, o); err != nil {
		return nil, err
	}
	l, err := lowerTrain(g)
	if err != nil {
		return nil, err
	}
	return l.trainer(batch, threads, opts...)
}

// trainer is a trainer of a lowered graph, with the graph's parameters if it has any.
func (l *trainLowering) trainer(batch, threads int, opts ...runtime.Option) (*runtime.Trainer, error) {
	g := l.graph
	t, err := runtime.NewTrainer(&l.program, batch, append(opts, runtime.WithThreads(threads))...)
	if err != nil {
		return nil, err
	}
	for _, p := range g.Params {
		set := t.SetParameter
		if slices.ContainsFunc(l.program.State, func(s runtime.Slot) bool { return s.Name == p.Name }) {
			set = t.SetOptimizerState
		}
		if err := set(p.Name, p.Data); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func formulaBatch(s *golden.Training, k int) (images []float32, labels []int32) {
	images = zoo.FormulaTensor(fmt.Sprintf("input/%d", k), s.Input, s.Salt)
	for _, l := range zoo.FormulaLabels(fmt.Sprintf("labels/%d", k), s.Batch, s.Classes, s.Salt) {
		labels = append(labels, int32(l))
	}
	return images, labels
}

// TestTrainGolden takes PyTorch's steps with the runtime's pure-Go kernels in
// this process, so without assembly under any build tag; TestTrainMachine does
// with generated packages and more networks.
func TestTrainGolden(t *testing.T) {
	s, err := golden.LoadTraining("resnet20_cifar")
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trainerOf(trainingGraph(t, s), s.Batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for k, want := range s.Losses {
		if testing.Short() && k == 2 {
			return
		}
		images, labels := formulaBatch(s, k)
		loss, err := tr.Step(images, labels, float32(s.Rate))
		if err != nil {
			t.Fatal(err)
		}
		if e := math.Abs(float64(loss)-want) / want; !(e <= lossTolerance(t, s.Model, k)) {
			t.Errorf("step %d: loss %v, want %v: off by %.2g of it", k, loss, want, e)
		}
		if k == 0 {
			checkNorms(t, tr.Gradients(), s.GradientNorms, 1e-4)
		}
	}
	_, spread, err := golden.LoadSpread(s.Model)
	if err != nil {
		t.Fatal(err)
	}
	checkNorms(t, tr.Parameters(), s.NormsAfter, golden.Tolerance(spread.NormsAfter))
}

// lossTolerance is how far the loss of a step may lie from PyTorch's in float64,
// relative to it.  After the first step that is as far as PyTorch's own in
// float32 does for the worst of several salts: rounding decides which inputs of
// ReLUs next to zero come out above it, in its run as in ours.
func lossTolerance(t *testing.T, model string, step int) float64 {
	t.Helper()
	own, largest, err := golden.LoadSpread(model)
	if err != nil {
		t.Fatal(err)
	}
	if step == 0 {
		return golden.FirstLoss
	}
	return golden.Tolerance(max(own.Losses[step], largest.Losses[step]))
}

func checkNorms(t *testing.T, tensors []runtime.Tensor, want map[string]float64, tolerance float64) {
	t.Helper()
	found := 0
	for _, x := range tensors {
		w, ok := want[x.Name]
		if !ok {
			continue
		}
		found++
		sum := 0.0
		for _, v := range x.Data {
			sum += float64(v) * float64(v)
		}
		if got := math.Sqrt(sum); !(math.Abs(got-w) <= tolerance*w) {
			t.Errorf("norm of %s is %v, want %v", x.Name, got, w)
		}
	}
	if found == 0 || found < len(want) {
		t.Errorf("%d of %d tensors were there", found, len(want))
	}
}

// TestTrainThreads wants the same bits for one thread and for two.
func TestTrainThreads(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 3, Input: []int{3, 3, 16, 16}, Classes: 10, Rate: 0.1, Momentum: 0.9, WeightDecay: 1e-4}
	var runs [2][]runtime.Tensor
	for i := range runs {
		tr, err := trainerOf(trainingGraph(t, s), s.Batch, i+1)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 2 {
			images, labels := formulaBatch(s, k)
			if _, err := tr.Step(images, labels, 0.1); err != nil {
				t.Fatal(err)
			}
		}
		runs[i] = append(tr.Parameters(), tr.OptimizerState()...)
		tr.Close()
	}
	for i, x := range runs[0] {
		if !slices.Equal(x.Data, runs[1][i].Data) {
			t.Errorf("%s differs between one thread and two", x.Name)
		}
	}
}

// TestTrainAllocations wants steps to allocate nothing.
func TestTrainAllocations(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 2, Input: []int{2, 3, 8, 8}, Classes: 10, Momentum: 0.9}
	tr, err := trainerOf(trainingGraph(t, s), s.Batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	images, labels := formulaBatch(s, 0)
	if n := testing.AllocsPerRun(3, func() {
		if _, err := tr.Step(images, labels, 0.1); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// gradientsOf gives the gradients of a training graph's parameters, by the
// interpreter (in float64 but for the options), under the names of these.
func gradientsOf(g *ir.Graph, inputs map[string]*interp.Tensor, opts ...interp.Option) (loss float64, grads map[string][]float64, err error) {
	out, err := interp.Run(g, inputs, append(opts, interp.KeepAll())...)
	if err != nil {
		return 0, nil, err
	}
	grads = map[string][]float64{}
	for _, n := range g.Nodes {
		if isUpdate(n) {
			grads[n.In("param").Name] = out[n.In("grad").Name].Data
		}
	}
	return out[g.Outputs[0].Name].Data[0], grads, nil
}
