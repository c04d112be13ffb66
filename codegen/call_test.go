package codegen

import (
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
)

// TestCallsAreShort wants no call of a kernel to hold the garbage collector up, in
// the widest layers of the zoo, for images of four times the usual pixels too.
func TestCallsAreShort(t *testing.T) {
	for _, c := range []struct {
		model string
		size  int // of the input
	}{
		{"resnet18", 224}, {"resnet50", 224}, {"resnet50", 448}, {"resnext50_32x4d", 224}, {"wide_resnet50_2", 224}, {"resnet20_cifar", 32}, {"preact_resnet164_cifar", 32},
	} {
		m, err := zoo.Lookup(c.model)
		if err != nil {
			t.Fatal(err)
		}
		longest := 0
		for _, o := range []passes.Options{{}, {Exact: true}, {HalfWeights: true}, {Batch: 8}, {Batch: 128}} {
			g, err := m.Graph(zoo.Options{InputSize: [2]int{c.size, c.size}})
			if err != nil {
				t.Fatal(err)
			}
			if err := passes.Run(g, o); err != nil {
				t.Fatal(err)
			}
			for _, n := range g.Nodes {
				if n.Op != ir.Conv2D {
					continue
				}
				l, _, err := Convolution(n, o.HalfWeights)
				if err != nil {
					t.Fatal(err)
				}
				for _, level := range []runtime.Level{runtime.NEON, runtime.AVX2, runtime.AVX512} {
					macs := CallMACs(l, level, max(1, o.Batch))
					longest = max(longest, macs)
					if macs <= 0 || macs > LongestCall {
						t.Errorf("%s, %d pixels, %+v, %v: a call for %s takes %d multiply-adds, want up to %d", c.model, c.size, o, level, passes.ConvKey(n), macs, LongestCall)
					}
				}
			}
		}
		t.Logf("%s, %d pixels: %.1f million multiply-adds a call at most", c.model, c.size, float64(longest)/1e6)
	}
}
