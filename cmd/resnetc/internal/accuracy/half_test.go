package accuracy

import (
	"testing"

	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

// halfTolerance is tolerance for half-precision weights.  A weight is off by up
// to 2^-11 of itself, 2^-12.5 on the average; what many weights do to a logit is
// the like of what one does.  The networks here come to 1e-4 to 4e-4.
const halfTolerance = 1e-3

// TestHalfGolden compares logits with half-precision weights with PyTorch's.
func TestHalfGolden(t *testing.T) {
	for _, model := range golden.Names() {
		t.Run(model, func(t *testing.T) {
			if !*all && !usual(model, "avx2") {
				t.Skip("runs with -all")
			}
			want, err := golden.Load(model)
			if err != nil {
				t.Fatal(err)
			}
			n := newNetwork(t, model)
			n.half = true
			zoo.Formula(n.graph, want.Salt)
			s := start(t, n.build(t), "")
			images := zoo.FormulaTensor("input", want.Input, want.Salt)
			logits, err := s.Run(images, want.Batch)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want.Batch {
				got := logits.Data[i*s.Network.Classes:][:s.Network.Classes]
				d := difference(got, want.Logits[i])
				t.Logf("image %d: logits are %.2g off", i, d)
				if !(d < halfTolerance) {
					t.Errorf("image %d: logits are %.2g off, want %.0g", i, d, halfTolerance)
				}
				if d < 1e-5 {
					t.Errorf("image %d: logits are %.2g off: are the weights half precision?", i, d)
				}
			}
		})
	}
}

// weightsName is what the precision of weights adds to the name of a test.
func weightsName(half bool) string {
	if half {
		return "/f16"
	}
	return ""
}
