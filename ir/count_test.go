package ir

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMACs(t *testing.T) {
	for op := range Ops {
		if macs[op] == nil {
			t.Errorf("op %s has no row in macs", op)
		}
	}
	for node, want := range map[string]int{
		"conv2d(x, w)":                   36 * 16 * 16 * 9,
		"conv2d(x, halves) {groups=2}":   36 * 16 * 8 * 9,
		"linear(flat, mat, bias=vec)":    256,
		"add(x, x)":                      0,
		"conv2d(x, ones) {stride=[3,3]}": 9 * 8 * 16,
		"batch_norm(x, vec, u, m, u)":    0,
		"conv2d(x, w) {dilation=[2, 2]}": 16 * 16 * 16 * 9,

		"conv2d_grad_input(zoom, halves) {groups=2, input_size=[8,8]}": 36 * 16 * 8 * 9,
		"conv2d_grad_weight(zoom, x) {groups=2, kernel=[3,3]}":         36 * 16 * 8 * 9,
		"linear_grad_input(flat, mat)":                                 256,
		"linear_grad_weight(flat, long)":                               1600,
	} {
		g := mustParse(t, decls+"param halves: f32[16,8,3,3]\nparam ones: f32[8,16,1,1]\nparam m: f32[16]\nparam u: f32[16]\nz = relu(x)\ny = "+node+"\noutput y")
		if got := g.MACs(); got != want {
			t.Errorf("MACs of %s = %d, want %d", node, got, want)
		}
	}
}

func TestParamCount(t *testing.T) {
	g := mustParse(t, `graph g
		input x: f32[N,2,4,4]
		param w: f32[2,2,3,3]
		const gamma: f32[2] = 1
		param beta: f32[2]
		param mean: f32[2]
		param var: f32[2]
		y = conv2d(x, w)
		z = batch_norm(y, gamma, beta, mean, var)
		output z`)
	if got := g.ParamCount(); got != 36+4 {
		t.Errorf("ParamCount = %d, want 40", got)
	}
	if got := mustParse(t, trainText).ParamCount(); got != 12 {
		t.Errorf("ParamCount of a training graph = %d, want 12: w without its velocity", got)
	}
}

func TestClone(t *testing.T) {
	for _, src := range []string{text, trainText} {
		testClone(t, src)
	}
}

func testClone(t *testing.T, src string) {
	g := mustParse(t, src)
	before := g.String()
	c := g.Clone()
	if diff := cmp.Diff(g, c, graphs); diff != "" {
		t.Fatalf("the clone differs (-g +clone):\n%s", diff)
	}
	for i, p := range g.Params {
		if p.Data != nil && &p.Data[0] != &c.Params[i].Data[0] {
			t.Error("the clone does not share the data of parameters")
		}
	}
	for i, u := range c.Updates {
		if !c.IsParam(u.Param) || g.Updates[i].Value == u.Value {
			t.Error("an update of the clone is not among the clone's values")
		}
	}
	for _, n := range c.Nodes {
		for _, v := range n.Attrs {
			if list, ok := v.([]int); ok {
				list[0] = 99
			}
		}
		n.Attrs["new"] = 1
		n.Inputs[0] = nil
	}
	for v := range c.Values() {
		if v.Name += "'"; len(v.Type.Shape) > 0 {
			v.Type.Shape[0] = 77
		}
	}
	c.Outputs[0], c.Name, c.Updates = c.Inputs[0], "clone", nil
	if after := g.String(); after != before {
		t.Errorf("a change to the clone changed the graph:\n%s", cmp.Diff(before, after))
	}
}
