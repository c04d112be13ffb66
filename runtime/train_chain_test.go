package runtime

import (
	"slices"
	"testing"
)

// TestChains finds the chains of the rows of a residual block's two ways.
func TestChains(t *testing.T) {
	b := Buffer{Channels: 16, Height: 16, Width: 16, Block: 16}
	row := func(op TrainOp, weight int) TrainLayer {
		return TrainLayer{Op: op, Layer: Layer{In: b, Out: b, Weight: weight}}
	}
	const packed = 1000
	large := row(TrainForward, packed)
	large.Layer.Winograd = 4 // whose products all threads share
	dropped := row(TrainChannelGrad, 0)
	dropped.Layer.Out = Buffer{}
	p := &TrainProgram{Layers: []TrainLayer{
		row(TrainForward, 10), // 0: a convolution, with the sums of 1
		row(TrainBatchNorm, 20),
		row(TrainRunningAverage, 0),
		row(TrainTransform, packed),
		row(TrainForward, packed), // 4: with the sweep of 1
		row(TrainBatchNorm, 30),
		row(TrainTransform, packed), // 6: not for a chain, nor is 7
		large,
		row(TrainLoss, 0),
		row(TrainForward, 40), // 9: reads the weights of 10 after 9 and 11 have packed them
		row(TrainTurn, packed),
		row(TrainForward, packed),
		row(TrainTurn, packed),
		row(TrainForward, packed),
		row(TrainReLUGrad, 0),
		row(TrainChannelGrad, 50), // 15
		row(TrainWeightGrad, 0),
		row(TrainTurn, packed), // 17: must not write what 16 reads
		row(TrainForward, packed),
		row(TrainWeightGrad, 0),
		dropped, // 20
		row(TrainSGD, 0),
	}}
	for i := range p.Layers {
		if l := &p.Layers[i].Layer; p.Layers[i].Op == TrainForward {
			l.Op, l.Kernel = OpConv, [2]int{3, 3}
		}
	}
	links := p.chains()
	for i, want := range map[int][]stage{
		0:  {{0, 0}, {1, 0}},
		1:  {{1, 2}, {4, 0}, {5, 0}},
		9:  {{9, 0}, {11, 0}},
		13: {{13, 0}, {14, 0}, {15, 0}},
		18: {{18, 0}, {20, 0}},
	} {
		if !slices.Equal(links[i].chain, want) {
			t.Errorf("chain from row %d is %v, want %v", i, links[i].chain, want)
		}
	}
	for i, l := range links {
		begins := slices.Contains([]int{0, 1, 9, 13, 18}, i)
		all := slices.Contains([]int{3, 4, 10, 11, 14}, i)
		first := slices.Contains([]int{1, 5, 15, 20}, i)
		if (l.chain != nil) != begins || l.all != all || (l.by >= 0) != (all || first) {
			t.Errorf("row %d: %+v", i, l)
		}
	}
	if links[1].pack != 3 || links[9].pack != 10 || links[13].pack != -1 {
		t.Errorf("rows %d, %d and %d pack weights, want 3, 10 and none", links[1].pack, links[9].pack, links[13].pack)
	}
}
