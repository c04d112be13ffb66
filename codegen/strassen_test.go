package codegen

import (
	"math"
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

// A convolution of each kind that Strassen's algorithm computes: with joined rows
// and without, and joined ones that are put apart again, a halo on either side, a bias, residuals in the result's place
// and elsewhere, with and without a ReLU.
const quartered = `graph g
input x: f32[N,16,8,10]
param w0: f32[64,16,3,3]
param w1: f32[64,64,1,1]
param b1: f32[64]
param w2: f32[96,64,3,3]
param w3: f32[32,96,1,1]
param b3: f32[32]
param w4: f32[96,32,1,1]
param w5: f32[96,32,1,1]
param w6: f32[96,32,1,1]
param w7: f32[64,96,1,1]
param w8: f32[16,64,3,3]
x0 = conv2d(x, w0) {padding=[1,1,1,1]}
s1 = conv2d(x0, w1, bias=b1, residual=x0) {relu=true}
x2 = conv2d(s1, w2) {padding=[1,1,1,1]}
s3 = conv2d(x2, w3, bias=b3) {relu=true}
s4 = conv2d(s3, w4)
s5 = conv2d(s3, w5, residual=s4)
s6 = conv2d(s3, w6, residual=s5) {relu=true}
s7 = conv2d(s6, w7)
x8 = conv2d(s7, w8) {padding=[1,1,1,1]}
output x8
output s5
`

// quarteredLogits are what the pure-Go kernels compute for three images, so many at a time.
func quarteredLogits(t *testing.T, algorithm, schedule string, threads, batch int) []float32 {
	t.Helper()
	g, err := ir.Parse("g.ir", []byte(quartered))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range g.Params {
		p.Data = make([]float32, p.Type.Shape.Elems())
		for k := range p.Data {
			p.Data[k] = float32((k*37+i)%101-50) / 500
		}
	}
	tune := map[string]passes.Choice{}
	for _, n := range g.Nodes {
		c := passes.Choice{Algorithm: "direct"}
		if n.Name()[0] == 's' {
			c = passes.Choice{Algorithm: algorithm, Schedule: schedule}
		}
		tune[passes.ConvKey(n)] = c
	}
	if err := passes.Run(g, passes.Options{Tune: tune}); err != nil {
		t.Fatal(err)
	}
	l, err := lower(g, false)
	if err != nil {
		t.Fatal(err)
	}
	if rows := slices.DeleteFunc(slices.Clone(l.program.Layers), func(r runtime.Layer) bool { return !r.Strassen }); algorithm == "strassen" && len(rows) != 6 {
		t.Fatalf("%d rows by Strassen's algorithm, want 6", len(rows))
	}
	if !slices.ContainsFunc(l.program.Layers, func(r runtime.Layer) bool { return r.Joined && r.Strassen == (algorithm == "strassen") }) {
		t.Fatal("no joined rows are put apart again")
	}
	m, err := runtime.NewModel(&l.program, l.packedWeights(), runtime.WithThreads(threads))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const size = 16 * 8 * 10
	dst, src := make([]float32, 3*m.Classes()), make([]float32, 3*size)
	for i := range src {
		src[i] = float32(i%89-44) / 44
	}
	w, each := m.NewWorkspace(batch), m.Classes()
	for i := 0; i < 3; i += batch {
		if err := w.Run(dst[i*each:(i+batch)*each], src[i*size:(i+batch)*size]); err != nil {
			t.Fatal(err)
		}
	}
	return dst
}

// TestStrassen wants what direct convolution computes, up to rounding, and the same
// bits with any schedule, number of threads and batch.
func TestStrassen(t *testing.T) {
	direct, want := quarteredLogits(t, "direct", "", 1, 1), quarteredLogits(t, "strassen", "", 1, 1)
	if d := irtest.Compare(vector(t, want), vector(t, direct)); !(d < 1e-5) || d == 0 {
		t.Errorf("%.2g off direct convolution, want something up to 1e-5", d)
	}
	for _, c := range []struct {
		schedule       string
		threads, batch int
	}{{"weights/1", 1, 1}, {"weights/2", 2, 1}, {"", 2, 3}, {"weights", 1, 3}} {
		if !slices.Equal(quarteredLogits(t, "strassen", c.schedule, c.threads, c.batch), want) {
			t.Errorf("%+v: other bits", c)
		}
	}
}

// TestPackStrassen wants the combinations in the runtime's order.
func TestPackStrassen(t *testing.T) {
	v := &ir.Value{Name: "w", Type: ir.Type{Shape: ir.Shape{32, 32, 1, 1}}, Data: make([]float32, 32*32)}
	for o := range 32 {
		for i := range 32 {
			v.Data[o*32+i] = []float32{1, 10, 100, 1000}[o/16*2+i/16]
		}
	}
	l := &lowering{}
	at, err := l.packStrassen(v)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float32{1, 10, 1099, -99, 1000, 1100, -1089} {
		for i := range 256 {
			if got := math.Float32frombits(l.weights[at+k*256+i]); got != want {
				t.Fatalf("combination %d has %g, want %g", k, got, want)
			}
		}
	}
}
