package passes

import (
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/zoo"
)

// TestNetworkIdentity wants the same identity of a network whatever it is called
// and however its training is compiled, and another one of every other network.
func TestNetworkIdentity(t *testing.T) {
	identity := func(model string, o zoo.Options, train TrainOptions, rename bool, lower Options) string {
		m, err := zoo.Lookup(model)
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.Graph(o)
		if err != nil {
			t.Fatal(err)
		}
		if rename {
			g.Name = "other"
		}
		zoo.Formula(g, "")
		if err := Gradient(g, train); err != nil {
			t.Fatal(err)
		}
		if err := Run(g, lower); err != nil {
			t.Fatal(err)
		}
		return g.Network
	}
	small := zoo.Options{InputSize: [2]int{32, 32}}
	want := identity("resnet20_cifar", small, TrainOptions{}, false, Options{})
	if want == "" || identity("resnet20_cifar", zoo.Options{}, TrainOptions{Optimizer: "adamw", Dropout: 0.5}, true, Options{Fast: true, Memory: 1 << 20}) != want {
		t.Errorf("name, recipe, memory and speed change the identity %q", want)
	}
	seen := map[string]string{want: "resnet20_cifar"}
	for name, got := range map[string]string{
		"plain20_cifar":     identity("plain20_cifar", small, TrainOptions{}, false, Options{}),
		"input size":        identity("resnet20_cifar", zoo.Options{InputSize: [2]int{24, 24}}, TrainOptions{}, false, Options{}),
		"resnet50":          identity("resnet50", small, TrainOptions{}, false, Options{}),
		"resnet50, strides": identity("resnet50", zoo.Options{InputSize: [2]int{32, 32}, StrideOn1x1: true}, TrainOptions{}, false, Options{}),
	} {
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s have the same identity %s", name, other, got)
		}
		seen[got] = name
	}
	if (&ir.Graph{}).Clone().Network != "" || (&ir.Graph{Network: "x"}).Clone().Network != "x" {
		t.Error("a clone has another identity")
	}
}
