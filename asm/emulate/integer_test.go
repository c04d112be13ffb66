package emulate

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// integerTests are instructions on general registers with results in AX by hand.
var integerTests = []struct {
	instructions string
	want         uint64
}{
	{"MOVQ $-2, AX", 1<<64 - 2},
	{"MOVQ $+7, (SP); MOVQ (SP), AX", 7},
	{"MOVQ $7, AX; MOVQ AX, 8(SP); ADDQ $1, 8(SP); ADDQ 8(SP), AX", 15},
	{"MOVQ $-1, AX; MOVL $0xff800000, AX", 0xff800000},
	{"MOVL $-2, AX", 1<<32 - 2},
	{"MOVQ $5, CX; LEAQ -8(CX)(CX*2), AX", 7},
	{"MOVQ $5, AX; MOVQ $3, CX; SUBQ CX, AX", 2},
	{"MOVQ $5, (SP); DECQ (SP); MOVQ (SP), AX; DECQ AX", 3},
	{"MOVQ $-5, CX; IMUL3Q $+3, CX, AX", 1<<64 - 15},
	{"MOVQ $5, 16(SP); IMUL3Q $-3, 16(SP), AX", 1<<64 - 15},
	{"PREFETCHT0 (DI); PREFETCHT1 -1024(DI); MOVQ (DI), AX", 42},
	{"MOVQ $0, AX; MOVQ $10, CX; \nloop:\n ADDQ CX, AX; DECQ CX; JNE loop", 55},
	{"MOVQ $1, AX; JMP end; MOVQ $2, AX; \nend:\n LEAQ (DI), BX", 1},
	{"MOVQ $3, CX; TESTQ $2, CX; MOVQ $1, AX; JNE end; MOVQ $2, AX; \nend:\n LEAQ (DI), BX", 1},
	{"MOVQ $4, CX; CMPQ CX, $5; MOVQ $1, AX; JL end; MOVQ $2, AX; \nend:\n LEAQ (DI), BX", 1},
	{"MOVQ $4, CX; TESTQ $2, CX; MOVQ $1, AX; JNE end; MOVQ $2, AX; \nend:\n LEAQ (DI), BX", 2},
}

// TestInteger runs instructions on general registers.
func TestInteger(t *testing.T) {
	for _, test := range integerTests {
		m := [4]uint64{42}
		if err := program(t, "avx2", 64, test.instructions+"; MOVQ AX, 8(DI)").Run(unsafe.Pointer(&m)); err != nil {
			t.Error(err)
		}
		if m[1] != test.want {
			t.Errorf("%s: AX is %#x, want %#x", test.instructions, m[1], test.want)
		}
	}
}

// conditions are those of the jumps, of what two numbers compare as.
var conditions = map[string]func(x, y int64) bool{
	"JE": func(x, y int64) bool { return x == y }, "JNE": func(x, y int64) bool { return x != y },
	"JL": func(x, y int64) bool { return x < y }, "JLT": func(x, y int64) bool { return x < y },
	"JLE": func(x, y int64) bool { return x <= y }, "JG": func(x, y int64) bool { return x > y },
	"JGE": func(x, y int64) bool { return x >= y },
}

// TestJumps takes every jump after every kind of comparison.
func TestJumps(t *testing.T) {
	numbers := []int64{0, 1, -1, 2, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}
	for jump, condition := range conditions {
		for _, compare := range []string{"CMPQ AX, CX", "SUBQ CX, AX", "CMPQ (DI), CX"} {
			p := program(t, "avx2", 0, fmt.Sprintf("MOVQ (DI), AX; MOVQ 8(DI), CX; MOVQ $1, DX; %s; %s taken; MOVQ $0, DX; \ntaken:\n MOVQ DX, 16(DI)", compare, jump))
			for _, x := range numbers {
				for _, y := range numbers {
					m := [3]int64{x, y, -1}
					if err := p.Run(unsafe.Pointer(&m)); err != nil {
						t.Fatal(err)
					}
					if taken := m[2] == 1; taken != condition(x, y) {
						t.Errorf("%s of %d and %d; %s: taken is %t", compare, x, y, jump, taken)
					}
				}
			}
		}
		// After an addition it is the sign of the true sum.
		p := program(t, "avx2", 0, fmt.Sprintf("MOVQ (DI), AX; MOVQ $1, DX; ADDQ 8(DI), AX; %s taken; MOVQ $0, DX; \ntaken:\n MOVQ DX, 16(DI)", jump))
		for _, test := range [][3]int64{{1, 2, 1}, {1, -1, 0}, {1, -2, -1}, {math.MaxInt64, 1, 1}, {math.MinInt64, -1, -1}} {
			m := [3]int64{test[0], test[1], -1}
			if err := p.Run(unsafe.Pointer(&m)); err != nil {
				t.Fatal(err)
			}
			if taken := m[2] == 1; taken != condition(test[2], 0) {
				t.Errorf("%d + %d; %s: taken is %t", test[0], test[1], jump, taken)
			}
		}
	}
}
