package cifar10

import (
	"bufio"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
)

// Sizes of an image and of a sheet.
const (
	Side     = 32
	PerSheet = 1000
	Classes  = 10
)

// TestSheet is the sheet of test images.
const TestSheet = 50

// Sheet holds 1000 images and their classes.
type Sheet struct {
	Images []*image.NRGBA // 32x32, opaque
	Labels []int          // 0 to 9
}

// Read reads sheet k of the folder dir, which has a file cifar10_batch_K.png for
// each sheet, and labels.txt, whose line K has a digit for each image.
func Read(dir string, k int) (*Sheet, error) {
	labels, err := readLabels(filepath.Join(dir, "labels.txt"), k)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fmt.Sprintf("cifar10_batch_%d.png", k))
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cifar10: %w", err)
	}
	defer f.Close()
	src, err := png.Decode(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("cifar10: %s: %w", path, err)
	}
	if want := image.Rect(0, 0, Side*Side, PerSheet); src.Bounds() != want {
		return nil, fmt.Errorf("cifar10: %s: bounds %v, want %v", path, src.Bounds(), want)
	}
	all := image.NewNRGBA(src.Bounds())
	draw.Draw(all, all.Bounds(), src, image.Point{}, draw.Src)
	s := &Sheet{Labels: labels}
	for i := range PerSheet {
		img := image.NewNRGBA(image.Rect(0, 0, Side, Side))
		copy(img.Pix, all.Pix[i*all.Stride:]) // a row of the sheet is an image's Pix
		s.Images = append(s.Images, img)
	}
	return s, nil
}

func readLabels(path string, k int) ([]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cifar10: %w", err)
	}
	lines := strings.Fields(string(text))
	if k < 0 || k >= len(lines) || len(lines[k]) != PerSheet {
		return nil, fmt.Errorf("cifar10: %s: no line of %d digits for sheet %d", path, PerSheet, k)
	}
	labels := make([]int, PerSheet)
	for i := range labels {
		if labels[i] = int(lines[k][i]) - '0'; labels[i] < 0 || labels[i] >= Classes {
			return nil, fmt.Errorf("cifar10: %s: sheet %d: %q is no class", path, k, lines[k][i])
		}
	}
	return labels, nil
}
