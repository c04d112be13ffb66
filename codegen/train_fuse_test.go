package codegen

import (
	"testing"

	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo/golden"
)

// TestTrainFusions counts the rows of a residual network's step: every ReLU shares a
// row with a batch norm, and so does the gradient of those that nothing is added to.
func TestTrainFusions(t *testing.T) {
	g := trainingGraph(t, &golden.Training{Model: "resnet20_cifar", Input: []int{1, 3, 32, 32}, Momentum: 0.9})
	if err := passes.Run(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	l, err := lowerTrain(g)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range l.program.Layers {
		name := r.Op.String()
		if r.Op == runtime.TrainForward {
			name = r.Layer.Op.String()
		}
		count[name]++
		if r.Mask.Channels > 0 {
			count["masked"]++
		}
		if r.FromInput {
			count["masked from input"]++
		}
		if r.Op == runtime.TrainBatchNorm && r.Layer.ReLU {
			count["norm and relu"]++
		}
	}
	t.Log(count)
	// 19 batch norms, each followed by a ReLU, nine after an addition.
	for name, want := range map[string]int{"batch_norm_train": 19, "norm and relu": 19, "relu": 0, "batch_norm_grad": 19, "masked": 0, "masked from input": 10, "relu_grad": 9} {
		if count[name] != want {
			t.Errorf("%d rows %s, want %d", count[name], name, want)
		}
	}
}
