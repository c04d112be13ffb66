package weights

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/resnetc/resnetc/zoo"
)

// shared is where the weights that are not in the repository lie.
const shared = "../../../shared/data/weights"

func TestRealWeights(t *testing.T) {
	for file, model := range map[string]string{
		"resnet20-12fca82f.th":              "resnet20_cifar",
		"resnet32-d509ac18.th":              "resnet32_cifar",
		"resnet44-014dd654.th":              "resnet44_cifar",
		"resnet56-4bfd9763.th":              "resnet56_cifar",
		"resnet18-imagenet.safetensors.zip": "resnet18",
		"resnet50-imagenet.safetensors.zip": "resnet50",
	} {
		t.Run(model, func(t *testing.T) {
			path := filepath.Join(shared, file)
			if _, err := os.Stat(path); err != nil {
				t.Skipf("needs %s, which is not in the repository", path)
			}
			tensors, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := zoo.Lookup(model)
			if err != nil {
				t.Fatal(err)
			}
			g, err := m.Graph(zoo.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := Bind(g, tensors, path); err != nil {
				t.Fatal(err)
			}
		})
	}
}
