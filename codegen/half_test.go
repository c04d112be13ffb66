package codegen

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
)

// halfValue is the value of a finite binary16 by the definition in IEEE 754,
// section 3.4.
func halfValue(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&1023)/1024
	x := math.Ldexp(1+fraction, exponent-15)
	if exponent == 0 {
		x = math.Ldexp(fraction, -14)
	}
	if h>>15 == 1 {
		return -x
	}
	return x
}

// TestHalfBits rounds every number that is a binary16, that lies halfway to the
// next one, and that lies beside those.
func TestHalfBits(t *testing.T) {
	check := func(x float64, want uint16) {
		t.Helper()
		if got := halfBits(x); got != want {
			t.Errorf("%g becomes %#04x, want %#04x", x, got, want)
		}
		if got := halfBits(-x); got != want|0x8000 {
			t.Errorf("%g becomes %#04x, want %#04x", -x, got, want|0x8000)
		}
	}
	for h := uint16(0); h < 0x7c00; h++ {
		x := halfValue(h)
		check(x, h)
		next := 65536.0 // what would follow the largest number
		if h < 0x7bff {
			next = halfValue(h + 1)
		}
		middle := (x + next) / 2
		check(math.Nextafter(middle, 0), h)
		check(middle, h+h&1)
		check(math.Nextafter(middle, math.Inf(1)), h+1)
	}
	check(math.Inf(1), 0x7c00)
	check(math.MaxFloat64, 0x7c00)
	check(math.SmallestNonzeroFloat64, 0)
	if h := halfBits(math.NaN()); h&0x7c00 != 0x7c00 || h&0x3ff == 0 {
		t.Errorf("NaN becomes %#04x", h)
	}
}

// halfGraph has direct convolutions, one of them strided and one with groups,
// Winograd's algorithm in both sizes, a linear layer, and a first layer that
// keeps its float32 weights.
const halfGraph = `graph g
input x: f32[N,3,17,19]
param w0: f32[32,3,3,3]
param w1: f32[48,32,3,3]
param w2: f32[48,48,3,3]
param w3: f32[96,48,1,1]
param w4: f32[96,48,3,3]
param w5: f32[10,96]
param b5: f32[10]
a = conv2d(x, w0) {padding=[1,1,1,1], relu=true}
b = conv2d(a, w1) {padding=[1,1,1,1], stride=[2,2], relu=true}
c = conv2d(b, w2, residual=b) {padding=[1,1,1,1], relu=true}
d = conv2d(c, w3) {relu=true}
e = conv2d(d, w4) {padding=[1,1,1,1], groups=2}
f = global_avg_pool(e)
h = flatten(f)
i = linear(h, w5, bias=b5)
output i
`

// parseHalf is halfGraph with random parameters that are halves themselves.
func parseHalf(t *testing.T) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("g.ir", []byte(halfGraph))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range g.Params {
		p.Data = make([]float32, p.Type.Shape.Elems())
		for k := range p.Data {
			p.Data[k] = float32(halfValue(uint16(r.IntN(2)<<15 | (8+r.IntN(4))<<10 | r.IntN(1024))))
		}
	}
	return g
}

// A weight that half precision cannot hold is refused by name: as it is, and
// after the transform.
func TestHalfBeyond(t *testing.T) {
	for _, c := range []struct {
		param     string
		value     float32
		algorithm string // of conv c, or of b with stride 2
		want      string // of the error
	}{
		{"w2", 65519, "direct", ""},
		{"w2", 65520, "direct", "a weight of 65520"},
		{"w2", -1e6, "direct", "a weight of -1e+06"},
		{"w2", 65519, "winograd2", ""},
		{"w2", 1e5, "winograd2", "F(2×2, 3×3)"},
		{"w2", float32(math.Inf(1)), "winograd4", "F(4×4, 3×3)"},
		{"w1", 65519, "polyphase2", ""},
		{"w1", -1e5, "polyphase2", "transformed for stride 2"},
		{"w5", 1e5, "direct", "a weight of 100000"},
		{"w0", 1e5, "direct", ""}, // stays float32
		{"b5", 1e5, "direct", ""},
	} {
		g := parseHalf(t)
		for _, p := range g.Params {
			if p.Name == c.param {
				p.Data[0] = c.value
			}
		}
		lowerAs(t, g, c.algorithm)
		_, err := Generate(g, Options{Package: "p", HalfWeights: true})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `"`+c.param+`"`)) {
			t.Errorf("%s[0] = %g, %s: error %v, want one with %q", c.param, c.value, c.algorithm, err, c.want)
		}
		if _, err := Generate(g, Options{Package: "p"}); err != nil {
			t.Errorf("%s[0] = %g in float32: %v", c.param, c.value, err)
		}
	}
}

// lowerAs runs the passes with an algorithm for conv c, or for b with stride 2;
// the other one is direct.
func lowerAs(t *testing.T, g *ir.Graph, algorithm string) {
	t.Helper()
	const (
		b = "32x17x19->48x9x10,3x3,stride=2,pad=1"
		c = "48x9x10->48x9x10,3x3,pad=1,add"
	)
	name, tune := "c", map[string]passes.Choice{b: {Algorithm: "direct"}, c: {Algorithm: algorithm}}
	if algorithm == "polyphase2" {
		name, tune = "b", map[string]passes.Choice{b: {Algorithm: algorithm}, c: {Algorithm: "direct"}}
	}
	if err := passes.Run(g, passes.Options{HalfWeights: true, Tune: tune}); err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		if n.Name() == name && n.Str("algorithm") != algorithm {
			t.Fatalf("%s is computed by %q, want %q: is its key another one?", name, n.Str("algorithm"), algorithm)
		}
	}
}

// TestHalfWeights compares the pure-Go kernels with half weights with those
// with float32 weights: where halves hold the weights without rounding, even
// transformed, all bits are the same.
func TestHalfWeights(t *testing.T) {
	for _, c := range []struct {
		algorithm string
		tolerance float64
	}{
		{"direct", 0},
		{"winograd2", 0},
		{"winograd4", 0x1p-9}, // its transform has factors of 1/3
		{"polyphase2", 0},
	} {
		g := parseHalf(t)
		for _, p := range g.Params {
			for k, x := range p.Data {
				p.Data[k] = float32(math.Round(float64(x)*64) / 64)
			}
		}
		lowerAs(t, g, c.algorithm)
		var results [2][]float32
		var sizes [2]int
		for i, half := range []bool{false, true} {
			l, err := lower(g, half)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range l.program.Layers {
				if r.Op == runtime.OpConv && r.Half != (half && r.Name != "a") {
					t.Errorf("%s: half weights: %t", r.Name, r.Half)
				}
			}
			weights := l.packedWeights()
			m, err := runtime.NewModel(&l.program, weights, runtime.WithThreads(2), runtime.WithKernels(runtime.PureGo))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			sizes[i], results[i] = len(weights), make([]float32, 2*m.Classes())
			if err := m.NewWorkspace(2).Run(results[i], zoo.FormulaTensor("x", ir.Shape{2, 3, 17, 19}, "")); err != nil {
				t.Fatal(err)
			}
		}
		d, top := 0.0, 0.0
		for i, want := range results[0] {
			d = max(d, math.Abs(float64(results[1][i]-want)))
			top = max(top, math.Abs(float64(want)))
		}
		if !(d <= c.tolerance*top) || top == 0 {
			t.Errorf("%s: logits are %.2g off those with float32 weights, want %.2g", c.algorithm, d/top, c.tolerance)
		}
		if c.tolerance > 0 && d == 0 {
			t.Errorf("%s: no bit differs from float32 weights: are these halves?", c.algorithm)
		}
		if share := float64(sizes[1]) / float64(sizes[0]); share > 0.52 {
			t.Errorf("%s: packed weights take %.3f of the space, want half", c.algorithm, share)
		}
	}
}
