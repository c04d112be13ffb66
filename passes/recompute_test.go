package passes

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/zoo"
)

// stepResults runs a training step and gives its outputs, every gradient of a
// parameter and what the step changes, by name.
func stepResults(t *testing.T, g *ir.Graph, inputs map[string]*interp.Tensor) map[string]*interp.Tensor {
	t.Helper()
	state := map[string]*interp.Tensor{}
	all, err := interp.Run(g, inputs, interp.State(state), interp.KeepAll())
	if err != nil {
		t.Fatalf("%v\n%v", err, g)
	}
	results := map[string]*interp.Tensor{}
	for _, v := range g.Outputs {
		results["output "+v.Name] = all[v.Name]
	}
	for _, n := range g.Nodes {
		if n.Op == ir.SGD || n.Op == ir.AdamW {
			results["gradient "+n.In("param").Name] = all[n.In("grad").Name]
		}
	}
	for name, x := range state {
		results["update "+name] = x
	}
	return results
}

func equalResults(t *testing.T, what string, want, got map[string]*interp.Tensor) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d results, want %d", what, len(got), len(want))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] == nil || !slices.Equal(got[name].Data, want[name].Data) {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

// TestRecomputeRandom recomputes, in random graphs, all that can be, and as much
// as several limits want: no bit of a step's results changes.
func TestRecomputeRandom(t *testing.T) {
	copies, within, graphs := 0, 0, few(randomGraphs/2)
	for i := range graphs {
		g, inputs, _ := randomTraining(t, i)
		want := stepResults(t, g, inputs)
		if err := Run(g, Options{StopAfter: "pair-training"}); err != nil {
			t.Fatalf("graph %d: %v", i, err)
		}
		planned := g.Clone()
		if err := planMemory(planned, Options{}); err != nil {
			t.Fatal(err)
		}
		all := g.Clone()
		keep := map[*ir.Value]bool{}
		for _, v := range all.Outputs {
			keep[v] = true
		}
		newStepGraph(all).recompute(keep)
		if err := planMemory(all, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := ir.Verify(all); err != nil {
			t.Fatalf("graph %d: %v\n%v", i, err, all)
		}
		copies += len(all.Nodes) - len(g.Nodes)
		equalResults(t, fmt.Sprintf("graph %d, everything again", i), want, stepResults(t, all, inputs))
		for _, percent := range []int64{80, 60} {
			limited := g.Clone()
			limit := int64(planned.Arena) * 4 * percent / 100
			if err := recompute(limited, Options{Memory: limit + 100, FixedMemory: 100}); err != nil {
				if !strings.Contains(err.Error(), "the memory limit is") {
					t.Fatalf("graph %d: %v", i, err)
				}
				continue
			}
			within++
			if err := planMemory(limited, Options{}); err != nil {
				t.Fatal(err)
			}
			if int64(limited.Arena)*4 > limit {
				t.Errorf("graph %d: the arena takes %d bytes, the limit is %d", i, 4*limited.Arena, limit)
			}
			equalResults(t, fmt.Sprintf("graph %d, %d percent", i, percent), want, stepResults(t, limited, inputs))
		}
		if t.Failed() {
			t.Fatalf("before\n%v\nafter\n%v", g, all)
		}
	}
	if copies < graphs || within < graphs/50 {
		t.Errorf("only %d nodes were repeated, and %d limits met", copies, within)
	}
}

// TestRecomputeZoo does the same with residual networks of each kind.
func TestRecomputeZoo(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	for _, name := range []string{"resnet20_cifar", "plain20_cifar", "preact_resnet164_cifar", "resnet18"} {
		t.Run(name, func(t *testing.T) {
			side := 8
			o := TrainOptions{Momentum: 0.9, Dropout: 0.2, StochasticDepth: 0.2}
			switch name {
			case "resnet18":
				side = 32
			case "plain20_cifar":
				o.StochasticDepth = 0 // it has no branches to drop
			}
			g := zooGraph(t, name, zoo.Options{InputSize: [2]int{side, side}})
			zoo.Formula(g, "")
			if err := Gradient(g, o); err != nil {
				t.Fatal(err)
			}
			shape := []int{2, 3, side, side}
			x, err := interp.FromFloat32(shape, zoo.FormulaTensor("input/0", shape, ""))
			if err != nil {
				t.Fatal(err)
			}
			inputs := trainingInputs(x, interp.New(2), 0.1, 0)
			want := stepResults(t, g, inputs)
			full := g.Clone()
			if err := Run(full, Options{}); err != nil {
				t.Fatal(err)
			}
			met := 0
			for _, percent := range []int64{70, 40} {
				limited := g.Clone()
				err := Run(limited, Options{Memory: int64(full.Arena) * 4 * percent / 100})
				if err != nil && strings.Contains(err.Error(), "the memory limit is") {
					t.Log(err)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				met++
				t.Logf("%d percent of the memory with %.0f percent of the multiply-adds", percent, 100*float64(limited.MACs())/float64(g.MACs()))
				equalResults(t, fmt.Sprintf("%d percent", percent), want, stepResults(t, limited, inputs))
			}
			if met == 0 {
				t.Error("no limit was met")
			}
		})
	}
}

// TestRecomputeTxtar makes training steps of the networks in testdata/recompute
// within as many bytes as their comments begin with.
func TestRecomputeTxtar(t *testing.T) {
	files, err := filepath.Glob("testdata/recompute/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(string(ar.Comment), ":")
		memory, err := strconv.ParseInt(text, 10, 64)
		if err != nil || len(ar.Files) != 2 {
			t.Fatalf("%s: want a number of bytes, then the sections in and out", file)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			g, err := ir.Parse(file+"/in", ar.Files[0].Data)
			if err != nil {
				t.Fatal(err)
			}
			if err := Gradient(g, TrainOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := Run(g, Options{Memory: memory, StopAfter: "recompute"}); err != nil {
				t.Fatal(err)
			}
			if *update {
				ar.Files[1].Data = []byte(g.String())
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(ar.Files[1].Data), g.String()); d != "" {
				t.Errorf("out differs (-want +got); if it is right, run go test -update\n%s", d)
			}
		})
	}
}

// TestRecomputeError asks for less than there is a plan for: the least figure
// that the error names can be met, and one below it cannot.
func TestRecomputeError(t *testing.T) {
	network := func(o Options) error {
		g := zooGraph(t, "resnet20_cifar", zoo.Options{})
		if err := Gradient(g, TrainOptions{}); err != nil {
			t.Fatal(err)
		}
		return Run(g, o)
	}
	err := network(Options{Batch: 8, Memory: 3 << 20, FixedMemory: 2 << 20})
	if err == nil {
		t.Fatal("no error")
	}
	var limit, least float64
	var images, batches int
	const format = "passes: recompute: the memory limit is %f MiB, and a step of %d images takes at least %f MiB: 2.0 MiB for the parameters and what comes with them,"
	if n, scan := fmt.Sscanf(err.Error(), format, &limit, &images, &least); n != 3 || limit != 3 || images != 8 {
		t.Fatalf("%v: %v", scan, err)
	}
	_, rest, _ := strings.Cut(err.Error(), "raise the limit, or take batches of at most ")
	if _, scan := fmt.Sscanf(rest, "%d", &batches); scan != nil || batches < 1 || batches > 7 {
		t.Fatalf("%v: %v", scan, err)
	}
	if err := network(Options{Batch: batches, Memory: 3 << 20, FixedMemory: 2 << 20}); err != nil {
		t.Errorf("the batch that the error names: %v", err)
	}
	if err := network(Options{Batch: 8, Memory: int64((least + 0.1) * (1 << 20)), FixedMemory: 2 << 20}); err != nil {
		t.Errorf("the limit that the error names: %v", err)
	}
	if err := network(Options{Batch: 8, Memory: int64((least - 0.1) * (1 << 20)), FixedMemory: 2 << 20}); err == nil {
		t.Error("a lower limit is met")
	}
	if err := network(Options{Memory: 1 << 20, FixedMemory: 2 << 20}); err == nil || !strings.HasSuffix(err.Error(), "; raise the limit") {
		t.Errorf("parameters beyond the limit: %v", err)
	}
}
