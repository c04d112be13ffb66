package codegen

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

// TestTrainWinogradGradients compares weight gradients by F(4×4, 3×3) with the
// interpreter's: planes that tiles divide and others, whose last row of tiles
// reaches beyond the halo, and one, two and four planes of channels.
func TestTrainWinogradGradients(t *testing.T) {
	for i, c := range []struct{ height, width, channels, out int }{
		{8, 8, 16, 16}, {12, 16, 32, 16}, {10, 14, 16, 48}, {9, 12, 64, 32}, {11, 10, 32, 64}, {8, 15, 16, 32}, {13, 8, 48, 16}, {14, 14, 64, 64},
	} {
		g, err := ir.Parse("g.ir", fmt.Appendf(nil, `graph g
input x: f32[N,%d,%d,%d]
param a: f32[%[1]d,%[1]d,1,1]
param w: f32[%[4]d,%[1]d,3,3]
param v: f32[3,%[4]d]
h = conv2d(x, a)
r = relu(h)
y = conv2d(r, w) {padding=[1,1,1,1]}
z = relu(y)
p = global_avg_pool(z)
f = flatten(p)
l = linear(f, v)
output l
`, c.channels, c.height, c.width, c.out))
		if err != nil {
			t.Fatal(err)
		}
		zoo.Formula(g, fmt.Sprint(i))
		if err := passes.Gradient(g, passes.TrainOptions{}); err != nil {
			t.Fatal(err)
		}
		lowered := g.Clone()
		if err := passes.Run(lowered, passes.Options{Fast: true}); err != nil {
			t.Fatal(err)
		}
		l, err := lowerTrain(lowered)
		if err != nil {
			t.Fatal(err)
		}
		tile := 0
		for _, r := range l.program.Layers {
			if r.Op == runtime.TrainWeightGrad {
				tile = max(tile, r.Layer.Winograd)
			}
		}
		if tile != 4 {
			t.Errorf("%+v: tiles of %d pixels, want 4", c, tile)
		}
		if err := compareTraining(g, rand.New(rand.NewPCG(uint64(i), 9)), 1); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestTrainFast takes a step of a trainer for which rounding matters less, at all
// kernel levels of this machine: assembly gives the same bits at each and with any
// number of threads, and gradients are the interpreter's but for roundings.
func TestTrainFast(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a package: not with -short")
	}
	s, err := golden.LoadTraining("resnet20_cifar")
	if err != nil {
		t.Fatal(err)
	}
	s.Steps, s.Losses = 1, s.Losses[:1]
	g, dir := trainingGraph(t, s), t.TempDir()
	writeTraining(t, filepath.Join(dir, "data"), g, s)
	want := interpreted(t, g, s)
	program := buildTrainer(t, dir, g, passes.Options{Fast: true}, trainProgram)
	cmd := exec.Command(filepath.Join(dir, "train.exe"), "data", "1", "2", "purego")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	outputs, err := filepath.Glob(filepath.Join(dir, "*-[12]"))
	if err != nil || len(outputs) == 0 {
		t.Fatalf("no results: %v", err)
	}
	var assembly []byte
	for _, file := range outputs {
		bits := readBytes(t, file)
		if name := filepath.Base(file); !strings.HasPrefix(name, runtime.PureGo.String()) {
			if assembly == nil {
				assembly = bits
			}
			if !bytes.Equal(bits, assembly) {
				t.Errorf("%s: other bits than %s", name, filepath.Base(outputs[0]))
			}
		}
		out, worst := floats(bits)[1:], 0.0
		for _, slot := range program.Gradients {
			n := 1
			for _, d := range slot.Shape {
				n *= d
			}
			worst = max(worst, distance(out[:n], want[slot.Name]))
			out = out[n:]
		}
		t.Logf("%s: gradients off by %.1e", filepath.Base(file), worst)
		// One value beside zero that a ReLU lets pass, or not, moves the gradients of
		// all layers before it by some 1e-3; roundings alone are 1e-5.
		if !(worst <= 1e-2) {
			t.Errorf("%s: a gradient is off by %.2g, want at most 1e-2", filepath.Base(file), worst)
		}
	}
}
