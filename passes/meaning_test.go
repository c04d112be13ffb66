package passes

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/zoo"
)

// tolerance is relative to the largest element: passes round weights to float32.
const tolerance = 1e-5

// refused lists the files whose graph layout refuses: an output is a constant,
// or no activation.
var refused = map[string]bool{
	"fold_constants_output": true, "remove_identity_kept": true,
	"dead_code_updates": true, "fold_constants_updates": true, "remove_identity_updates": true, "fold_batchnorm_updates": true,
}

// TestTxtarMeaning runs the graph of each txtar file before and after its
// pass, and before and after the whole pipeline.
func TestTxtarMeaning(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if ar.Files[1].Name == "error" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			g, err := ir.Parse(file, ar.Files[0].Data)
			if err != nil {
				t.Fatal(err)
			}
			bind(g, rng)
			name, _, _ := strings.Cut(string(ar.Comment), ":")
			after := g.Clone()
			if err := Lookup(name).Run(after, Options{}); err != nil {
				t.Fatal(err)
			}
			inputs := irtest.RandomInput(rng, g, 2)
			want := outputs(t, g, inputs)
			compare(t, name, want, outputs(t, after, inputs))
			if refused[strings.TrimSuffix(filepath.Base(file), ".txtar")] {
				return
			}
			after = g.Clone()
			if err := Run(after, Options{}); err != nil {
				t.Fatal(err)
			}
			compare(t, "pipeline", want, outputs(t, after, inputs))
		})
	}
}

// TestZooMeaning runs networks of each kind on a small image after every pass.
func TestZooMeaning(t *testing.T) {
	for _, name := range []string{"resnet8_cifar", "resnet18", "plain20_cifar", "resnext50_32x4d", "preact_resnet164_cifar"} {
		t.Run(name, func(t *testing.T) {
			m, err := zoo.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			side := 16
			if strings.HasPrefix(name, "resnext") {
				side = 32
			}
			g, err := m.Graph(zoo.Options{InputSize: [2]int{side, side}})
			if err != nil {
				t.Fatal(err)
			}
			zoo.Formula(g, "")
			inputs := map[string]*interp.Tensor{}
			for _, v := range g.Inputs {
				shape := append([]int{1}, v.Type.Shape[1:]...)
				if inputs[v.Name], err = interp.FromFloat32(shape, zoo.FormulaTensor(v.Name, shape, "")); err != nil {
					t.Fatal(err)
				}
			}
			want := outputs(t, g, inputs)
			if err := Run(g, Options{}); err != nil {
				t.Fatal(err)
			}
			compare(t, "pipeline", want, outputs(t, g, inputs))
		})
	}
}

// bind fills the parameters that have no data with numbers that would serve as
// a variance too.
func bind(g *ir.Graph, rng *rand.Rand) {
	for _, p := range g.Params {
		if p.Data != nil {
			continue
		}
		p.Data = make([]float32, p.Type.Shape.Elems())
		for i := range p.Data {
			p.Data[i] = 0.1 + rng.Float32()
		}
	}
}

// outputs gives the results of g in the order of its outputs.
func outputs(t *testing.T, g *ir.Graph, inputs map[string]*interp.Tensor) []*interp.Tensor {
	t.Helper()
	byName, err := interp.Run(g, inputs)
	if err != nil {
		t.Fatalf("%v\n%v", err, g)
	}
	var list []*interp.Tensor
	for _, v := range g.Outputs {
		list = append(list, byName[v.Name])
	}
	return list
}

func compare(t *testing.T, what string, want, got []*interp.Tensor) {
	t.Helper()
	for k, w := range want {
		if d := irtest.Compare(got[k], w); !(d <= tolerance) {
			t.Errorf("%s: output %d is off by %g", what, k, d)
		}
	}
}
