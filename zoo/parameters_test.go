package zoo

import (
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/zoo/golden"
)

func graph(t *testing.T, name string, o Options) *ir.Graph {
	t.Helper()
	m, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestParametersOfGoldens(t *testing.T) {
	if len(golden.Names()) < 21 {
		t.Fatalf("%d goldens, want at least 21", len(golden.Names()))
	}
	for _, name := range golden.Names() {
		want, err := golden.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := graph(t, name, Options{}).ParamCount(); got != want.Parameters {
			t.Errorf("%s: %d parameters, PyTorch has %d", name, got, want.Parameters)
		}
	}
}

// The goldens have no figures for these; torchvision's documentation does
// (num_params of each weights class).
func TestParametersOfTorchvision(t *testing.T) {
	for name, want := range map[string]int{
		"resnext101_32x8d": 88791336,
		"resnext101_64x4d": 83455272,
		"wide_resnet101_2": 126886696,
	} {
		if got := graph(t, name, Options{}).ParamCount(); got != want {
			t.Errorf("%s: %d parameters, torchvision has %d", name, got, want)
		}
	}
}
