package passes

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
)

const randomGraphs = 100

// randomGraph makes the i-th graph of the property tests.
func randomGraph(i int) (*ir.Graph, *rand.Rand) {
	rng := rand.New(rand.NewPCG(uint64(i), 5))
	return irtest.RandomGraph(rng, 5+i%40), rng
}

// TestRandomPipeline runs random graphs before the pipeline and after every
// pass of it, and checks the form that the last pass leaves.
func TestRandomPipeline(t *testing.T) {
	for i := range randomGraphs {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			g, rng := randomGraph(i)
			text := g.String()
			inputs := irtest.RandomInput(rng, g, 1+i%3)
			want := outputs(t, g, inputs)
			var names []string
			for _, v := range g.Outputs {
				names = append(names, v.Name)
			}
			err := Run(g, Options{Observe: func(pass string, g *ir.Graph) {
				compare(t, pass, want, outputs(t, g, inputs))
			}})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			checkLowered(t, g)
			for k, v := range g.Outputs {
				if v.Name != names[k] {
					t.Errorf("output %q is called %q now", names[k], v.Name)
				}
			}
			again, _ := randomGraph(i)
			if err := Run(again, Options{}); err != nil || again.String() != g.String() {
				t.Errorf("a second run gives another graph, error %v", err)
			}
			if t.Failed() {
				t.Logf("before\n%s\nafter\n%v", text, g)
			}
		})
	}
}

// TestRandomSinglePass runs every pass alone on random graphs.
func TestRandomSinglePass(t *testing.T) {
	for i := range randomGraphs {
		original, rng := randomGraph(i)
		inputs := irtest.RandomInput(rng, original, 1)
		want := outputs(t, original, inputs)
		for _, p := range Table {
			g, _ := randomGraph(i)
			if err := p.Run(g, Options{}); err != nil {
				// Those two rely on the passes before them, and say so.
				if p.Name == "layout" && strings.Contains(err.Error(), "constant") || p.Name == "layout" && strings.Contains(err.Error(), "no parameter") ||
					p.Name == "plan-memory" && strings.Contains(err.Error(), "run layout first") {
					continue
				}
				t.Fatalf("graph %d: %s: %v", i, p.Name, err)
			}
			if err := ir.Verify(g); err != nil {
				t.Fatalf("graph %d: %s: %v\nbefore\n%v\nafter\n%v", i, p.Name, err, original, g)
			}
			compare(t, fmt.Sprintf("graph %d: %s", i, p.Name), want, outputs(t, g, inputs))
		}
	}
}

// TestRandomWithoutData lowers random graphs whose parameters have no data.
func TestRandomWithoutData(t *testing.T) {
	lowered := 0
	for i := range randomGraphs {
		g, _ := randomGraph(i)
		for _, p := range g.Params {
			p.Data = nil
		}
		err := Run(g, Options{})
		if err == nil {
			lowered++
			checkLowered(t, g)
		} else if !strings.Contains(err.Error(), "constant") && !strings.Contains(err.Error(), "no parameter") {
			t.Errorf("graph %d: %v", i, err)
		}
	}
	if lowered < randomGraphs/3 {
		t.Errorf("%d of %d graphs were lowered", lowered, randomGraphs)
	}
}
