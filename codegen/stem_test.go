package codegen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
)

// stem is a network that begins with a 7x7 convolution with stride 2.
type stem struct {
	channels, height, width, out int
	padding                      string
	relu                         bool
}

func (s stem) graph(t *testing.T) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("stem.ir", fmt.Appendf(nil, `graph stem
input x: f32[N,%[1]d,%[2]d,%[3]d]
param w: f32[%[4]d,%[1]d,7,7]
param b: f32[%[4]d]
param v: f32[16,%[4]d,3,3]
y = conv2d(x, w, bias=b) {stride=[2,2], padding=%[5]s, relu=%[6]t}
z = conv2d(y, v) {padding=[1,1,1,1]}
output z
`, s.channels, s.height, s.width, s.out, s.padding, s.relu))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range g.Params {
		p.Data = make([]float32, p.Type.Shape.Elems())
		for i := range p.Data {
			p.Data[i] = float32(r.NormFloat64()) / 10
		}
	}
	return g
}

// TestStems compares stems by stem4 with the interpreter: rows of whole groups of 16
// pixels and others, one to four channels, blocks of output channels that are not full, and
// paddings that begin a row with either phase.
func TestStems(t *testing.T) {
	for _, s := range []stem{
		{3, 32, 32, 32, "[3,3,3,3]", true},
		{3, 21, 97, 20, "[3,3,3,3]", false},
		{1, 33, 40, 16, "[2,3,3,2]", true},
		{4, 9, 64, 48, "[0,0,0,0]", false},
		{2, 64, 33, 64, "[3,2,3,4]", true},
		{3, 40, 80, 64, "[3,3,3,3]", true},
	} {
		g := s.graph(t)
		in := irtest.RandomInput(rand.New(rand.NewPCG(3, 4)), g, 3)
		if err := compareWithInterpreter(g, in); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
		if got := g.Value("y").Def.Str("algorithm"); got != "stem4" {
			t.Errorf("%+v is computed by %q, want stem4", s, got)
		}
	}
}

// TestStemRefused wants stem4 for what it computes only, by either side.
func TestStemRefused(t *testing.T) {
	for _, s := range []stem{
		{3, 32, 29, 32, "[3,3,3,3]", true},  // 15 pixels in a row
		{16, 32, 32, 32, "[3,3,3,3]", true}, // blocked input
	} {
		g := s.graph(t)
		if err := passes.Run(g, passes.Options{}); err != nil {
			t.Fatal(err)
		}
		y := g.Value("y").Def
		if y.Str("algorithm") != "direct" {
			t.Errorf("%+v is computed by %q", s, y.Str("algorithm"))
		}
		y.Set("algorithm", "stem4")
		if _, err := Generate(g, Options{Package: "p"}); err == nil || !strings.Contains(err.Error(), `"stem4" computes 7x7`) {
			t.Errorf("%+v: error %v", s, err)
		}
	}
	g := stem{3, 32, 32, 32, "[3,3,3,3]", true}.graph(t)
	if err := passes.Run(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	g.Value("y").Def.Set("schedule", "joint:64")
	if _, err := Generate(g, Options{Package: "p"}); err == nil || !strings.Contains(err.Error(), "fused") {
		t.Errorf("a joint schedule: error %v", err)
	}
}

// TestStemRows wants the same bits however rows are cut, and a schedule obeyed.
func TestStemRows(t *testing.T) {
	var want []float32
	for _, schedule := range []string{"", "fused:1", "fused:27", "fused:100/1", "fused:4096"} {
		g := stem{3, 40, 80, 32, "[3,3,3,3]", true}.graph(t)
		o := passes.Options{Tune: map[string]passes.Choice{"3x40x80->32x20x40,7x7,stride=2,pad=3": {Algorithm: "stem4", Schedule: schedule}}}
		if err := passes.Run(g, o); err != nil {
			t.Fatal(err)
		}
		if got := g.Value("y").Def.Str("schedule"); got != schedule {
			t.Fatalf("schedule %q, want %q", got, schedule)
		}
		m, err := model(g)
		if err != nil {
			t.Fatal(err)
		}
		dst, src := make([]float32, 2*m.Classes()), make([]float32, 2*3*40*80)
		for i := range src {
			src[i] = float32(i%89-44) / 44
		}
		if err := m.NewWorkspace(2).Run(dst, src); err != nil {
			t.Fatal(err)
		}
		m.Close()
		if want == nil {
			want = dst
		}
		if !slices.Equal(dst, want) {
			t.Errorf("%s: other bits than without a schedule", schedule)
		}
	}
}
