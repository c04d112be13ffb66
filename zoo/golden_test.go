package zoo

import (
	"flag"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/zoo/golden"
)

var goldenFlag = flag.String("golden", "", `networks that TestGolden runs: "all", or by default those that take seconds`)

// quick lists the networks of TestGolden's default: each kind of block and
// shortcut that is quick to interpret.
var quick = []string{"resnet20_cifar", "resnet32_cifar", "plain20_cifar", "preact_resnet164_cifar", "resnet18"}

// The interpreter computes in float64 as PyTorch did for the goldens, so only
// the order of the sums differs; what is published promises 1e-5.
const tolerance = 1e-11

func TestGolden(t *testing.T) {
	for _, name := range golden.Names() {
		if *goldenFlag != "all" && !slices.Contains(quick, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if raceEnabled && !strings.HasSuffix(name, "_cifar") {
				t.Skip("the race detector makes the interpreter take minutes for it")
			}
			testGolden(t, name)
		})
	}
}

func testGolden(t *testing.T, name string) {
	want, err := golden.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	g := graph(t, name, Options{})
	Formula(g, want.Salt)
	batch := want.Batch
	if *goldenFlag != "all" && want.Input[2] > 32 {
		batch = 1 // the formula's numbers don't depend on the batch
	}
	shape := append([]int{batch}, want.Input[1:]...)
	x, err := interp.FromFloat32(shape, FormulaTensor("input", shape, want.Salt))
	if err != nil {
		t.Fatal(err)
	}
	out, err := interp.Run(g, map[string]*interp.Tensor{"input": x})
	if err != nil {
		t.Fatal(err)
	}
	logits, features := out[g.Outputs[0].Name], out[g.Outputs[1].Name]
	largest := 0.0
	for _, row := range want.Logits {
		for _, v := range row {
			largest = max(largest, math.Abs(v))
		}
	}
	worst := 0.0
	for n := range batch {
		for i, v := range want.Logits[n] {
			worst = max(worst, math.Abs(logits.Data[n*len(want.Logits[n])+i]-v)/largest)
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("logits differ by %.2g of the largest, %g; want at most %g", worst, largest, tolerance)
	}
	checkFeatures(t, want, features, batch)
}

func checkFeatures(t *testing.T, want *golden.Golden, features *interp.Tensor, batch int) {
	t.Helper()
	width := features.Shape[1]
	for n := range batch {
		row := features.Data[n*width:][:width]
		sum, scale := 0.0, 0.0
		for _, v := range row {
			sum += v
			scale = max(scale, math.Abs(v))
		}
		if d := math.Abs(sum - want.FeaturesSum[n]); !(d <= tolerance*scale*float64(width)) {
			t.Errorf("image %d: the features' sum is %v, want %v", n, sum, want.FeaturesSum[n])
		}
		for i, v := range want.FeaturesFirst8[n] {
			if d := math.Abs(row[i] - v); !(d <= tolerance*scale) {
				t.Errorf("image %d: feature %d is %v, want %v", n, i, row[i], v)
			}
		}
	}
}
