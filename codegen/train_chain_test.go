package codegen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo/golden"
)

// chainsChangeNothing wants the bits of a step row by row from a step that goes by
// chains wherever they can, with one thread and with two, which share the images
// in other ways.  The passes have run on the graph.
func chainsChangeNothing(t *testing.T, what string, g *ir.Graph, images []float32, labels []int32) {
	t.Helper()
	l, err := lowerTrain(g)
	if err != nil {
		return // not a graph to train
	}
	run := func(chainBytes, threads int) (all [][]float32) {
		l.program.ChainBytes = chainBytes
		tr, err := l.trainer(len(labels), threads)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		loss, err := tr.Step(images, labels, 0.1)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		all = append(all, []float32{loss})
		for _, x := range slices.Concat(tr.Parameters(), tr.OptimizerState(), tr.Gradients()) {
			all = append(all, slices.Clone(x.Data))
		}
		return all
	}
	want := run(math.MaxInt, 1)
	for threads := 1; threads <= 2; threads++ {
		for i, x := range run(0, threads) {
			if !slices.EqualFunc(x, want[i], func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b }) {
				t.Errorf("%s, %d threads: tensor %d differs between rows and chains", what, threads, i)
			}
		}
	}
}

// TestTrainChains compares steps with chains and without, of networks that keep
// activations or compute them again, and of random ones.
func TestTrainChains(t *testing.T) {
	for model, size := range map[string]int{"resnet20_cifar": 16, "resnet18": 32} {
		if testing.Short() && model == "resnet18" {
			continue
		}
		s := &golden.Training{Model: model, Batch: 4, Input: []int{4, 3, size, size}, Classes: 10, Momentum: 0.9, WeightDecay: 1e-4}
		arena := 0
		for _, part := range []int{1, 2} { // of the memory
			g := trainingGraph(t, s)
			if err := passes.Run(g, passes.Options{Batch: 4, Memory: 4 * int64(arena) * 4 / int64(part)}); err != nil {
				t.Fatal(err)
			}
			arena = g.Arena
			images, labels := formulaBatch(s, 0)
			chainsChangeNothing(t, fmt.Sprint(model, " with 1/", part, " of its memory"), g, images, labels)
			if model == "resnet18" {
				break
			}
		}
	}
	seeds := uint64(60)
	if testing.Short() {
		seeds = 15
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 11))
		g := irtest.RandomGraph(rng, 4+int(seed%20))
		if len(g.Inputs) != 1 || !headed(g) || passes.Gradient(g, passes.TrainOptions{Momentum: 0.9}) != nil || len(g.Updates) == 0 {
			continue
		}
		inputs := irtest.RandomInput(rng, g, 4)
		var labels []int32
		for range inputs["labels"].Data {
			labels = append(labels, int32(rng.IntN(g.Outputs[1].Type.Shape[1])))
		}
		if err := passes.Run(g, passes.Options{}); err != nil {
			t.Fatal(err)
		}
		chainsChangeNothing(t, g.Name, g, inputs[g.Inputs[0].Name].Float32(), labels)
	}
}
