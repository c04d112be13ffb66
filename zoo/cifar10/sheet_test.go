package cifar10

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a folder with one sheet whose image i is all of colour i.
func write(t *testing.T, width int, labels string) string {
	t.Helper()
	dir := t.TempDir()
	img := image.NewNRGBA(image.Rect(0, 0, width, PerSheet))
	for y := range PerSheet {
		for x := range width {
			copy(img.Pix[img.PixOffset(x, y):], []uint8{uint8(y), uint8(y >> 8), uint8(x), 255})
		}
	}
	f, err := os.Create(filepath.Join(dir, "cifar10_batch_0.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.txt"), []byte(labels), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRead(t *testing.T) {
	s, err := Read(write(t, Side*Side, strings.Repeat("0123456789", 100)+"\n"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1, 255, 256, 999} {
		if s.Labels[i] != i%10 {
			t.Errorf("image %d has label %d, want %d", i, s.Labels[i], i%10)
		}
		// Pixel 5, 2 is the row's pixel 2*32+5.
		if got, want := s.Images[i].NRGBAAt(5, 2), (color.NRGBA{uint8(i), uint8(i >> 8), 69, 255}); got != want {
			t.Errorf("image %d: pixel 5, 2 is %v, want %v", i, got, want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	good := strings.Repeat("0", PerSheet)
	for name, tt := range map[string]struct {
		width  int
		labels string
		sheet  int
		want   string
	}{
		"sheet":  {Side * Side, good, 1, "for sheet 1"},
		"labels": {Side * Side, "012", 0, "no line of 1000 digits"},
		"class":  {Side * Side, good[1:] + "x", 0, "is no class"},
		"size":   {Side, good, 0, "bounds (0,0)-(32,1000)"},
	} {
		if _, err := Read(write(t, tt.width, tt.labels), tt.sheet); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
	if _, err := Read(t.TempDir(), 0); err == nil {
		t.Error("an empty folder gives no error")
	}
}
