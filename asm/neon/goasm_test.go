package neon

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/asmfmt"
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
	got := assemble(t, text)
	if len(got) < len(want) {
		t.Fatalf("%d instructions, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("instruction %d is %08x, want %08x", i, got[i], want[i])
		}
	}
}

// dump is a line of the assembler's listing with machine code.
var dump = regexp.MustCompile(`(?m)^\t0x[0-9a-f]+((?: [0-9a-f]{2})+) `)

// assemble returns the machine code that Go's assembler makes of a file.
func assemble(t *testing.T, text []byte) []uint32 {
	name := filepath.Join(t.TempDir(), "f.s")
	if err := os.WriteFile(name, text, 0o666); err != nil {
		t.Fatal(err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	include := filepath.Join(strings.TrimSpace(string(root)), "pkg", "include")
	cmd := exec.Command("go", "tool", "asm", "-S", "-p", "p", "-I", include, "-o", os.DevNull, name)
	cmd.Env = append(os.Environ(), "GOARCH=arm64", "GOOS=linux")
	listing, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go tool asm: %v\n%s", err, listing)
	}
	var code []byte
	for _, m := range dump.FindAllStringSubmatch(string(listing), -1) {
		b, err := hex.DecodeString(strings.ReplaceAll(m[1], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, b...)
	}
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	return words
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
