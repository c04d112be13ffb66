package golden

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed testdata/infer-*.json testdata/train-*.json testdata/float32-spread*.json testdata/recipes.json
var files embed.FS

// Golden is what PyTorch computes for one network and one batch.
type Golden struct {
	Model      string `json:"model"`
	Salt       string `json:"salt"`       // of the formula
	Batch      int    `json:"batch"`      // images
	Input      []int  `json:"input"`      // N, C, H, W of the tensor "input"
	Parameters int    `json:"parameters"` // that training changes: without running statistics
	// FeaturesFirst8 and FeaturesSum are the first eight features of each
	// image and the sum of all of them.
	FeaturesFirst8 [][]float64 `json:"features_first8"`
	FeaturesSum    []float64   `json:"features_sum"`
	Logits         [][]float64 `json:"logits"` // of each image
}

// Names lists the models that there are figures for, in alphabetical order.
func Names() []string {
	return names("infer-")
}

func names(kind string) (names []string) {
	entries, err := files.ReadDir("testdata")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), kind); ok {
			names = append(names, strings.TrimSuffix(name, ".json"))
		}
	}
	return names
}

// Load returns the figures of one model.
func Load(model string) (*Golden, error) {
	return load[Golden]("infer-", model)
}

func load[T any](kind, model string) (*T, error) { return read[T](files, "testdata", kind, model) }

func read[T any](from fs.FS, dir, kind, model string) (*T, error) {
	data, err := fs.ReadFile(from, path.Join(dir, kind+model+".json"))
	if err != nil {
		return nil, fmt.Errorf("golden: no figures for %q: %w", model, err)
	}
	g := new(T)
	if err := json.Unmarshal(data, g); err != nil {
		return nil, fmt.Errorf("golden: %s: %w", model, err)
	}
	return g, nil
}
