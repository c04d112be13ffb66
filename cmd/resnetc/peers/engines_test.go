package peers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/cmd/resnetc/peers/onnxfile"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
	"golang.org/x/tools/txtar"
)

// engines lists what is installed, or skips the test.
func engines(t testing.TB) []Version {
	t.Helper()
	list, err := Versions(t.Context())
	if err != nil || len(list) == 0 {
		t.Skipf("needs engines: run setup.sh (%v)", err)
	}
	return list
}

// testGraph is the graph in one of onnxfile's test files; ops has every op.
func testGraph(t *testing.T, name string) *ir.Graph {
	t.Helper()
	name = "onnxfile/testdata/" + name + ".txtar"
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := ir.Parse(name, a.Files[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func zooGraph(t testing.TB, name string) *ir.Graph {
	t.Helper()
	m, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	zoo.Formula(g, "")
	return g
}

// export writes g as an ONNX file.
func export(t testing.TB, g *ir.Graph, batch int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a model.onnx")
	if err := onnxfile.WriteFile(path, g, batch); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestChecker has ONNX's own checker look at what onnxfile writes: structure,
// operators and attributes of the operator set, and inferred against declared shapes.
func TestChecker(t *testing.T) {
	python, err := interpreter()
	if err != nil {
		t.Skip(err)
	}
	if exec.Command(python, "-c", "import onnx").Run() != nil {
		t.Skip("needs Python's onnx: run setup.sh")
	}
	const check = "import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)"
	for _, g := range []*ir.Graph{testGraph(t, "ops"), testGraph(t, "ceil_avg"), zooGraph(t, "resnet20_cifar"), zooGraph(t, "preact_resnet164_cifar")} {
		for _, batch := range []int{0, 3} {
			if out, err := exec.Command(python, "-c", check, export(t, g, batch)).CombinedOutput(); err != nil {
				t.Errorf("%s, batch %d: %v\n%s", g.Name, batch, err, out)
			}
		}
	}
}

// TestEngines compares each engine with the reference interpreter: every op,
// a whole network, batches that do and do not divide the images.
func TestEngines(t *testing.T) {
	t.Setenv("RESNETC_TORCH", "optimize,contiguous") // compiling takes a minute
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for _, g := range []*ir.Graph{testGraph(t, "ops"), testGraph(t, "ceil_avg"), zooGraph(t, "resnet20_cifar")} {
		const images = 3
		in := g.Inputs[0]
		x := make([]float32, images*in.Type.Shape.Elems())
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range x {
			x[i] = 2*rng.Float32() - 1
		}
		shape := append([]int{images}, in.Type.Shape[1:]...)
		src, err := interp.FromFloat32(shape, x)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := interp.Run(g, map[string]*interp.Tensor{in.Name: src})
		if err != nil {
			t.Fatal(err)
		}
		want := ref[g.Outputs[0].Name].Data
		for _, e := range engines(t) {
			for _, batch := range []int{0, 2} { // the file's batch: symbolic, fixed
				if batch > 0 && g.Name != "ops" {
					continue // converting takes seconds
				}
				name := strings.Join([]string{g.Name, e.Name, map[int]string{0: "dynamic", 2: "fixed"}[batch]}, "/")
				t.Run(name, func(t *testing.T) {
					if g.Name == "ceil_avg" && (e.Name == "ncnn" || e.Name == "pytorch") {
						t.Skipf("%s has no such op", e.Name)
					}
					compare(t, e.Name, export(t, g, batch), max(batch, 1), x, want, images)
				})
			}
		}
	}
}

func compare(t *testing.T, engine, model string, batch int, x []float32, want []float64, images int) {
	p, err := Start(t.Context(), engine, model, batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got, err := p.Run(x, images)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	var worst, largest float64
	for i := range got {
		largest = max(largest, math.Abs(want[i]))
		worst = max(worst, math.Abs(float64(got[i])-want[i]))
	}
	// 1e-4 of the largest is what half precision anywhere in the network would exceed.
	if !(worst <= 1e-4*largest) {
		t.Errorf("off by %.3g of the largest element %.3g:\ngot  %v\nwant %v", worst/largest, largest, got, want)
	}
	times, err := p.Time(3)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range times {
		if d <= 0 {
			t.Errorf("times %v, want positive ones", times)
		}
	}
	s, err := p.Stats()
	if err != nil || s.Startup <= 0 || s.First <= 0 || s.PeakRSS < 1<<20 || (engine == "pytorch") != (s.Variant == "optimize,contiguous") {
		t.Errorf("stats %+v, %v", s, err)
	}
	if _, err := p.Run(x[:len(x)-1], 1); err == nil || !strings.Contains(err.Error(), "want float32 [images, ") {
		t.Errorf("an image of the wrong size: error %v", err)
	}
}

// TestGolden compares the first engine with PyTorch's float64 logits, so that a
// mistake in the zoo cannot hide in a timing.
func TestGolden(t *testing.T) {
	engine := engines(t)[0].Name
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	for _, name := range []string{"resnet18", "resnet34_a", "resnet50", "resnext50_32x4d", "preact_resnet164_cifar"} {
		t.Run(name, func(t *testing.T) {
			want, err := golden.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, engine, export(t, zooGraph(t, name), 0), want.Batch,
				zoo.FormulaTensor("input", want.Input, ""), slices.Concat(want.Logits...), want.Batch)
		})
	}
}

// TestTraining compares the first steps of the engines that train with PyTorch's in
// float64, from which roundings have taken it 1e-4 away by the last one.
func TestTraining(t *testing.T) {
	t.Setenv("RESNETC_TORCH_TRAIN", "eager,channels_last")
	want, err := golden.LoadTraining("resnet20_cifar")
	if err != nil {
		t.Fatal(err)
	}
	path := export(t, zooGraph(t, want.Model), 0)
	for _, e := range engines(t) {
		if !slices.Contains(trainers, e.Name) {
			if _, err := StartTraining(t.Context(), e.Name, path, 1, 1, Update{}); err == nil || !strings.Contains(err.Error(), "does not train, want pytorch") {
				t.Errorf("%s: error %v", e.Name, err)
			}
			continue
		}
		p, err := StartTraining(t.Context(), e.Name, path, want.Batch, 2, Update{Optimizer: "sgd", Rate: want.Rate, Momentum: want.Momentum, Decay: want.WeightDecay})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for k, loss := range want.Losses {
			var labels []int32
			for _, l := range zoo.FormulaLabels(fmt.Sprintf("labels/%d", k), want.Batch, want.Classes, "") {
				labels = append(labels, int32(l))
			}
			got, err := p.Step(zoo.FormulaTensor(fmt.Sprintf("input/%d", k), want.Input, ""), labels)
			if err != nil {
				t.Fatal(err)
			}
			if !(math.Abs(float64(got)-loss) <= 1e-3*loss) {
				t.Errorf("%s: step %d: loss %v, want %v", e.Name, k, got, loss)
			}
		}
		if _, err := p.Step(make([]float32, 3*32*32), []int32{1}); err == nil || !strings.Contains(err.Error(), "1 images and labels [1], want 8 of both") {
			t.Errorf("a batch of another size: error %v", err)
		}
		if s, err := p.Stats(); err != nil || s.Variant != "eager,channels_last" {
			t.Errorf("stats %+v, %v", s, err)
		}
	}
}

func TestBadModel(t *testing.T) {
	t.Setenv("RESNETC_TORCH", "freeze,channels_last")
	model := filepath.Join(t.TempDir(), "bad.onnx")
	if err := os.WriteFile(model, []byte("not a model"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, e := range engines(t) {
		if p, err := Start(t.Context(), e.Name, model, 1, 1); err == nil {
			p.Close()
			t.Errorf("%s: no error", e.Name)
		} else if !strings.Contains(err.Error(), e.Name+": load: ") {
			t.Errorf("%s: %v, want an error of load", e.Name, err)
		} else {
			t.Log(err)
		}
	}
}

func TestUnknownPeer(t *testing.T) {
	engines(t)
	_, err := Start(t.Context(), "tensorrt", export(t, testGraph(t, "ops"), 1), 1, 1)
	if err == nil || !strings.Contains(err.Error(), `"tensorrt" is not installed (installed: `) {
		t.Errorf("error %v", err)
	}
}
