package tune

import (
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

// Every candidate's program runs, in the pure-Go kernels of this process, and
// stays within the memory that it declares.
func TestProgramsRun(t *testing.T) {
	tn := tuner(t, jointIsBest)
	// Little enough that each has the fewest copies.
	tn.net.weights, tn.net.arena = 1, 1
	for _, l := range tn.layers {
		for _, c := range append(l.others, l.chosen) {
			p, err := tn.net.program(l.key, c)
			if err != nil {
				t.Fatal(err)
			}
			header := runtime.WeightHeader(0, p.Weights)
			weights := append(header[:], make([]byte, 4*p.Weights)...)
			m, err := runtime.NewModel(p, weights, runtime.WithThreads(2), runtime.WithKernels(runtime.PureGo))
			if err != nil {
				t.Fatal(err)
			}
			w := m.NewWorkspace(1)
			if err := w.Run(make([]float32, m.Classes()), make([]float32, 1)); err != nil {
				t.Errorf("%s %v: %v", l.key, c, err)
			}
			n := 0
			for _, l := range w.Profile().Layers {
				if l.Name == timed && l.Runs == 1 {
					n++
				}
			}
			if n != 2 {
				t.Errorf("%s %v: %d copies ran, want 2", l.key, c, n)
			}
			m.Close()
		}
	}
}

// Copies have weights of their own and stay apart from each other and within
// the arena.
func TestCopies(t *testing.T) {
	net := network{options: passes.Options{Batch: 2}, weights: 2 << 20, arena: 1 << 20}
	in := runtime.Buffer{Channels: 32, Height: 9, Width: 9, Halo: 1, Block: ir.Block}
	out := runtime.Buffer{Channels: 48, Height: 9, Width: 9, Block: ir.Block}
	layer := runtime.Layer{Name: timed, In: in, In2: out, Out: out, MACs: 48 * 32 * 9 * 81}
	const weights = 48 * 32 * 9
	p := net.copies(layer, weights)
	var copies []runtime.Layer
	for _, l := range p.Layers {
		if l.Name == timed {
			copies = append(copies, l)
		}
	}
	if want := (2<<20)/(4*weights) + 1; len(copies) != want || len(p.Layers) != 2*want || p.LogitLayers != 2*want {
		t.Errorf("%d copies, %d layers, want %d copies with an input each", len(copies), len(p.Layers), want)
	}
	slots := map[int]bool{}
	for i, l := range copies {
		slots[l.In.Offset] = true
		if i > 0 && l.Weight < copies[i-1].Weight+weights || l.Weight+weights > p.Weights {
			t.Errorf("copy %d: weights at %d of %d", i, l.Weight, p.Weights)
		}
		if l.Out.Offset < l.In.Offset+size(l.In) || l.In2.Offset < l.Out.Offset+size(l.Out) || l.In2.Offset+size(l.In2) > p.Arena {
			t.Errorf("copy %d: in %d, out %d, residual %d, arena %d", i, l.In.Offset, l.Out.Offset, l.In2.Offset, p.Arena)
		}
	}
	if want := net.arena / (4 * (size(in) + 2*size(out))); len(slots) != want {
		t.Errorf("activations in %d places, want %d", len(slots), want)
	}
	// A layer that computes for long has few copies.
	layer.MACs = most / 3
	if p := net.copies(layer, 64); len(p.Layers) != 4 {
		t.Errorf("%d layers, want 2 copies with an input each", len(p.Layers))
	}
}
