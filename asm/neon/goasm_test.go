package neon

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/asmfmt"

	"github.com/resnetc/resnetc/asm/internal/goasm"
)

// program has every row of the table with several operands.
func program(t *testing.T) []*Function {
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	b := New()
	b.Func("every", "a, b int", 264)
	for i, s := range all {
		operands := s.operands
		for k, name := range s.fields {
			if fields[name].kind == branch {
				operands = append(operands[:k:k], Label(fmt.Sprintf("at%d", i)))
				b.Label(operands[k].(Label))
			}
		}
		b.Inst(s.Instruction, operands...)
	}
	b.Comment("The end.")
	b.Inst(RET)
	functions, err := b.Functions()
	if err != nil {
		t.Fatal(err)
	}
	return functions
}

// TestGoAssembler compares our encoding of every row with what Go's assembler
// makes of the printed text.
func TestGoAssembler(t *testing.T) {
	functions := program(t)
	text, err := Print("// Every row.\n", functions)
	if err != nil {
		t.Fatal(err)
	}
	want, err := functions[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	code, err := goasm.ARM64(t.TempDir(), text)
	if err != nil {
		t.Fatal(err)
	}
	got := code["every"]
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("instruction %d is %08x, want %08x", i, got[i], want[i])
		}
	}
	// The assembler fills up the function to a multiple of 16 bytes.
	if len(got) < len(want) || len(got) > len(want)+3 {
		t.Errorf("%d instructions, want %d", len(got), len(want))
	}
}

// TestPrint checks that asmfmt leaves the printed text as it is, and the text
// of a small function.
func TestPrint(t *testing.T) {
	text, err := Print("// Every row.\n", program(t))
	if err != nil {
		t.Fatal(err)
	}
	formatted, err := asmfmt.Format(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(formatted), string(text)); d != "" {
		t.Errorf("asmfmt changes (-formatted +printed):\n%s", d)
	}
}

// TestPrintSmall checks the text of a small function.
func TestPrintSmall(t *testing.T) {
	b := New()
	b.Func("double", "x *float32, n int", 16)
	b.Inst(LoadArg, X0, Arg{"x", 0})
	b.Inst(LoadArg, X1, Arg{"n", 8})
	b.Label("next")
	b.Inst(LDPQ, Vec(0), Vec(1), X0, 0)
	b.Inst(FADD, Vec(0), Vec(0), Vec(0))
	b.Comment("A remark.")
	b.Inst(STRQ, Vec(0), X0, 0)
	b.Inst(SUBSImm, X1, X1, 1)
	b.Inst(BNE, Label("next"))
	b.Inst(RET)
	functions, err := b.Functions()
	if err != nil {
		t.Fatal(err)
	}
	text, err := Print("// A header.\n", functions)
	if err != nil {
		t.Fatal(err)
	}
	const want = `// A header.

#include "textflag.h"

// func double(x *float32, n int)
TEXT ·double(SB), NOSPLIT, $0-16
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1

next:
	FLDPQ (R0), (F0, F1)
	WORD  $0x4e20d400    // fadd v0.4s, v0.4s, v0.4s

	// A remark.
	FMOVQ F0, (R0)
	SUBS  $1, R1, R1
	BNE   next
	RET
`
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
