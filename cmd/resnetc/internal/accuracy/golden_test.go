package accuracy

import (
	"flag"
	"math"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

var all = flag.Bool("all", false, "test the large networks and the slow kernels too")

// tolerance is how far logits may lie from PyTorch's in float64, relative to the
// largest of the image.
const tolerance = 1e-4

// exactTolerance is tolerance for sums of products that nothing but float32 rounds.
const exactTolerance = 5e-6

// usual says whether a network at a kernel level is tested without -all: one of
// each kind of block and layer, and the slow pure-Go kernels on small images only.
func usual(model, level string) bool {
	switch model {
	case "resnet20_cifar":
		return true
	case "plain20_cifar", "preact_resnet164_cifar":
		return !testing.Short()
	case "resnet18", "resnet50", "resnext50_32x4d":
		return !testing.Short() && level != "purego"
	}
	return false
}

func TestGolden(t *testing.T) {
	levels := []string{"purego", "neon", "avx2", "avx512"}
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
			zoo.Formula(n.graph, want.Salt)
			p := n.build(t)
			for _, level := range levels {
				t.Run(level, func(t *testing.T) {
					if !*all && !usual(model, level) {
						t.Skip("runs with -all")
					}
					testGolden(t, start(t, p, level), want, tolerance)
				})
			}
			// What the others are off beyond this is the part of Winograd's and
			// Strassen's algorithms.
			t.Run("exact", func(t *testing.T) {
				exact := *n
				exact.exact = true
				testGolden(t, start(t, exact.build(t), ""), want, exactTolerance)
			})
		})
	}
}

// testGolden compares logits and features for batches of 1, 2 and 5 images,
// which are the golden's own, again and again.
func testGolden(t *testing.T, s *driver.Session, want *golden.Golden, tolerance float64) {
	images := zoo.FormulaTensor("input", want.Input, want.Salt)
	each := len(images) / want.Batch
	worst := 0.0
	for _, batch := range []int{1, 2, 5} {
		var src []float32
		for i := range batch {
			k := i % want.Batch
			src = append(src, images[k*each:][:each]...)
		}
		logits, err := s.Run(src, batch)
		if err != nil {
			t.Fatal(err)
		}
		features, err := s.Embed(src, batch)
		if err != nil {
			t.Fatal(err)
		}
		for i := range batch {
			k := i % want.Batch
			got := logits.Data[i*s.Network.Classes:][:s.Network.Classes]
			if d := difference(got, want.Logits[k]); !(d < tolerance) {
				t.Errorf("batch %d, image %d: logits are %.2g off, want %.0g", batch, i, d, tolerance)
			} else {
				worst = max(worst, d)
			}
			got = features.Data[i*s.Network.Features:][:len(want.FeaturesFirst8[k])]
			if d := difference(got, want.FeaturesFirst8[k]); !(d < tolerance) {
				t.Errorf("batch %d, image %d: features are %.2g off, want %.0g", batch, i, d, tolerance)
			}
		}
	}
	t.Logf("logits are at most %.2g off", worst)
}

// difference is the largest distance relative to the largest value of want;
// NaN if there is one.
func difference(got []float32, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var d, top float64
	for i := range want {
		d = math.Max(d, math.Abs(float64(got[i])-want[i]))
		top = math.Max(top, math.Abs(want[i]))
	}
	return d / top
}

// TestDifference shows that the comparison can fail.
func TestDifference(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		got  []float32
		want []float64
		ok   bool
	}{
		{[]float32{1, 2}, []float64{1, 2}, true},
		{[]float32{1, 2.001}, []float64{1, 2}, false},
		{[]float32{nan, 2}, []float64{1, 2}, false},
		{[]float32{1}, []float64{1, 2}, false},
	} {
		if d := difference(c.got, c.want); (d < tolerance) != c.ok {
			t.Errorf("difference(%v, %v) = %v, within tolerance: want %v", c.got, c.want, d, c.ok)
		}
	}
}

// TestUsual wants every name there to be a golden's.
func TestUsual(t *testing.T) {
	names := " " + strings.Join(golden.Names(), " ") + " "
	for _, m := range []string{"resnet20_cifar", "plain20_cifar", "preact_resnet164_cifar", "resnet18", "resnet50", "resnext50_32x4d"} {
		if !strings.Contains(names, " "+m+" ") {
			t.Errorf("there is no golden for %s", m)
		}
	}
}
