package neon

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInnerLoops(t *testing.T) {
	b := New()
	b.Func("f", "n int", 8)
	b.Inst(LoadArg, X0, Arg{"n", 0})
	b.Label("outer")
	b.Inst(CBZ, X0, Label("done"))
	b.Label("first")
	b.Inst(LDPQ, Vec(0), Vec(1), X1, 0)
	b.Inst(FMLALane, Vec(2), Vec(0), Vec(1), 0)
	b.Label("inside")
	b.Inst(FMLALane, Vec(2), Vec(1), Vec(1), 0)
	b.Inst(FADD, Vec(3), Vec(3), Vec(2))
	b.Inst(SUBSImm, X1, X1, 1)
	b.Inst(BNE, Label("first"))
	b.Label("second")
	b.Inst(MOVV, Vec(4), Vec(1)) // begins a new sum in each round
	b.Inst(FMLA, Vec(4), Vec(0), Vec(1))
	b.Inst(STRQ, Vec(0), X2, 0)
	b.Inst(BNE, Label("second"))
	b.Inst(B, Label("outer"))
	b.Label("done")
	b.Inst(RET)
	functions, err := b.Functions()
	if err != nil {
		t.Fatal(err)
	}
	want := []Loop{
		{
			Label: "first",
			Text: []string{"ldp q0, q1, [x1, #0]", "fmla v2.4s, v0.4s, v1.s[0]", "fmla v2.4s, v1.4s, v1.s[0]",
				"fadd v3.4s, v3.4s, v2.4s", "subs x1, x1, #1", "b.ne first"},
			MultiplyAdds: 2, Chain: 2, Vector: 3, Loads: 2,
		},
		{Label: "second", Text: []string{"mov v4.16b, v1.16b", "fmla v4.4s, v0.4s, v1.4s", "str q0, [x2, #0]", "b.ne second"},
			MultiplyAdds: 1, Vector: 2, Stores: 1},
	}
	if d := cmp.Diff(want, functions[0].InnerLoops()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
