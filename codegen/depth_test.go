package codegen

import (
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

// Convolutions of several input planes: 3x3 and 1x1, with a stride, in groups, with
// a bias, a ReLU, a halo on either side, residuals in the result's place and elsewhere, rows
// that are joined and put apart again.
const deep = `graph g
input x: f32[N,48,9,13]
param w0: f32[64,48,3,3]
param b0: f32[64]
param w1: f32[64,64,3,3]
param b1: f32[64]
param w2: f32[80,64,1,1]
param w3: f32[80,64,1,1]
param w4: f32[80,64,1,1]
param w5: f32[96,80,3,3]
param w6: f32[96,48,3,3]
param w7: f32[80,80,1,1]
a = conv2d(x, w0, bias=b0) {padding=[1,1,1,1], relu=true}
b = conv2d(a, w1, bias=b1, residual=a) {padding=[1,1,1,1], relu=true}
c = conv2d(b, w2) {stride=[2,2]}
d = conv2d(b, w3, residual=c) {stride=[2,2]}
e = conv2d(b, w4, residual=d) {stride=[2,2], relu=true}
k = conv2d(e, w7) {relu=true}
f = conv2d(k, w5) {padding=[1,1,1,1]}
h = conv2d(f, w6) {padding=[1,1,1,1], groups=2}
output h
output d
`

// deepLogits are what the pure-Go kernels compute for two images with so many input
// planes at a time.
func deepLogits(t *testing.T, depth, threads int) []float32 {
	t.Helper()
	g, err := ir.Parse("g.ir", []byte(deep))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range g.Params {
		p.Data = make([]float32, p.Type.Shape.Elems())
		for k := range p.Data {
			p.Data[k] = float32((k*37+i)%101-50) / 500
		}
	}
	if err := passes.Run(g, passes.Options{Exact: true}); err != nil {
		t.Fatal(err)
	}
	l, err := lower(g, false)
	if err != nil {
		t.Fatal(err)
	}
	p, inPlace, joined := &l.program, 0, 0
	for i := range p.Layers {
		r := &p.Layers[i]
		if r.Op != runtime.OpConv {
			continue
		}
		if r.In2.Channels > 0 && r.In2.Offset == r.Out.Offset {
			inPlace++
		}
		if r.Joined {
			joined++
		}
		r.Tiles[runtime.PureGo].Depth = depth
		_, thread := r.Scratch()
		p.ThreadScratch = max(p.ThreadScratch, thread)
	}
	if inPlace == 0 || joined == 0 {
		t.Errorf("%d convolutions have their residual in their result's place and %d put joined rows apart, want some of both", inPlace, joined)
	}
	t.Setenv(runtime.KernelsEnv, runtime.PureGo.String())
	m, err := runtime.NewModel(p, l.packedWeights(), runtime.WithThreads(threads))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dst, src := make([]float32, 2*m.Classes()), make([]float32, 2*48*9*13)
	for i := range src {
		src[i] = float32(i%89-44) / 44
	}
	if err := m.NewWorkspace(2).Run(dst, src); err != nil {
		t.Fatal(err)
	}
	return dst
}

// TestDepth wants the same bits however many input planes go over the rows at a time.
func TestDepth(t *testing.T) {
	want := deepLogits(t, 0, 1)
	for depth := 1; depth <= 5; depth++ {
		for threads := 1; threads <= 2; threads++ {
			if !slices.Equal(deepLogits(t, depth, threads), want) {
				t.Errorf("%d planes at a time, threads: %d: other bits", depth, threads)
			}
		}
	}
}

// TestChooseDepth wants weights of narrow tiles to fit the L1 cache, of any kernel.
func TestChooseDepth(t *testing.T) {
	for _, c := range []struct {
		level                  runtime.Level
		channels, kernel, want int
		tiling                 runtime.Tiling
	}{
		{runtime.AVX2, 2048, 1, 8, runtime.Tiling{Blocks: 2, A: 3, CountA: 2}},
		{runtime.AVX2, 2048, 1, 16, runtime.Tiling{Blocks: 1, A: 6, CountA: 2}},
		{runtime.AVX2, 512, 3, 1, runtime.Tiling{Blocks: 2, A: 3, CountA: 2}},
		{runtime.AVX2, 128, 1, 0, runtime.Tiling{Blocks: 2, A: 3, CountA: 2}}, // they fit
		{runtime.AVX512, 2048, 1, 0, runtime.Tiling{Blocks: 2, A: 14, CountA: 2}},
		{runtime.NEON, 2048, 1, 0, runtime.Tiling{Blocks: 2, A: 3, CountA: 2}},
	} {
		r := runtime.Layer{Op: runtime.OpConv, Groups: 1, Kernel: [2]int{c.kernel, c.kernel}, In: runtime.Buffer{Channels: c.channels, Block: ir.Block}}
		if got := depth(c.level.String(), &r, c.tiling); got != c.want {
			t.Errorf("%v, %d channels, kernel %d, tile %+v: %d planes at a time, want %d", c.level, c.channels, c.kernel, c.tiling, got, c.want)
		}
	}
}
