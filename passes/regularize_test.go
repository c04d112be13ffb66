package passes

import (
	"math"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/zoo"
)

// TestStochasticDepthZoo wants one node for each residual block of a network, on
// the branch with the block's convolutions, with probabilities that grow evenly.
func TestStochasticDepthZoo(t *testing.T) {
	for name, blocks := range map[string]int{
		"resnet20_cifar": 9, "resnet34_c": 16, "resnet50": 16, "resnext50_32x4d": 16, "preact_resnet164_cifar": 54,
	} {
		g := zooGraph(t, name, zoo.Options{})
		if err := Gradient(g, TrainOptions{StochasticDepth: 0.5, Dropout: 0.1}); err != nil {
			t.Fatal(err)
		}
		m, err := zoo.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		last := map[zoo.Block]string{zoo.Basic: "bn2", zoo.Bottleneck: "bn3", zoo.PreAct: "conv3"}[m.Block]
		uses := g.Uses()
		found := 0
		for _, n := range g.Nodes {
			if n.Op != ir.StochasticDepthTrain || uses[n.Out()][0].Op != ir.Add {
				continue // of the way back
			}
			found++
			if want := 0.5 * float64(found) / float64(blocks); math.Abs(n.Float("p")-want) > 1e-12 {
				t.Errorf("%s: block %d is skipped with probability %v, want %v", name, found, n.Float("p"), want)
			}
			if from := n.In("input").Name; len(from) < len(last) || from[len(from)-len(last):] != last {
				t.Errorf("%s: block %d drops %q, want the branch's last layer, %s", name, found, from, last)
			}
		}
		if found != blocks {
			t.Errorf("%s: %d blocks are skipped at random, want %d", name, found, blocks)
		}
		if d := g.Value(m.Family.Head).Def.In("input").Def; d.Op != ir.DropoutTrain || d.Float("p") != 0.1 {
			t.Errorf("%s: the last layer reads a %s", name, d.Op)
		}
	}
	if err := Gradient(zooGraph(t, "plain20_cifar", zoo.Options{}), TrainOptions{StochasticDepth: 0.5}); err == nil {
		t.Error("a plain network has no residual branches: no error")
	}
}
