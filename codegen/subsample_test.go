package codegen

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
)

// TestSubsample compares strided 1x1 convolutions, whose pixels a pass takes out first,
// with the interpreter: strides of all sizes, planes that they do not divide, and a
// residual, also with Strassen's algorithm.
func TestSubsample(t *testing.T) {
	for _, stride := range []string{"2,2", "1,2", "3,2", "2,4"} {
		for _, size := range []string{"7,9", "28,16", "1,5"} {
			g, err := ir.Parse(stride, fmt.Appendf(nil, `graph strided
input x: f32[N,32,%s]
param u: f32[512,32,1,1]
param v: f32[512,32,1,1]
param b: f32[512]
a = conv2d(x, u, bias=b) {stride=[%s]}
c = conv2d(x, v, residual=a) {stride=[%[2]s], relu=true}
d = global_avg_pool(c) {}
e = flatten(d) {}
output e, c
`, size, stride))
			if err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for _, p := range g.Params {
				p.Data = make([]float32, p.Type.Shape.Elems())
				for i := range p.Data {
					p.Data[i] = rng.Float32() - 0.5
				}
			}
			if err := compareWithInterpreter(g, irtest.RandomInput(rng, g, 2)); err != nil {
				t.Errorf("stride %s, %s pixels: %v\n%v", stride, size, err, g)
			}
		}
	}
}
