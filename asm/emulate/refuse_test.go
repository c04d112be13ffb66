package emulate

import (
	"strings"
	"testing"
	"unsafe"
)

// TestRefusals wants errors, some from translating and some from running.
func TestRefusals(t *testing.T) {
	const end = "; VZEROUPPER; RET"
	for _, test := range []struct {
		level, instructions, want string
	}{
		{"avx512", "VPDPBUSD Z1, Z2, Z3" + end, "f.s:3: f: VPDPBUSD Z1, Z2, Z3: the table of instructions has no VPDPBUSD"},
		{"avx512", "VADDPS Z1, Z3" + end, "not with such operands"},
		{"avx512", "VADDPS Z1, Y2, Z3" + end, "Y2 has 32 bytes, not 64"},
		{"avx512", "VADDPS.SAE Z1, Z2, Z3" + end, "unknown suffix SAE"},
		{"avx512", "VADDPS Z1, Z32, Z3" + end, "no such operand: Z32"},
		{"avx512", "VADDPS Z1, Z2, K0, Z3" + end, "K0 is no write mask"},
		{"avx512", "VADDPS.Z Z1, Z2, Z3" + end, "zeroing without a mask"},
		{"avx512", "VADDPS.BCST Z1, Z2, Z3" + end, "broadcasts no memory"},
		{"avx512", "VINSERTF128 $1, X1, Y2, Y16" + end, "no form with those registers"},
		{"avx512", "MOVQ (DI)(SP*1), AX" + end, "no such memory operand"},
		{"avx512", "MOVQ x(SB), AX" + end, "no such operand"},
		{"avx512", "MOVQ $x, AX" + end, "is no number"},
		{"avx512", "VPALIGNR $3, X1, X2, X3" + end, "a shift by 3 bytes"},
		{"avx2", "VXORPS Z3, Z3, Z3" + end, "needs AVX512DQ, which the level lacks"},
		{"avx2", "VXORPS Y16, Y16, Y16" + end, "needs AVX512DQ, AVX512VL"},
		{"avx2", "VADDPS.BCST (DI), X2, X3" + end, "needs AVX512F, AVX512VL"},
		{"avx2", "VPXORD X3, X3, X3" + end, "needs AVX512F, AVX512VL"},
		{"avx2", "JMP nowhere" + end, "no such label"},
		{"avx2", "VZEROUPPER", "runs on behind its end"},
		{"avx2", "RET; end:", "nothing follows label end"},

		{"avx2", "MOVQ AX, SP" + end, "writes to SP"},
		{"avx2", "MOVQ DI, BP" + end, "writes to BP"},
		{"avx2", "MOVQ DI, a+0(FP)" + end, "writes to the arguments"},
		{"avx2", "LEAQ a+0(FP), AX; MOVQ DI, (AX)" + end, "touches 8 bytes"},
		{"avx2", "MOVQ a+8(FP), AX" + end, "touches 8 bytes"},
		{"avx2", "MOVQ (SP), AX" + end, "reads byte 0 of the frame, which nothing has written"},
		{"avx2", "MOVQ DI, 12(SP)" + end, "touches 8 bytes at 12 of a frame of 16 bytes"},
		{"avx2", "MOVQ DI, -8(SP)" + end, "touches 8 bytes at -8"},
		{"avx2", "VXORPS Y0, Y0, Y0; VMOVUPS Y0, (SP)" + end, "touches 32 bytes at 0 of a frame of 16 bytes"},
		{"avx2", "ADDQ $1, AX" + end, "reads AX, which nothing has written"},
		{"avx2", "MOVQ (DI)(R14*8), AX" + end, "reads R14, which"},
		{"avx2", "VFMADD231PS Y1, Y1, Y1" + end, "reads vector register 1, which"},
		{"avx2", "VXORPS Y0, Y0, Y0; VADDPS Y0, Y0, Y1; VFMADD231PS Y0, Y1, Y2" + end, "reads vector register 2, which"},
		{"avx2", "VXORPS X1, X2, X3" + end, "reads vector register 1, vector register 2, which"},
		{"avx512", "VPXORD Z0, Z0, Z0; VMOVAPS Z0, K1, Z1" + end, "reads vector register 1, K1, which"},
		{"avx2", "JE end; \nend:\n" + end, "reads flags, which"},
		{"avx2", "CMPQ DI, DI; IMUL3Q $2, DI, DI; JE end; \nend:\n" + end, "reads flags, which"},
		{"avx2", "VXORPS Y0, Y0, Y0; RET", "no VZEROUPPER"},
		{"avx2", "VXORPS X0, X0, X0; RET", ""},
		{"avx512", "VPXORD Z16, Z16, Z16; RET", "no VZEROUPPER"},
		{"avx2", "MOVQ $8, AX; MOVQ (AX), AX" + end, "nil pointer"},
		{"avx2", "MOVQ $0x100000000000, AX; MOVQ (AX), AX" + end, "fault at address"},
		{"avx2", "VXORPS Y0, Y0, Y0; MOVQ $36, AX; VMOVAPS Y0, (AX)" + end, "the address 0x24 is no multiple of 32"},
		{"avx2", "loop:\n JMP loop", "still runs after"},
	} {
		p, err := translateBody(test.level, 16, test.instructions)
		if err == nil {
			err = p.Run(unsafe.Pointer(new([64]byte)))
		}
		switch {
		case err == nil && test.want != "":
			t.Errorf("%s: no error, want %q", test.instructions, test.want)
		case err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want %q", test.instructions, err, test.want)
		}
	}
}

// TestWhatIsNotThere checks the errors of files and functions.
func TestWhatIsNotThere(t *testing.T) {
	if _, err := Read("no.s"); err == nil {
		t.Error("no error for a file that does not exist")
	}
	file := parse("f.s", "TEXT ·two(SB), NOSPLIT, $0-16\n\tRET\n")
	if _, err := file.Program("f", 0); err == nil || !strings.Contains(err.Error(), "f.s: no function f") {
		t.Errorf("the error is %v", err)
	}
	p, err := file.Program("two", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(nil); err == nil || !strings.Contains(err.Error(), "16 bytes of arguments") {
		t.Errorf("the error is %v", err)
	}
}

// TestCompare compares a function that adds 1 to a number twice with others.
func TestCompare(t *testing.T) {
	p := program(t, "avx2", 0, "MOVQ (DI), AX; ADDQ $1, AX; MOVQ AX, (DI); ADDQ $1, AX; MOVQ AX, (DI)")
	for _, test := range []struct {
		add  uint64
		want string
	}{
		{2, ""},
		{3, "is 0x08, emulated 0x07"},
		{2 + 1<<56, "byte 7"},
	} {
		x := uint64(5)
		err := p.Compare(unsafe.Pointer(&x), func() {
			if x != 5 {
				t.Errorf("the native function gets %d", x)
			}
			x += test.add
		})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("the error is %v, want %q", err, test.want)
		}
	}
}

// TestMaskedLoad lets a masked load end where the memory does: its last lanes
// would lie outside of the frame.
func TestMaskedLoad(t *testing.T) {
	for _, test := range []struct{ instruction, want string }{
		{"VMOVUPS.Z 40(SP), K1, Z3", ""}, // lanes 0, 1 and 3 of 6
		{"VMOVUPS 40(SP), K1, Z3", ""},
		{"VMOVUPS 40(SP), Z3", "touches 64 bytes"},
		{"VMOVUPS.Z 52(SP), K1, Z3", "touches 4 bytes at 64"},
		{"VADDPS.BCST 60(SP), Z1, Z3", ""},
		{"VADDPS 60(SP), Z1, Z3", "touches 64 bytes"},
	} {
		m := start()
		m.spare[0] = masked(times(1), times(-1))
		body := "VPXORD Z0, Z0, Z0; VMOVAPS Z0, Z1; VMOVAPS Z0, Z3; VMOVUPS Z0, (SP); VCMPPS $1, 256(DI), Z0, K1;" + test.instruction
		err := program(t, "avx512", 64, body).Run(unsafe.Pointer(m))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want %q", test.instruction, err, test.want)
		}
	}
}
