package accuracy

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/resnetc/resnetc/zoo/cifar10"
)

// TestCIFAR classifies the first 1000 test images of CIFAR-10 with the weights
// of github.com/akamaster/pytorch_resnet_cifar10 and wants the very number of
// right answers that PyTorch gives; with half-precision weights, the number
// that was measured, give or take one.
func TestCIFAR(t *testing.T) {
	sheets := sharedPath(t, "data", "cifar10")
	sheet, err := cifar10.Read(sheets, cifar10.TestSheet)
	if err != nil {
		t.Fatal(err)
	}
	pictures := writePictures(t, sheet)
	for _, c := range []struct {
		model, file string
		half        bool
		correct     int
	}{
		{"resnet20_cifar", "resnet20-12fca82f.th", false, 915},
		{"resnet32_cifar", "resnet32-d509ac18.th", false, 928},
		{"resnet44_cifar", "resnet44-014dd654.th", false, 933},
		{"resnet56_cifar", "resnet56-4bfd9763.th", false, 926},
		{"resnet20_cifar", "resnet20-12fca82f.th", true, 916},
		{"resnet32_cifar", "resnet32-d509ac18.th", true, 928},
		{"resnet44_cifar", "resnet44-014dd654.th", true, 933},
		{"resnet56_cifar", "resnet56-4bfd9763.th", true, 926},
	} {
		t.Run(c.model+weightsName(c.half), func(t *testing.T) {
			path := sharedPath(t, "data", "weights", c.file)
			if testing.Short() && c.model != "resnet20_cifar" {
				t.Skip("the smallest one will do with -short")
			}
			n := newNetwork(t, c.model)
			n.half = c.half
			n.load(t, path)
			s := start(t, n.build(t), "")
			correct := 0
			for i, path := range pictures {
				best, _, err := s.Classify(path, 1, false)
				if err != nil {
					t.Fatal(err)
				}
				if best[0].Class == sheet.Labels[i] {
					correct++
				}
			}
			t.Logf("%d of %d right", correct, len(pictures))
			tolerance := 0
			if c.half {
				tolerance = 1
			}
			if correct < c.correct-tolerance || correct > c.correct+tolerance {
				t.Errorf("%d of %d images are right, want %d, give or take %d", correct, len(pictures), c.correct, tolerance)
			}
		})
	}
}

// writePictures writes a file for each image.
func writePictures(t *testing.T, s *cifar10.Sheet) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i, img := range s.Images {
		path := filepath.Join(dir, fmt.Sprintf("%04d.png", i))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
