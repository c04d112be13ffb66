package neon

import (
	"fmt"
	"strings"
	"testing"
)

// TestErrors checks what the builder says of wrong operands and functions.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name, want string
		build      func(b *Builder)
	}{
		{"too few operands", "f: fadd Vd.4s, Vn.4s, Vm.4s: 2 operands, want 3", func(b *Builder) { b.Inst(FADD, Vec(0), Vec(1)) }},
		{"kind", "Vm: operand x1 (a neon.Reg), want a Vec from 0 to 31", func(b *Builder) { b.Inst(FADD, Vec(0), Vec(1), X1) }},
		{"vector", "operand v32", func(b *Builder) { b.Inst(FADD, Vec(0), Vec(1), Vec(32)) }},
		{"register of the platform", "operand x18 (a neon.Reg), want a Reg from X0 to X26 but 18", func(b *Builder) { b.Inst(MOV, X0, X17+1) }},
		{"register of Go", "operand x28", func(b *Builder) { b.Inst(MOV, X0, Reg(28)) }},
		{"lane", "<lane>: operand 4 (a int), want an int from 0 to 3", func(b *Builder) { b.Inst(FMLALane, Vec(0), Vec(1), Vec(2), 4) }},
		{"offset", "<off16>: operand 8 (a int), want an int from 0 to 65520 that is a multiple of 16", func(b *Builder) { b.Inst(LDRQ, Vec(0), X0, 8) }},
		{"negative offset", "<pair>: operand -1040", func(b *Builder) { b.Inst(LDPQ, Vec(0), Vec(1), X0, -1040) }},
		{"aligned near offset", "<near16>: operand 16 (a int), want an int from -256 to 255; ldr takes multiples of 16", func(b *Builder) { b.Inst(LDURQ, Vec(0), X0, 16) }},
		{"pair", "both operands are v1", func(b *Builder) { b.Inst(LDPQ, Vec(1), Vec(1), X0, 0) }},
		{"parameter", "want an Arg at a multiple of 8", func(b *Builder) { b.Inst(LoadArg, X0, Arg{"x", 4}) }},
		{"nil", "operand <nil>", func(b *Builder) { b.Inst(B, nil) }},
		{"label twice", "f: label a is there twice", func(b *Builder) { b.Label("a"); b.Label("a") }},
		{"no label", "b.ne <label19>: no label a", func(b *Builder) { b.Inst(BNE, Label("a")) }},
		{"far label", "label a is -8193 instructions away, want -8192 to 8191", func(b *Builder) {
			b.Label("a")
			for range 8193 {
				b.Inst(FADD, Vec(0), Vec(0), Vec(0))
			}
			b.Inst(TBZ, X0, 0, Label("a"))
		}},
		{"end", "f does not end with ret", func(b *Builder) { b.Inst(FADD, Vec(0), Vec(0), Vec(0)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := New()
			b.Func("f", "", 0)
			test.build(b)
			if test.name != "end" {
				b.Inst(RET)
			}
			if _, err := b.Functions(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	b := New()
	b.Inst(RET)
	if _, err := b.Functions(); err == nil || !strings.Contains(err.Error(), "before the first Func") {
		t.Errorf("an instruction outside of functions gives %v", err)
	}
}

// TestTable checks the rows themselves: no two with the same text or encoding,
// no operand over bits of the opcode, and the same operands in both texts.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range table {
		for _, key := range []string{i.gnu, fmt.Sprintf("%08x/%v", i.base, i.fields)} {
			if seen[key] {
				t.Errorf("%s: there twice", key)
			}
			seen[key] = true
		}
		for k, name := range i.fields {
			f, ok := fields[name]
			if !ok {
				t.Errorf("%s: no field %s", i, name)
				continue
			}
			for choice := range 4 {
				bits, err := f.bits(operand(f, k, choice))
				if err != nil {
					t.Errorf("%s: %v", i, err)
				}
				if bits&i.base != 0 {
					t.Errorf("%s: operand %s lies over the opcode's bits %#x", i, name, bits&i.base)
				}
			}
			if i.goasm != "" && !strings.Contains(i.goasm, name) {
				t.Errorf("%s: the Go text %q has no %s", i, i.goasm, name)
			}
		}
	}
}
