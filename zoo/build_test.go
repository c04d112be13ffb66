package zoo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resnetc/resnetc/ir"
)

// describe gives op and name of each node whose name begins with prefix, with
// what it reads.
func describe(g *ir.Graph, prefix string) []string {
	var lines []string
	for _, n := range g.Nodes {
		if !strings.HasPrefix(n.Name(), prefix) {
			continue
		}
		line := string(n.Op) + " " + n.Name() + " <-"
		for _, v := range n.Inputs {
			if v != nil && !g.IsParam(v) {
				line += " " + v.Name
			}
		}
		lines = append(lines, line+" "+n.Out().Type.Shape.String())
	}
	return lines
}

// The order and the wiring of one block of each kind where its shape changes.
func TestBlocks(t *testing.T) {
	for _, tt := range []struct {
		model string
		want  string
	}{
		{"resnet18", `
conv2d layer2.0.conv1 <- layer1.1.relu N,128,28,28
batch_norm layer2.0.bn1 <- layer2.0.conv1 N,128,28,28
relu layer2.0.relu1 <- layer2.0.bn1 N,128,28,28
conv2d layer2.0.conv2 <- layer2.0.relu1 N,128,28,28
batch_norm layer2.0.bn2 <- layer2.0.conv2 N,128,28,28
conv2d layer2.0.downsample.0 <- layer1.1.relu N,128,28,28
batch_norm layer2.0.downsample.1 <- layer2.0.downsample.0 N,128,28,28
add layer2.0.add <- layer2.0.bn2 layer2.0.downsample.1 N,128,28,28
relu layer2.0.relu <- layer2.0.add N,128,28,28`},
		{"plain20_cifar", `
conv2d layer2.0.conv1 <- layer1.2.relu N,32,16,16
batch_norm layer2.0.bn1 <- layer2.0.conv1 N,32,16,16
relu layer2.0.relu1 <- layer2.0.bn1 N,32,16,16
conv2d layer2.0.conv2 <- layer2.0.relu1 N,32,16,16
batch_norm layer2.0.bn2 <- layer2.0.conv2 N,32,16,16
relu layer2.0.relu <- layer2.0.bn2 N,32,16,16`},
		{"resnet20_cifar", `
conv2d layer2.0.conv1 <- layer1.2.relu N,32,16,16
batch_norm layer2.0.bn1 <- layer2.0.conv1 N,32,16,16
relu layer2.0.relu1 <- layer2.0.bn1 N,32,16,16
conv2d layer2.0.conv2 <- layer2.0.relu1 N,32,16,16
batch_norm layer2.0.bn2 <- layer2.0.conv2 N,32,16,16
subsample layer2.0.shortcut.subsample <- layer1.2.relu N,16,16,16
pad_channels layer2.0.shortcut.pad <- layer2.0.shortcut.subsample N,32,16,16
add layer2.0.add <- layer2.0.bn2 layer2.0.shortcut.pad N,32,16,16
relu layer2.0.relu <- layer2.0.add N,32,16,16`},
		{"preact_resnet164_cifar", `
batch_norm layer2.0.bn1 <- layer1.17.add N,64,32,32
relu layer2.0.relu1 <- layer2.0.bn1 N,64,32,32
conv2d layer2.0.conv1 <- layer2.0.relu1 N,32,16,16
batch_norm layer2.0.bn2 <- layer2.0.conv1 N,32,16,16
relu layer2.0.relu2 <- layer2.0.bn2 N,32,16,16
conv2d layer2.0.conv2 <- layer2.0.relu2 N,32,16,16
batch_norm layer2.0.bn3 <- layer2.0.conv2 N,32,16,16
relu layer2.0.relu3 <- layer2.0.bn3 N,32,16,16
conv2d layer2.0.conv3 <- layer2.0.relu3 N,128,16,16
conv2d layer2.0.downsample.0 <- layer2.0.relu1 N,128,16,16
add layer2.0.add <- layer2.0.conv3 layer2.0.downsample.0 N,128,16,16`},
	} {
		g := graph(t, tt.model, Options{})
		want := strings.Split(strings.TrimSpace(tt.want), "\n")
		if diff := cmp.Diff(want, describe(g, "layer2.0.")); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.model, diff)
		}
	}
}

// Both places of a bottleneck's stride; the parameters are the same.
func TestStrideOn1x1(t *testing.T) {
	for _, on1x1 := range []bool{false, true} {
		g := graph(t, "resnet50", Options{StrideOn1x1: on1x1})
		want := ir.Shape{ir.Batch, 128, 56, 56}
		if on1x1 {
			want = ir.Shape{ir.Batch, 128, 28, 28}
		}
		if got := g.Value("layer2.0.conv1").Type.Shape; !cmp.Equal(got, want) {
			t.Errorf("stride on 1x1 %v: layer2.0.conv1 is %v, want %v", on1x1, got, want)
		}
		if got, want := g.ParamCount(), 25557032; got != want {
			t.Errorf("stride on 1x1 %v: %d parameters, want %d", on1x1, got, want)
		}
	}
}

// What torchvision's documentation gives as GFLOPs (multiply-adds) of its weights.
func TestMACs(t *testing.T) {
	for name, want := range map[string]float64{
		"resnet18": 1.81, "resnet34": 3.66, "resnet50": 4.09, "resnet101": 7.8, "resnet152": 11.51,
		"resnext50_32x4d": 4.23, "resnext101_32x8d": 16.41, "resnext101_64x4d": 15.46,
		"wide_resnet50_2": 11.4, "wide_resnet101_2": 22.75,
	} {
		if got := float64(graph(t, name, Options{}).MACs()) / 1e9; got < want-0.006 || got > want+0.006 {
			t.Errorf("%s: %.3f billion multiply-adds, torchvision says %.2f", name, got, want)
		}
	}
}

func TestOutputs(t *testing.T) {
	for model, want := range map[string][2]string{
		"resnet50":       {"fc f32[N,12]", "flatten f32[N,2048]"},
		"resnet56_cifar": {"linear f32[N,12]", "flatten f32[N,64]"},
	} {
		g := graph(t, model, Options{Classes: 12, InputSize: [2]int{96, 128}})
		for i, v := range g.Outputs {
			if got := v.Name + " " + v.Type.String(); got != want[i] {
				t.Errorf("%s: output %d is %s, want %s", model, i, got, want[i])
			}
		}
		if v := g.Inputs[0]; v.Name != "input" || v.Type.Shape.String() != "N,3,96,128" {
			t.Errorf("%s: input %s of shape %v, want input of N,3,96,128", model, v.Name, v.Type.Shape)
		}
	}
}
