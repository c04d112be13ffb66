package codegen

import (
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

const scheduled = `graph g
input x: f32[N,16,13,11]
param w1: f32[48,16,3,3]
param w2: f32[48,48,3,3]
param w3: f32[48,48,3,3]
param w4: f32[20,48,1,1]
a = conv2d(x, w1) {padding=[1,1,1,1]}
b = conv2d(a, w2, residual=a) {padding=[1,1,1,1], relu=true}
c = conv2d(b, w3) {stride=[2,2], padding=[1,1,1,1]}
d = conv2d(c, w4)
output d
`

// conv is the convolution of scheduled that the algorithm can compute, and its key.
func conv(algorithm string) (name, key string) {
	if algorithm == "polyphase2" {
		return "c", "48x13x11->48x7x6,3x3,stride=2,pad=1"
	}
	return "b", "48x13x11->48x13x11,3x3,pad=1,add"
}

// logits are what the pure-Go kernels compute for two images when conv has
// the algorithm and the schedule.
func logits(t *testing.T, algorithm, schedule string) ([]float32, *runtime.Layer) {
	t.Helper()
	g, err := ir.Parse("g.ir", []byte(scheduled))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range g.Params {
		p.Data = make([]float32, p.Type.Shape.Elems())
		for k := range p.Data {
			p.Data[k] = float32((k*37+i)%101-50) / 500
		}
	}
	name, key := conv(algorithm)
	if err := passes.Run(g, passes.Options{Tune: map[string]passes.Choice{key: {Algorithm: algorithm, Schedule: schedule}}}); err != nil {
		t.Fatal(err)
	}
	l, err := lower(g, false)
	if err != nil {
		t.Fatal(err)
	}
	weights := l.packedWeights()
	m, err := runtime.NewModel(&l.program, weights, runtime.WithThreads(2))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dst, src := make([]float32, 2*m.Classes()), make([]float32, 2*16*13*11)
	for i := range src {
		src[i] = float32(i%89-44) / 44
	}
	if err := m.NewWorkspace(2).Run(dst, src); err != nil {
		t.Fatal(err)
	}
	row := slices.IndexFunc(l.program.Layers, func(r runtime.Layer) bool { return r.Name == name })
	return dst, &l.program.Layers[row]
}

func vector(t *testing.T, x []float32) *interp.Tensor {
	t.Helper()
	y, err := interp.FromFloat32(ir.Shape{len(x)}, x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// A schedule is obeyed and changes no bit of the result; an algorithm changes
// no more than roundings.
func TestSchedules(t *testing.T) {
	direct, _ := logits(t, "direct", "")
	for algorithm, schedules := range map[string][]string{
		"direct":     {"pixels", "weights", "pixels/1", "pixels/2", "weights/1", "weights/4"},
		"winograd2":  {"fused:1", "fused:28", "joint:5", "joint:128/1", "fused:40/2"},
		"winograd4":  {"fused:1", "fused:28", "joint:5", "joint:128/1", "joint:8/2"},
		"polyphase2": {"fused:1", "fused:28", "joint:5", "joint:128/1", "joint:8/2"},
	} {
		want, _ := logits(t, algorithm, "")
		if d := irtest.Compare(vector(t, want), vector(t, direct)); !(d < 1e-5) {
			t.Errorf("%s: %.2g off direct convolution, want 1e-5", algorithm, d)
		}
		for _, text := range schedules {
			got, row := logits(t, algorithm, text)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: other bits than without a schedule", algorithm, text)
			}
			s, err := ir.ParseSchedule(text)
			if err != nil {
				t.Fatal(err)
			}
			if s.Winograd() && (row.Chunk != s.Chunk || row.Fused != (s.Order == "fused")) ||
				!s.Winograd() && (row.PixelsFirst == 1) != (s.Order == "pixels") {
				t.Errorf("%s: the row has %+v", text, row)
			}
			// Three blocks: no tile of four divides them, but it may be cut.
			if b := row.Tiles[runtime.AVX512].Blocks; s.Blocks > 0 && s.Blocks < 4 && b != s.Blocks {
				t.Errorf("%s: tiles of %d blocks", text, b)
			}
		}
	}
}

// Convolution tells the size of what lowering packs.
func TestConvolution(t *testing.T) {
	g := planned(t, "resnet20_cifar")
	for i := range 2 * len(g.Nodes) {
		n, half := g.Nodes[i/2], i%2 == 1
		if n.Op != ir.Conv2D {
			continue
		}
		l := &lowering{half: half}
		if err := l.conv2d(n); err != nil {
			t.Fatal(err)
		}
		want := l.program.Layers[0]
		got, weights, err := Convolution(n, half)
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != want.Name || got.Tiles != want.Tiles || got.Half != want.Half || weights != want.Bias {
			t.Errorf("%s, half weights %t: %d weights and tiles %v, want %d and %v", n.Name(), half, weights, got.Tiles, want.Bias, want.Tiles)
		}
	}
}
