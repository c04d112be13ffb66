package passes

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
)

const block = `graph block
input x: f32[N,16,8,8]
param w: f32[16,16,3,3]
param g: f32[16]
conv = conv2d(x, w) {padding=[1,1,1,1]}
bn = batch_norm(conv, g, g, g, g) {}
sum = add(bn, x) {}
y = relu(sum) {}
output y
`

func parse(t *testing.T, text string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("test.ir", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestStopAfterAndObserve(t *testing.T) {
	var seen []string
	g := parse(t, block)
	err := Run(g, Options{StopAfter: "fold-batchnorm", Observe: func(pass string, got *ir.Graph) {
		if got != g {
			t.Error("Observe sees another graph")
		}
		seen = append(seen, pass)
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"dead-code", "remove-identity", "fold-constants", "fold-batchnorm"}
	if !slices.Equal(seen, want) {
		t.Errorf("observed %v, want %v", seen, want)
	}
	if g.Value("bn") != nil || g.Value("sum") == nil {
		t.Errorf("want bn folded and sum not fused:\n%v", g)
	}
}

func TestStopAfterUnknown(t *testing.T) {
	for name, want := range map[string]string{
		"fold-batchnrom": `unknown pass "fold-batchnrom", did you mean fold-batchnorm`,
		"fuse":           "fuse-add or fuse-relu?",
		"Layout":         "did you mean layout",
		"memory":         "did you mean plan-memory",
		"zzzzzzz":        "did you mean dead-code or remove-identity or",
	} {
		g := parse(t, block)
		before := g.String()
		err := Run(g, Options{StopAfter: name})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("StopAfter %s: error %v, want one with %q", name, err, want)
		}
		if g.String() != before {
			t.Errorf("StopAfter %s changed the graph", name)
		}
	}
}

// TestErrors checks that an error names the pass.
func TestErrors(t *testing.T) {
	g := parse(t, strings.Replace(block, "param g: f32[16]", "const g: f32[16] = -1", 1))
	if err := Run(g, Options{}); err == nil || !strings.Contains(err.Error(), `fold-batchnorm: node "bn"`) {
		t.Errorf("negative variance: %v", err)
	}
	g = parse(t, block)
	g.Outputs = nil
	if err := Run(g, Options{}); err == nil || !strings.Contains(err.Error(), "graph/V6") {
		t.Errorf("no outputs: %v", err)
	}
}

// TestAgain lowers what was lowered, printed and parsed: nothing changes.
func TestAgain(t *testing.T) {
	g := parse(t, block)
	if err := Run(g, Options{}); err != nil {
		t.Fatal(err)
	}
	again := parse(t, g.String())
	if err := Run(again, Options{}); err != nil {
		t.Fatal(err)
	}
	if g.String() != again.String() {
		t.Errorf("first\n%v\nsecond\n%v", g, again)
	}
}

// TestExact wants Winograd's algorithm, which rounds more, only where it is allowed.
func TestExact(t *testing.T) {
	const strided = `graph strided
input x: f32[N,64,16,16]
param w: f32[64,64,3,3]
y = conv2d(x, w) {stride=[2,2], padding=[1,1,1,1]}
output y
`
	const stem = `graph stem
input x: f32[N,3,224,224]
param w: f32[64,3,7,7]
y = conv2d(x, w) {stride=[2,2], padding=[3,3,3,3]}
output y
`
	for _, c := range []struct {
		exact bool
		text  string
		want  string
	}{
		{false, stem, "stem4"},
		{true, stem, "direct"},
		{false, strings.ReplaceAll(stem, "224,224", "224,29"), "direct"}, // less than a group of tiles
		{false, strings.ReplaceAll(stem, "7,7", "7,5"), "direct"},
		{false, strings.ReplaceAll(stem, "[2,2]", "[2,1]"), "direct"},
		{false, block, "winograd4"},
		{true, block, "direct"},
		{false, strided, "polyphase2"},
		{true, strided, "direct"},
		{false, strings.ReplaceAll(strided, "[2,2]", "[2,1]"), "direct"},
		{false, strings.ReplaceAll(strided, "16,16]", "13,13]"), "polyphase2"},                               // 7x7 pixels, but 8x8 in tiles
		{false, strings.ReplaceAll(strings.ReplaceAll(strided, "64", "1024"), "16,16]", "13,13]"), "direct"}, // too many weights
		{false, strings.ReplaceAll(strings.ReplaceAll(block, "3,3]", "5,5]"), "[1,1,1,1]", "[2,2,2,2]"), "direct"},
	} {
		g := parse(t, c.text)
		if err := Run(g, Options{Exact: c.exact}); err != nil {
			t.Fatal(err)
		}
		if got := g.Outputs[0].Def.Str("algorithm"); got != c.want {
			t.Errorf("exact %v: algorithm %q, want %q", c.exact, got, c.want)
		}
	}
}

// TestBatch wants the algorithm with few operations and many weights only where
// a weight serves many images.
func TestBatch(t *testing.T) {
	const late = `graph late
input x: f32[N,512,7,7]
param w: f32[512,512,3,3]
param v: f32[512,512,3,3]
y = conv2d(x, w) {padding=[1,1,1,1]}
z = conv2d(y, v) {padding=[1,1,1,1]}
output z
`
	for batch, want := range map[int]string{0: "winograd2", 1: "winograd2", 8: "winograd4"} {
		g := parse(t, late)
		if err := Run(g, Options{Batch: batch}); err != nil {
			t.Fatal(err)
		}
		if got := g.Value("z").Def.Str("algorithm"); got != want {
			t.Errorf("batch %d: algorithm %q, want %q", batch, got, want)
		}
	}
}

func TestCosts(t *testing.T) {
	g := parse(t, `graph cost
input x: f32[N,3,8,8]
param w: f32[24,3,3,3]
param v: f32[8,24,1,1]
param u: f32[16,8,3,3]
param t: f32[16,24,3,3]
a = conv2d(x, w) {padding=[1,1,1,1]}
b = conv2d(a, v) {stride=[2,2]}
c = conv2d(b, u) {padding=[1,1,1,1]}
d = conv2d(a, t) {padding=[1,1,1,1], stride=[2,2]}
output c
output d
`)
	a, b, c, d := g.Value("a").Def, g.Value("b").Def, g.Value("c").Def, g.Value("d").Def
	for _, r := range []struct {
		what      string
		got, want float64
	}{
		{"the stem counts its channels, others whole blocks", directCost(a, 4), 64 * 32 * 3 * 9},
		{"whole blocks", directCost(b, 4), 16 * 16 * 32},
		{"reading weights, where it takes longer than arithmetic", directCost(b, 20), 20 * 16 * 32},
		{"four tiles of 16 elements", winogradCost(c, "winograd2", 4), 16*16*16*4*1.5 + 4*16*110},
		{"of strided layers each sum is of 25/9 of the channels", winogradCost(d, "polyphase2", 4), 16*32*4*(25+9./4) + 4*24*110},
		{"one tile of 36 elements is read longer than multiplied", winogradCost(c, "winograd4", 4), 36*16*16*4 + 16*330},
	} {
		if r.got != r.want {
			t.Errorf("%s: cost %v, want %v", r.what, r.got, r.want)
		}
	}
	s := parse(t, `graph stem
input x: f32[N,3,20,40]
param w: f32[24,3,7,7]
y = conv2d(x, w) {stride=[2,2], padding=[3,3,3,3]}
output y
`).Value("y").Def
	if got, want := stemCost(s, 4), 10*8*3*(1.1*91*32+230.); math.Abs(got-want) > 1e-6*want {
		t.Errorf("a stem of ten rows of two groups of tiles: cost %v, want %v", got, want)
	}
	if isWinograd(a, 1) || isWinograd(b, 1) || !isWinograd(c, 1) || isWinograd(b, 2) || isWinograd(c, 2) || !isWinograd(d, 2) {
		t.Error("Winograd's algorithm computes 3x3 convolutions with stride 1 or 2, but not the stem")
	}
}
