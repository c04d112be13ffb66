package passes

import (
	"slices"
	"testing"

	"github.com/resnetc/resnetc/ir"
)

// checkLowered checks the form that the package comment promises after the last pass.
func checkLowered(t *testing.T, g *ir.Graph) {
	t.Helper()
	uses := g.Uses()
	for _, v := range g.Inputs {
		if v.Type.Layout != ir.NCHW || v.Type.Halo != 0 || v.Offset != -1 {
			t.Errorf("input %q has type %v, offset %d", v.Name, v.Type, v.Offset)
		}
		for _, n := range uses[v] {
			if n.Op != ir.Reorder {
				t.Errorf("input %q is read by %v", v.Name, n)
			}
		}
	}
	for _, v := range g.Params {
		if len(uses[v]) == 0 {
			t.Errorf("parameter %q is dead", v.Name)
		}
	}
	for _, v := range g.Outputs {
		if v.Type.Layout != ir.NCHW16c || v.Offset < 0 {
			t.Errorf("output %q has type %v, offset %d", v.Name, v.Type, v.Offset)
		}
	}
	for _, n := range g.Nodes {
		v := n.Out()
		if len(uses[v]) == 0 && !slices.Contains(g.Outputs, v) {
			t.Errorf("%v is dead", n)
		}
		if v.Offset < 0 || v.Offset%ir.Block != 0 {
			t.Errorf("%v has offset %d", n, v.Offset)
		}
		if halo := haloOf(v, uses[v]); v.Type.Halo != halo {
			t.Errorf("%v has halo %d, its readers want %d", n, v.Type.Halo, halo)
		}
		checkNode(t, g, n, uses)
	}
}

// haloOf is the widest border that convolutions read around v.
func haloOf(v *ir.Value, readers []*ir.Node) int {
	halo := 0
	for _, n := range readers {
		if n.Op == ir.Conv2D && n.In("input") == v {
			p, out := n.Ints("padding"), n.Out().Type.Shape
			m := map[string]int{"direct": 1, "winograd2": 2, "winograd4": 4, "polyphase2": 2}[n.Str("algorithm")]
			s := n.Ints("stride")[0]
			halo = max(halo, slices.Max(p))
			if m > 1 {
				in := v.Type.Shape
				halo = max(halo, ((out[2]+m-1)/m*m-1)*s+3-p[0]-in[2], ((out[3]+m-1)/m*m-1)*s+3-p[1]-in[3])
			}
		}
	}
	return halo
}

func checkNode(t *testing.T, g *ir.Graph, n *ir.Node, uses map[*ir.Value][]*ir.Node) {
	t.Helper()
	private := func(v *ir.Value) bool { return len(uses[v]) == 1 && !slices.Contains(g.Outputs, v) }
	planar := map[ir.OpName]bool{ir.Reorder: true, ir.Flatten: true} // may write planes
	switch n.Op {
	case ir.BatchNorm, ir.Dropout:
		t.Errorf("%v is left over", n)
	case ir.ReLU:
		d := n.Inputs[0].Def
		if slices.Contains([]ir.OpName{ir.Conv2D, ir.Affine, ir.Add, ir.Linear}, d.Op) && private(d.Out()) {
			t.Errorf("%v is not fused into %v", n, d)
		}
	case ir.Add:
		for _, v := range n.Inputs {
			if d := v.Def; d.Op == ir.Conv2D && private(v) && !d.Bool("relu") && d.In("residual") == nil {
				t.Errorf("%v is not fused into %v", n, d)
			}
		}
	case ir.Conv2D:
		w, groups := n.In("weight").Type.Shape, n.Int("groups")
		if n.Str("algorithm") == "" || groups > 1 && narrowFactor(n) != 1 && (w[1]%ir.Block != 0 || w[0]/groups%ir.Block != 0) {
			t.Errorf("%v with weight %v cannot be lowered", n, w)
		}
		in := n.In("input")
		stem := in.Def.Op == ir.Reorder && in.Def.Inputs[0].Def == nil && w[1] <= StemChannels && groups == 1
		if got := in.Type.Layout == ir.NCHW; got != stem {
			t.Errorf("%v reads planes: %v, want %v", n, got, stem)
		}
		if r := n.In("residual"); r != nil && r.Type.Layout != ir.NCHW16c {
			t.Errorf("%v has a planar residual", n)
		}
	case ir.Flatten:
		in, out := n.Inputs[0], n.Out()
		dense := in.Type.Layout == ir.NCHW || in.Type.Shape[2]*in.Type.Shape[3] == 1
		if in.Offset != out.Offset || in.Type.Halo != 0 || in.Type.Layout != out.Type.Layout || !dense {
			t.Errorf("%v of %v is no alias", n, in.Type)
		}
	}
	if n.Out().Type.Layout != ir.NCHW16c && !planar[n.Op] {
		t.Errorf("%v writes planes", n)
	}
	for _, v := range n.Inputs {
		reads := map[ir.OpName]bool{ir.Reorder: true, ir.Flatten: true, ir.Conv2D: true}
		if v != nil && !g.IsParam(v) && v.Type.Layout != ir.NCHW16c && !reads[n.Op] {
			t.Errorf("%v reads planes", n)
		}
	}
}
