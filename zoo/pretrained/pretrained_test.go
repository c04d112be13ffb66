package pretrained_test

import (
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/cifar10"
	"github.com/resnetc/resnetc/zoo/labels"
	"github.com/resnetc/resnetc/zoo/pretrained"
	"github.com/resnetc/resnetc/zoo/weights"
)

var all = flag.Bool("all", false, "classify all of the 1000 test images")

// load builds the model with the weights that come with the compiler.
func load(t *testing.T, name string) (*zoo.Model, *ir.Graph) {
	t.Helper()
	m, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, ok := pretrained.Open(name)
	if !ok {
		t.Fatalf("no weights for %s", name)
	}
	tensors, err := weights.Read(pretrained.File(name), data)
	if err != nil {
		t.Fatal(err)
	}
	if err := weights.Bind(g, tensors, pretrained.File(name)); err != nil {
		t.Fatal(err)
	}
	return m, g
}

// classify returns the class with the largest logit.
func classify(t *testing.T, m *zoo.Model, g *ir.Graph, img image.Image) int {
	t.Helper()
	p, err := m.Preprocess(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := interp.New(1, 3, cifar10.Side, cifar10.Side)
	for i := range cifar10.Side * cifar10.Side {
		r, green, b, _ := img.At(i%cifar10.Side, i/cifar10.Side).RGBA()
		for c, v := range []uint32{r, green, b} {
			x.Data[c*cifar10.Side*cifar10.Side+i] = (float64(v)/0xffff - float64(p.Mean[c])) / float64(p.Std[c])
		}
	}
	out, err := interp.Run(g, map[string]*interp.Tensor{"input": x})
	if err != nil {
		t.Fatal(err)
	}
	best := 0
	logits := out[g.Outputs[0].Name].Data
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}

// The pictures of README's first command, named by their class.
func TestPictures(t *testing.T) {
	m, g := load(t, "resnet20_cifar")
	names := labels.Names(m.Labels(zoo.Options{}))
	paths, err := filepath.Glob("../testdata/cifar10/*.png")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d pictures (error %v), want at least 10", len(paths), err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		want, _, _ := strings.Cut(filepath.Base(path), "-")
		if got := names[classify(t, m, g, img)]; got != want {
			t.Errorf("%s is classified as %s", path, got)
		}
	}
}

// PyTorch classifies 915 of the 1000 images of the test sheet right.
func TestAccuracy(t *testing.T) {
	const dir = "../../../shared/data/cifar10"
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("needs the test images of CIFAR-10 in %s, which is not in the repository", dir)
	}
	images, want := 50, 49
	if *all {
		images, want = 1000, 915
	}
	m, g := load(t, "resnet20_cifar")
	sheet, err := cifar10.Read(dir, cifar10.TestSheet)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, img := range sheet.Images[:images] {
		if classify(t, m, g, img) == sheet.Labels[i] {
			right++
		}
	}
	if right != want {
		t.Errorf("%d of %d images are classified right, want %d", right, images, want)
	}
}

func TestOpenUnknown(t *testing.T) {
	for _, name := range []string{"resnet50", "", "../pretrained/resnet20_cifar"} {
		if _, ok := pretrained.Open(name); ok {
			t.Errorf("there are weights for %q", name)
		}
	}
}
