package emulate

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unsafe"
)

// operands are the registers of TestInstructions, and what is beside them in memory.
type operands struct {
	z1, z2, z3, out vec     // at 0, 64, 128 and 192(DI)
	spare           [16]vec // from 256 on
}

// start has small numbers, of which those in z1, z2 and z3 are n, 10n and 100n for
// lane n, counted from 1.
func start() *operands {
	x := new(operands)
	for i := range x.z1 {
		n := float32(i + 1)
		x.z1[i], x.z2[i], x.z3[i] = n, 10*n, 100*n
	}
	return x
}

// run runs instructions, separated by semicolons, after registers have been
// loaded: Z1, Z2, Z3 and Z30, which is Z3, and K1, of lanes 0, 1 and 3.
func run(t *testing.T, m *operands, instructions string) {
	t.Helper()
	k1 := &m.spare[15]
	*k1 = masked(times(1), times(-1))
	body := "VXORPS X0, X0, X0; VCMPPS $1, 1216(DI), Z0, K1;" +
		"VMOVUPS (DI), Z1; VMOVUPS 64(DI), Z2; VMOVUPS 128(DI), Z3; VMOVUPS 128(DI), Z30;" + instructions
	if err := program(t, "avx512", 64, body).Run(unsafe.Pointer(m)); err != nil {
		t.Fatal(err)
	}
}

// program makes a program of instructions between the usual first one and the
// usual last ones.
func program(t *testing.T, level string, frame int, instructions string) *Program {
	t.Helper()
	p, err := translateBody(level, frame, instructions+"; VZEROUPPER; RET")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func translateBody(level string, frame int, instructions string) (*Program, error) {
	source := fmt.Sprintf("TEXT ·f(SB), NOSPLIT, $%d-8\n\tMOVQ a+0(FP), DI\n%s\n", frame, strings.ReplaceAll(instructions, ";", "\n"))
	return parse("f.s", source).Program("f", Levels[level])
}

// lanes returns a register whose lanes are f of their numbers, counted from 1.
func lanes(f func(n float32) float32) (v vec) {
	for i := range v {
		v[i] = f(float32(i + 1))
	}
	return v
}

func times(x float32) vec { return lanes(func(n float32) float32 { return x * n }) }

// masked takes lanes of on or, where K1 has none, of off.
func masked(on, off vec) vec {
	for i := range on {
		if i != 0 && i != 1 && i != 3 {
			on[i] = off[i]
		}
	}
	return on
}

// y and x are what 32 and 16 bytes of a register leave of it.
func y(v vec) vec { clear(v[8:]); return v }
func x(v vec) vec { clear(v[4:]); return v }

var allOnes = math.Float32frombits(1<<32 - 1)

// vectorTests are instructions with results by hand.
var vectorTests = []struct {
	instruction string
	want        vec // of Z3 or, if there is an m in front, 192(DI)
}{
	{"VADDPS Z1, Z2, Z3", times(11)},
	{"VADDPS Y1, Y2, Y3", y(times(11))},
	{"VADDPS X1, X2, X3", x(times(11))},
	{"VADDPS 64(DI), Z1, Z3", times(11)},
	{"VADDPS.BCST 4(DI), Z1, Z3", lanes(func(n float32) float32 { return n + 2 })},
	{"VADDPS Z1, Z2, K1, Z3", masked(times(11), times(100))},
	{"VADDPS.Z Z1, Z2, K1, Z3", masked(times(11), vec{})},
	{"VADDPS Y1, Y2, K1, Y3", y(masked(times(11), times(100)))},
	{"VSUBPS Z1, Z2, Z3", times(9)},
	{"VMULPS Z1, Z2, Z3", lanes(func(n float32) float32 { return 10 * n * n })},
	{"VMAXPS Z1, Z2, Z3", times(10)},
	{"VMAXPS Z2, Z1, Z3", times(10)},
	{"VFMADD132PS Z1, Z2, Z3", lanes(func(n float32) float32 { return 100*n*n + 10*n })},
	{"VFMADD213PS Z1, Z2, Z3", lanes(func(n float32) float32 { return 1000*n*n + n })},
	{"VFMADD231PS Z1, Z2, Z3", lanes(func(n float32) float32 { return 10*n*n + 100*n })},
	{"VFMSUB132PS Z1, Z2, Z3", lanes(func(n float32) float32 { return 100*n*n - 10*n })},
	{"VFMSUB213PS Z1, Z2, Z3", lanes(func(n float32) float32 { return 1000*n*n - n })},
	{"VFMSUB231PS Z1, Z2, Z3", lanes(func(n float32) float32 { return 10*n*n - 100*n })},
	{"VFNMADD132PS Z1, Z2, Z3", lanes(func(n float32) float32 { return -100*n*n + 10*n })},
	{"VFNMADD213PS Z1, Z2, Z3", lanes(func(n float32) float32 { return -1000*n*n + n })},
	{"VFNMADD231PS Z1, Z2, Z3", lanes(func(n float32) float32 { return -10*n*n + 100*n })},
	{"VFNMSUB132PS Z1, Z2, Z3", lanes(func(n float32) float32 { return -100*n*n - 10*n })},
	{"VFNMSUB213PS Z1, Z2, Z3", lanes(func(n float32) float32 { return -1000*n*n - n })},
	{"VFNMSUB231PS Z1, Z2, Z3", lanes(func(n float32) float32 { return -10*n*n - 100*n })},
	{"VFMADD231PS Y1, Y2, Y3", y(lanes(func(n float32) float32 { return 10*n*n + 100*n }))},
	{"VFMADD231PS.BCST 8(DI), Z2, Z3", times(130)},
	{"VXORPS Z3, Z3, Z3", vec{}},
	{"VPXORD Z1, Z1, Z3", vec{}},
	{"VANDPS X1, X1, X3", x(times(1))},
	{"VORPS Z1, Z1, Z3", times(1)},

	{"VCMPPS $1, Y3, Y1, Y3", y(lanes(func(float32) float32 { return allOnes }))},
	{"VCMPPS $0x0e, Y3, Y1, Y3", vec{}},
	{"VCMPPS $2, Z2, Z3, K2; VMOVAPS.Z Z1, K2, Z3", vec{}},
	{"VCMPPS $2, Z3, Z2, K2; VMOVAPS.Z Z1, K2, Z3", times(1)},
	{"VCMPPS.BCST $6, 16(DI), Z1, K2; VMOVAPS.Z Z1, K2, Z3", vec{5: 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
	{"VCMPPS.BCST $1, 8(DI), Z1, K2; KORW K1, K2, K3; VMOVAPS.Z Z1, K3, Z3", vec{1, 2, 0, 4}},
	{"VCMPPS $1, 64(DI), Y1, Y4; VBLENDVPS Y4, Y1, Y2, Y3", y(times(1))},
	{"VCMPPS $6, 64(DI), Y1, Y4; VBLENDVPS Y4, Y1, Y2, Y3", y(times(10))},

	{"VMOVUPS 4(DI), Y3", vec{2, 3, 4, 5, 6, 7, 8, 9}},
	{"VMOVUPS 4(DI), X3", vec{2, 3, 4, 5}},
	{"VMOVUPS 4(DI), K1, Z3", masked(lanes(func(n float32) float32 { return n + 1 }), times(100))},
	{"VMOVUPS.Z 4(DI), K1, Z3", vec{2, 3, 0, 5}},
	{"VMOVAPS Z1, K1, Z3", masked(times(1), times(100))},
	{"VMOVAPS X1, X3", vec{1, 2, 3, 4}},
	{"mVMOVUPS Z1, 192(DI)", times(1)},
	{"mVMOVUPS X1, 196(DI)", vec{0, 1, 2, 3, 4}},
	{"mVMOVUPS Y1, 192(DI)", y(times(1))},
	{"VMOVSS 8(DI), X3", vec{3}},
	{"MOVL $0x40400000, AX; VMOVD AX, X3", vec{3}},
	{"VBROADCASTSS X1, Z3", lanes(func(float32) float32 { return 1 })},
	{"VBROADCASTSS 8(DI), Y3", y(lanes(func(float32) float32 { return 3 }))},
	{"mVEXTRACTF128 $1, Y1, 192(DI)", vec{5, 6, 7, 8}},
	{"mVEXTRACTF128 $0, Y1, 192(DI)", vec{1, 2, 3, 4}},
	{"VMOVAPS Z1, Z3; VZEROUPPER", x(times(1))},
	{"VMOVAPS Z1, Z16; VZEROUPPER; VMOVAPS Z16, Z3", times(1)},
	{"MOVQ $0x3c00c00000018000, AX; MOVQ AX, 256(DI); VCVTPH2PS 256(DI), X3", vec{float32(math.Copysign(0, -1)), 0x1p-24, -2, 1}},

	{"VPERMILPS $0x1b, Y1, Y3", vec{4, 3, 2, 1, 8, 7, 6, 5}},
	{"VPERMILPS $0x55, Z1, Z3", vec{2, 2, 2, 2, 6, 6, 6, 6, 10, 10, 10, 10, 14, 14, 14, 14}},
	{"VUNPCKLPS Y1, Y2, Y3", vec{10, 1, 20, 2, 50, 5, 60, 6}},
	{"VUNPCKHPS Y1, Y2, Y3", vec{30, 3, 40, 4, 70, 7, 80, 8}},
	{"VUNPCKLPD Y1, Y2, Y3", vec{10, 20, 1, 2, 50, 60, 5, 6}},
	{"VUNPCKHPD X1, X2, X3", vec{30, 40, 3, 4}},
	{"VPALIGNR $4, Y1, Y2, Y3", vec{2, 3, 4, 10, 6, 7, 8, 50}},
	{"VPALIGNR $12, X1, X2, X3", vec{4, 10, 20, 30}},
	{"VINSERTF128 $1, X1, Y2, Y3", vec{10, 20, 30, 40, 1, 2, 3, 4}},
	{"VINSERTF128 $0, 16(DI), Y2, Y3", vec{5, 6, 7, 8, 50, 60, 70, 80}},
	{"VSHUFF32X4 $0xa0, Z1, Z1, Z3", vec{1, 2, 3, 4, 1, 2, 3, 4, 9, 10, 11, 12, 9, 10, 11, 12}},
	{"VSHUFF32X4 $0x1b, Z1, Z2, Z3", vec{130, 140, 150, 160, 90, 100, 110, 120, 5, 6, 7, 8, 1, 2, 3, 4}},
}

// TestInstructions runs single instructions.
func TestInstructions(t *testing.T) {
	for _, test := range vectorTests {
		m := start()
		instruction, memory := strings.CutPrefix(test.instruction, "m")
		store := "; VMOVUPS Z3, 192(DI)"
		if memory {
			store = ""
		}
		run(t, m, instruction+store)
		if *m.out.bits() != *test.want.bits() {
			t.Errorf("%s:\n got %v\nwant %v", instruction, m.out, test.want)
		}
	}
}

// TestEveryInstruction demands every row of the table in the tests of single
// instructions and of jumps.
func TestEveryInstruction(t *testing.T) {
	all := "VZEROUPPER; RET"
	for _, test := range vectorTests {
		all += ";" + strings.TrimPrefix(test.instruction, "m")
	}
	for _, test := range integerTests {
		all += ";" + test.instructions
	}
	tested := map[string]bool{}
	for s := range strings.SplitSeq(all, ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(s), " ")
		name, _, _ = strings.Cut(name, ".")
		tested[name] = true
	}
	for name := range table {
		if !tested[name] && conditions[name] == nil {
			t.Errorf("no test of %s", name)
		}
	}
}
