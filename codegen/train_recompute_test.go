package codegen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo/golden"
)

// runSteps takes steps on formula batches and gives the losses, then all that
// the steps changed.
func runSteps(t *testing.T, tr *runtime.Trainer, s *golden.Training, steps int) (losses []float32, after []runtime.Tensor) {
	t.Helper()
	for k := range steps {
		images, labels := formulaBatch(s, k)
		loss, err := tr.Step(images, labels, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	return losses, slices.Concat(tr.Parameters(), tr.OptimizerState(), tr.Gradients())
}

func sameSteps(t *testing.T, what string, wantLosses, losses []float32, want, got []runtime.Tensor) {
	t.Helper()
	if !slices.Equal(losses, wantLosses) {
		t.Errorf("%s: losses %v, want %v", what, losses, wantLosses)
	}
	for i, x := range got {
		if x.Name != want[i].Name || !slices.Equal(x.Data, want[i].Data) {
			t.Errorf("%s: tensor %d, %s, differs", what, i, x.Name)
		}
	}
}

// TestTrainRecompute trains networks within several limits of memory: losses,
// parameters, statistics and gradients have the bits that they have without one.
func TestTrainRecompute(t *testing.T) {
	names := []string{"resnet20_cifar", "resnet56_cifar"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := &golden.Training{Model: name, Batch: 3, Input: []int{3, 3, 16, 16}, Classes: 10, Momentum: 0.9, WeightDecay: 1e-4}
			g := trainingGraph(t, s)
			tr, err := trainerOf(g, s.Batch, 2)
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			losses, want := runSteps(t, tr, s, 2)
			for _, percent := range []int64{80, 50, 35} {
				limited := trainingGraph(t, s)
				o := passes.Options{Batch: s.Batch, Memory: 4 * int64(g.Arena) * int64(s.Batch) * percent / 100}
				again, err := trainerWith(limited, o, s.Batch, 2)
				if err != nil {
					t.Fatal(err)
				}
				defer again.Close()
				if limited.Arena*100 > g.Arena*int(percent) {
					t.Errorf("an arena of %d, want %d percent of %d", limited.Arena, percent, g.Arena)
				}
				got, after := runSteps(t, again, s, 2)
				sameSteps(t, fmt.Sprintf("%d percent", percent), losses, got, want, after)
			}
		})
	}
}

// TestTrainRecomputeRandom does the same with random networks, which have
// dropout and all kinds of layers.
func TestTrainRecomputeRandom(t *testing.T) {
	tested := 0
	for seed := range uint64(150) {
		network := func() (*ir.Graph, []float32, []int32) {
			rng := rand.New(rand.NewPCG(seed, 8))
			g := irtest.RandomGraph(rng, 8+int(seed%20))
			if len(g.Inputs) != 1 || !headed(g) || passes.Gradient(g, passes.TrainOptions{Momentum: 0.9}) != nil || len(g.Updates) == 0 {
				return nil, nil, nil
			}
			labels := []int32{0, 0, int32(g.Outputs[1].Type.Shape[1] - 1)}
			return g, irtest.RandomInput(rng, g, 3)[g.Inputs[0].Name].Float32(), labels
		}
		step := func(memory int64) (losses []float32, after []runtime.Tensor, arena int, err error) {
			g, images, labels := network()
			if g == nil {
				return nil, nil, 0, fmt.Errorf("nothing to train")
			}
			tr, err := trainerWith(g, passes.Options{Batch: 3, Memory: memory}, 3, 2)
			if err != nil {
				return nil, nil, 0, err
			}
			defer tr.Close()
			loss, err := tr.Step(images, labels, 0.1)
			return []float32{loss}, slices.Concat(tr.Parameters(), tr.OptimizerState(), tr.Gradients()), g.Arena, err
		}
		wantLoss, want, arena, err := step(0)
		if err != nil || wantLoss[0] != wantLoss[0] {
			continue
		}
		for _, percent := range []int{85, 70} {
			loss, got, _, err := step(4 * 3 * int64(arena) * int64(percent) / 100)
			if err != nil && strings.Contains(err.Error(), "the memory limit is") {
				continue
			}
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			tested++
			sameSteps(t, fmt.Sprintf("seed %d, %d percent", seed, percent), wantLoss, loss, want, got)
		}
	}
	if tested < 5 {
		t.Errorf("only %d limits were met", tested)
	}
}

// TestTrainMemory compares what the compiler says that a step takes with what a
// trainer holds.
func TestTrainMemory(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 4, Input: []int{4, 3, 32, 32}, Momentum: 0.9}
	g := trainingGraph(t, s)
	before := g.Clone()
	if err := passes.Run(before, passes.Options{StopAfter: "layout"}); err != nil {
		t.Fatal(err)
	}
	fixed, err := TrainMemory(before, s.Batch)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trainerWith(g, passes.Options{Batch: s.Batch, Memory: fixed + 4<<20, FixedMemory: fixed}, s.Batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	l, err := lowerTrain(g)
	if err != nil {
		t.Fatal(err)
	}
	want := fixed - processMemory - l.savedMemory() - int64(processThreads-1)*4*int64(l.program.ThreadScratch) + 4*int64(g.Arena)*int64(s.Batch)
	if got := int64(tr.Bytes()); got > want || got < want*9/10 {
		t.Errorf("the trainer holds %d bytes, the compiler says %d", got, want)
	}
}
