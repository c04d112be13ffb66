package weights

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const samples = "testdata/torch"

// Files that PyTorch itself wrote (testdata/torch/make.py), in all its formats.
func TestTorchSamples(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(samples, "want.json"))
	if err != nil {
		t.Fatal(err)
	}
	// For each file and tensor: the shape, and the elements, or null for integers.
	var want map[string]map[string][2]json.RawMessage
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for name, tensors := range want {
		t.Run(name, func(t *testing.T) {
			list, err := Load(filepath.Join(samples, name))
			if err != nil {
				t.Fatal(err)
			}
			if len(list) != len(tensors) {
				t.Errorf("%d tensors, want %d", len(list), len(tensors))
			}
			for _, got := range list {
				var shape []int
				var data []float32
				w := tensors[got.Name]
				if err := json.Unmarshal(w[0], &shape); err != nil {
					t.Fatalf("%s: %v", got.Name, err)
				}
				if err := json.Unmarshal(w[1], &data); err != nil {
					t.Fatalf("%s: %v", got.Name, err)
				}
				if !slices.Equal(got.Shape, shape) || !slices.Equal(got.Data, data) {
					t.Errorf("%s is %v of shape %v, want %v of %v", got.Name, got.Data, got.Shape, data, shape)
				}
			}
		})
	}
}

// Files that PyTorch wrote and that hold more than weights.
func TestTorchSamplesRefused(t *testing.T) {
	for name, want := range map[string]string{
		"module.pth": `the pickle wants "__main__.Net", which is never called here`,
		"script.pt":  "a TorchScript class",
		"list.pth":   "no state_dict",
	} {
		path := filepath.Join(samples, name)
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with %q and the path", name, err, want)
		}
	}
}
