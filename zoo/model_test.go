package zoo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resnetc/resnetc/zoo/golden"
	"github.com/resnetc/resnetc/zoo/labels"
)

func TestLookup(t *testing.T) {
	for i := range Models {
		m, err := Lookup(Models[i].Name)
		if err != nil || m != &Models[i] {
			t.Errorf("Lookup(%q) = %v, %v", Models[i].Name, m, err)
		}
	}
	for name, want := range map[string]string{
		"resnet51":       "did you mean resnet50",
		"resnext50":      "resnext50_32x4d",
		"resnet20-cifar": "did you mean resnet20_cifar",
		"Resnet18":       "did you mean resnet18",
		"mobilenet_v3":   "resnetc list shows all",
		"":               "resnetc list shows all",
	} {
		_, err := Lookup(name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Lookup(%q): error %v, want one with %q", name, err, want)
		}
	}
}

// The table is written by hand: every row must build, and have all its columns.
func TestModels(t *testing.T) {
	seen := map[string]bool{}
	for i := range Models {
		m := &Models[i]
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if m.Paper.ArXiv == "" || m.Paper.Title == "" {
			t.Errorf("%s has no paper", m.Name)
		}
		if got := len(labels.Names(m.Labels(Options{}))); got != m.Family.Classes {
			t.Errorf("%s has %d labels for %d classes", m.Name, got, m.Family.Classes)
		}
		if got := m.Labels(Options{Classes: 5}); got != "" {
			t.Errorf("%s with 5 classes has labels %q", m.Name, got)
		}
		for _, size := range [][2]int{{}, {1, 1}, {33, 47}} {
			g, err := m.Graph(Options{Classes: 3, InputSize: size})
			if err != nil {
				t.Errorf("%s of size %v: %v", m.Name, size, err)
				continue
			}
			if len(g.Outputs) != 2 || len(g.Outputs[0].Type.Shape) != 2 || g.Outputs[0].Type.Shape[1] != 3 {
				t.Errorf("%s of size %v: outputs %v, want logits of 3 classes and features", m.Name, size, g.Outputs)
			}
		}
	}
	for _, name := range golden.Names() {
		if !seen[name] {
			t.Errorf("no row for %s, which has golden figures", name)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, tt := range []struct {
		model string
		o     Options
		want  string
	}{
		{"resnet18", Options{Classes: -1}, "zoo: resnet18: -1 classes, want 1 to"},
		{"resnet18", Options{Classes: 1 << 30}, "classes, want 1 to"},
		{"resnet18", Options{InputSize: [2]int{224, 0}}, "input of 224x0 pixels, want 1 to 8192"},
		{"resnet18", Options{InputSize: [2]int{-5, 224}}, "input of -5x224 pixels"},
		{"resnet18", Options{InputSize: [2]int{9000, 224}}, "input of 9000x224 pixels"},
		{"resnet50", Options{Classes: maxClasses}, "zoo: resnet50 with an input of 224x224: "},
		{"resnet18", Options{StrideOn1x1: true}, "no 1x1 convolution"},
	} {
		m, err := Lookup(tt.model)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Graph(tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s with %+v: error %v, want one with %q", tt.model, tt.o, err, tt.want)
		}
	}
}

func TestPreprocess(t *testing.T) {
	for _, tt := range []struct {
		model        string
		size         [2]int
		resize, crop int
	}{
		{"resnet50", [2]int{}, 256, 224},
		{"resnet50", [2]int{224, 224}, 256, 224},
		{"resnet50", [2]int{64, 64}, 73, 64},
		{"resnet50", [2]int{448, 448}, 512, 448},
		{"resnet50", [2]int{224, 448}, 0, 0},
		{"resnet20_cifar", [2]int{}, 0, 0},
		{"resnet20_cifar", [2]int{64, 64}, 0, 0},
	} {
		m, err := Lookup(tt.model)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Preprocess(Options{InputSize: tt.size})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Preprocess{tt.resize, tt.crop, mean, std}, got); diff != "" {
			t.Errorf("%s of size %v: (-want +got)\n%s", tt.model, tt.size, diff)
		}
	}
	m, _ := Lookup("resnet50")
	if _, err := m.Preprocess(Options{InputSize: [2]int{-1, 1}}); err == nil {
		t.Error("an impossible size gives no error")
	}
}
