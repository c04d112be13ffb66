package codegen

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

// TestNarrowGroups compares convolutions of groups that are less than a block
// with the interpreter, and checks which of them go to kernels of their own.
func TestNarrowGroups(t *testing.T) {
	for i, c := range []struct {
		channels, groups int
		kernel, attrs    string
		narrow           int
	}{
		{32, 8, "3,3", "padding=[1,1,1,1], relu=true", 4},
		{48, 12, "1,3", "stride=[3,2], padding=[0,1,0,1]", 4},
		{32, 4, "3,3", "dilation=[2,1], padding=[2,1,2,1], relu=true", 8},
		{16, 2, "3,3", "stride=[1,2]", 8},
		{32, 32, "3,3", "stride=[2,2], padding=[1,1,1,1]", 4}, // each four of them joined
		{32, 16, "3,3", "padding=[1,1,1,1]", 4},
		{32, 8, "3,3", "dilation=[1,2], padding=[1,2,1,2]", 0},
		{32, 8, "3,1", "", 0},
		{32, 8, "3,3", "stride=[1,3]", 0},
		{24, 6, "3,3", "padding=[1,1,1,1]", 0}, // no whole blocks
		{32, 2, "3,3", "padding=[1,1,1,1]", 0},
	} {
		attrs := c.attrs
		if attrs != "" {
			attrs += ", "
		}
		text := fmt.Sprintf("graph g\ninput x: f32[N,%[1]d,9,31]\nparam w: f32[%[1]d,%[2]d,%[3]s]\nparam b: f32[%[1]d]\n"+
			"a = relu(x)\ny = conv2d(a, w, bias=b) {%[4]sgroups=%[5]d}\noutput y\n",
			c.channels, c.channels/c.groups, c.kernel, attrs, c.groups)
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		parse := func() *ir.Graph {
			g, err := ir.Parse("g.ir", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range g.Params {
				p.Data = make([]float32, p.Type.Shape.Elems())
				for k := range p.Data {
					p.Data[k] = rng.Float32() - 0.5
				}
			}
			return g
		}
		g := parse()
		if err := compareWithInterpreter(g, irtest.RandomInput(rng, g, 2)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		g = parse()
		if err := passes.Run(g, passes.Options{}); err != nil {
			t.Fatal(err)
		}
		l, err := lower(g, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.program.Layers {
			if r.Op == runtime.OpConv && (r.Narrow != c.narrow || r.Half == (c.narrow > 0)) {
				t.Errorf("groups of %d, want %d; half weights: %t\n%s", r.Narrow, c.narrow, r.Half, text)
			}
		}
	}
}
