package passes

import (
	"testing"
	"time"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/zoo"
)

// TestZoo lowers every network of the zoo without weights, twice.
func TestZoo(t *testing.T) {
	for _, m := range zoo.Models {
		t.Run(m.Name, func(t *testing.T) {
			var text [2]string
			for i := range text {
				g, err := m.Graph(zoo.Options{})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if err := Run(g, Options{}); err != nil {
					t.Fatal(err)
				}
				text[i] = g.String()
				if i == 0 {
					r := Report(g)
					t.Logf("%d nodes in %v, arena %d, naive %d, bound %d", len(g.Nodes), time.Since(start).Round(time.Millisecond), r.Arena, r.Naive, r.LowerBound)
					checkReport(t, r)
					checkLowered(t, g)
					for _, n := range g.Nodes {
						if n.Op == ir.Add || n.Op == ir.ReLU {
							t.Errorf("%v is not fused", n)
						}
					}
				}
			}
			if text[0] != text[1] {
				t.Error("two runs give different graphs")
			}
		})
	}
}

func checkReport(t *testing.T, r MemoryReport) {
	t.Helper()
	if r.Arena < r.LowerBound || r.Arena > r.Naive {
		t.Errorf("%+v: the arena is not between the bounds", r)
	}
	if float64(r.Arena) > 1.05*float64(r.LowerBound) {
		t.Errorf("%+v: the arena is more than 5 percent above the lower bound", r)
	}
}
