package interp_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
)

// TestBatch checks that each image of a batch gives what it gives alone.
func TestBatch(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		g := irtest.RandomGraph(rng, 10)
		in := irtest.RandomInput(rng, g, 3)
		all, err := interp.Run(g, in)
		if err != nil {
			t.Fatal(err)
		}
		for image := range 3 {
			part := map[string]*interp.Tensor{}
			for name, x := range in {
				part[name] = slice(x, image)
			}
			alone, err := interp.Run(g, part)
			if err != nil {
				t.Fatal(err)
			}
			for name := range alone {
				if e := irtest.Compare(slice(all[name], image), alone[name]); e != 0 {
					t.Errorf("seed %d: image %d of a batch of 3: output %q differs by %g from its run alone", seed, image, name, e)
				}
			}
		}
	}
}

// slice gives one image of a batch.
func slice(t *interp.Tensor, image int) *interp.Tensor {
	n := len(t.Data) / t.Shape[0]
	return &interp.Tensor{Shape: append([]int{1}, t.Shape[1:]...), Data: t.Data[image*n : (image+1)*n]}
}

// TestEquations runs two graphs that must give the same: the outputs a and b.
func TestEquations(t *testing.T) {
	const x = "input x: f32[N,4,7,6]\n"
	for name, src := range map[string]string{
		"a 1x1 convolution with stride is one of the subsampled image": x + `param w: f32[5,4,1,1]
			a = conv2d(x, w) {stride=[2,3]}
			s = subsample(x) {stride=[2,3]}
			b = conv2d(s, w)`,
		"a batch norm is an affine": x + `const one: f32[4] = 1
			const zero: f32[4] = 0
			param g: f32[4]
			param h: f32[4]
			a = batch_norm(x, g, h, zero, one) {eps=0}
			b = affine(x, g, h)`,
		"a global pool is a pool of the whole": x + `a = global_avg_pool(x)
			b = avg_pool(x) {kernel=[7,6], stride=[1,1]}`,
		"a convolution of everything is linear": x + `param w: f32[3,4,7,6]
			param v: f32[3,168]
			param c: f32[3]
			y = conv2d(x, w, bias=c) {relu=true}
			a = flatten(y)
			f = flatten(x)
			b = linear(f, v, bias=c) {relu=true}`,
		"fused residual and relu": x + `param w: f32[4,4,3,3]
			a = conv2d(x, w, residual=x) {padding=[1,1,1,1], relu=true}
			c = conv2d(x, w) {padding=[1,1,1,1]}
			s = add(c, x)
			b = relu(s)`,
		"a maximum in two steps": x + `a = max_pool(x) {kernel=[3,3], stride=[1,1], padding=[1,1,1,1]}
			c = max_pool(x) {kernel=[1,3], stride=[1,1], padding=[0,1,0,1]}
			b = max_pool(c) {kernel=[3,1], stride=[1,1], padding=[1,0,1,0]}`,
	} {
		t.Run(name, func(t *testing.T) {
			g := parse(t, "graph g\n"+src+"\noutput a, b\n")
			rng := rand.New(rand.NewPCG(3, 4))
			fill(g, rng)
			if w, v := g.Value("w"), g.Value("v"); v != nil {
				v.Data = w.Data // the same numbers in another shape
			}
			out, err := interp.Run(g, irtest.RandomInput(rng, g, 2))
			if err != nil {
				t.Fatal(err)
			}
			if e := irtest.Compare(out["a"], out["b"]); e > 1e-14 {
				t.Errorf("the two differ by %g:\n%v\n%v", e, out["a"], out["b"])
			}
		})
	}
}

// fill gives parameters without data random numbers.
func fill(g *ir.Graph, rng *rand.Rand) {
	for _, v := range g.Params {
		if v.Data == nil {
			v.Data = make([]float32, v.Type.Shape.Elems())
			for i := range v.Data {
				v.Data[i] = float32(rng.NormFloat64())
			}
		}
	}
}

// TestGroups compares a grouped convolution with one whose filters are zero
// outside their group.
func TestGroups(t *testing.T) {
	const src = "graph g\ninput x: f32[N,6,5,5]\nparam w: f32[9,%d,3,3]\ny = conv2d(x, w) {groups=%d, stride=[2,1], dilation=[1,2]}\noutput y\n"
	grouped, dense := parse(t, fmt.Sprintf(src, 2, 3)), parse(t, fmt.Sprintf(src, 6, 1))
	rng := rand.New(rand.NewPCG(5, 6))
	fill(grouped, rng)
	w := make([]float32, 9*6*9)
	for o := range 9 {
		for i := range 2 {
			channel := o/3*2 + i
			copy(w[(o*6+channel)*9:][:9], grouped.Params[0].Data[(o*2+i)*9:][:9])
		}
	}
	dense.Params[0].Data = w
	in := irtest.RandomInput(rng, grouped, 2)
	a, err := interp.Run(grouped, in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := interp.Run(dense, in)
	if err != nil {
		t.Fatal(err)
	}
	if e := irtest.Compare(a["y"], b["y"]); e > 1e-14 {
		t.Errorf("they differ by %g", e)
	}
}

func BenchmarkConv3x3(b *testing.B) {
	g := parse(b, "graph g\ninput x: f32[N,128,28,28]\nparam w: f32[128,128,3,3]\ny = conv2d(x, w) {padding=[1,1,1,1]}\noutput y\n")
	rng := rand.New(rand.NewPCG(7, 8))
	fill(g, rng)
	in := irtest.RandomInput(rng, g, 1)
	for b.Loop() {
		if _, err := interp.Run(g, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*float64(g.MACs())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
