package accuracy

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/zoo/cifar10"
	"github.com/resnetc/resnetc/zoo/labels"
	"github.com/resnetc/resnetc/zoo/pretrained"
	"github.com/resnetc/resnetc/zoo/weights"
)

// TestPictures classifies the pictures in the repository with the weights in the
// repository.  Their names begin with what they show.
func TestPictures(t *testing.T) {
	const model = "resnet20_cifar"
	paths, err := filepath.Glob("../../../../zoo/testdata/cifar10/*.png")
	if err != nil || len(paths) != cifar10.Classes {
		t.Fatalf("there are %d pictures (%v), want one of each class", len(paths), err)
	}
	data, ok := pretrained.Open(model)
	if !ok {
		t.Fatalf("no weights of %s", model)
	}
	tensors, err := weights.Read(pretrained.File(model), data)
	if err != nil {
		t.Fatal(err)
	}
	n := newNetwork(t, model)
	if err := weights.Bind(n.graph, tensors, pretrained.File(model)); err != nil {
		t.Fatal(err)
	}
	s := start(t, n.build(t), "")
	names := labels.Names("cifar10")
	for _, path := range paths {
		want, _, _ := strings.Cut(filepath.Base(path), "-")
		best, _, err := s.Classify(path, 1, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := names[best[0].Class]; got != want {
			t.Errorf("%s is called %s", path, got)
		}
	}
}
