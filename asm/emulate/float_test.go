package emulate

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// Values that arithmetic likes to get wrong.
const (
	quietNaN1     = 0x7fc00001
	quietNaN2     = 0xffc00002
	signalingNaN  = 0x7f800003
	signalingNaNQ = 0x7fc00003 // the same, quiet
	infinity      = 0x7f800000
	minusInfinity = 0xff800000
	zero          = 0
	minusZero     = 0x80000000
	one           = 0x3f800000
	minusOne      = 0xbf800000
)

// TestSpecialValues runs instructions on special values, as x, y and z: what
// Z2, Z1 and Z3 hold are Intel's second and third source, and the first.
func TestSpecialValues(t *testing.T) {
	for _, test := range []struct {
		instruction      string
		z1, z2, z3, want uint32
	}{
		{"VADDPS Z1, Z2, Z3", quietNaN1, quietNaN2, 0, quietNaN2},
		{"VADDPS Z1, Z2, Z3", quietNaN1, signalingNaN, 0, signalingNaNQ},
		{"VADDPS Z1, Z2, Z3", signalingNaN, quietNaN1, 0, quietNaN1},
		{"VADDPS Z1, Z2, Z3", signalingNaN, one, 0, signalingNaNQ},
		{"VADDPS Z1, Z2, Z3", infinity, minusInfinity, 0, defaultNaN},
		{"VADDPS Z1, Z2, Z3", minusZero, minusZero, 0, minusZero},
		{"VADDPS Z1, Z2, Z3", zero, minusZero, 0, zero},
		{"VSUBPS Z1, Z2, Z3", quietNaN1, one, 0, quietNaN1},
		{"VSUBPS Z1, Z2, Z3", infinity, infinity, 0, defaultNaN},
		{"VMULPS Z1, Z2, Z3", zero, minusInfinity, 0, defaultNaN},
		{"VMULPS Z1, Z2, Z3", quietNaN1, quietNaN2, 0, quietNaN2},
		{"VMULPS Z1, Z2, Z3", 1, 1 | minusZero, 0, minusZero}, // subnormals

		// The second source where the first is not larger.
		{"VMAXPS Z1, Z2, Z3", quietNaN1, one, 0, quietNaN1},
		{"VMAXPS Z1, Z2, Z3", one, quietNaN1, 0, one},
		{"VMAXPS Z1, Z2, Z3", signalingNaN, one, 0, signalingNaN},
		{"VMAXPS Z1, Z2, Z3", zero, minusZero, 0, zero},
		{"VMAXPS Z1, Z2, Z3", minusZero, zero, 0, minusZero},
		{"VMAXPS Z1, Z2, Z3", minusOne, one, 0, one},

		// Factors first, in the order of the digits.
		{"VFMADD231PS Z1, Z2, Z3", quietNaN1, quietNaN2, signalingNaN, quietNaN2},
		{"VFMADD231PS Z1, Z2, Z3", signalingNaN, one, quietNaN2, signalingNaNQ},
		{"VFMADD231PS Z1, Z2, Z3", zero, infinity, quietNaN2, quietNaN2},
		{"VFMADD231PS Z1, Z2, Z3", zero, infinity, one, defaultNaN},
		{"VFMADD231PS Z1, Z2, Z3", one, infinity, minusInfinity, defaultNaN},
		{"VFMADD231PS Z1, Z2, Z3", one, infinity, minusOne, infinity},
		{"VFMADD231PS Z1, Z2, Z3", zero, minusOne, zero, zero},
		{"VFMADD231PS Z1, Z2, Z3", zero, minusOne, minusZero, minusZero},
		{"VFMADD213PS Z1, Z2, Z3", quietNaN1, quietNaN2, signalingNaN, quietNaN2},
		{"VFMADD213PS Z1, Z2, Z3", quietNaN1, one, signalingNaN, signalingNaNQ},
		{"VFMADD132PS Z1, Z2, Z3", quietNaN1, quietNaN2, signalingNaN, signalingNaNQ},
		{"VFMADD132PS Z1, Z2, Z3", quietNaN1, quietNaN2, one, quietNaN1},
		{"VFNMADD231PS Z1, Z2, Z3", quietNaN1, one, one, quietNaN1}, // keeps its sign
		{"VFMSUB231PS Z1, Z2, Z3", one, one, quietNaN2, quietNaN2},
		{"VFMSUB231PS Z1, Z2, Z3", one, infinity, infinity, defaultNaN},
		{"VFNMSUB231PS Z1, Z2, Z3", quietNaN1, one, quietNaN2, quietNaN1},
		{"VFNMADD231PS Z1, Z2, Z3", one, zero, minusZero, minusZero},
		{"VFNMADD231PS Z1, Z2, Z3", one, minusZero, zero, zero},

		{"VMOVAPS Z1, Z3", signalingNaN, 0, 0, signalingNaN},
		{"VBLENDVPS Y2, Y1, Y3, Y3", one, minusZero, 0, one}, // a sign
		{"VBLENDVPS Y2, Y1, Y3, Y3", one, quietNaN1, 0, 0},
	} {
		m := start()
		m.z1.bits()[0], m.z2.bits()[0], m.z3.bits()[0] = test.z1, test.z2, test.z3
		run(t, m, test.instruction+"; VMOVUPS Z3, 192(DI)")
		if got := m.out.bits()[0]; got != test.want {
			t.Errorf("%s of %#x, %#x and %#x is %#x, want %#x", test.instruction, test.z1, test.z2, test.z3, got, test.want)
		}
	}
}

// TestPredicates compares numbers of all relations with every predicate, by
// the names that Intel gives those: of outcomes, with U or O for unordered ones.
func TestPredicates(t *testing.T) {
	nan := float32(math.NaN())
	pairs := [][2]float32{{1, 2}, {0, float32(math.Copysign(0, -1))}, {2, 1}, {nan, 1}}
	for i, want := range []string{
		"EQ 0100", "LT 1000", "LE 1100", "UNORD 0001", "NEQ 1011", "NLT 0111", "NLE 0011", "ORD 1110",
		"EQ_U 0101", "NGE 1001", "NGT 1101", "FALSE 0000", "NEQ_O 1010", "GE 0110", "GT 0010", "TRUE 1111",
	} {
		name, bits := want[:len(want)-5], want[len(want)-4:]
		for k, p := range pairs {
			if got := predicates[i]&compare(p[0], p[1]) != 0; got != (bits[k] == '1') {
				t.Errorf("%s of %g and %g is %t", name, p[0], p[1], got)
			}
		}
	}
}

// TestFMA compares fused multiply-adds with exact arithmetic.
func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	float := func(exponents int) float32 {
		b := r.Uint32()
		b = b&^(255<<23) | uint32(127+r.IntN(2*exponents+1)-exponents)<<23
		if r.IntN(3) == 0 {
			b &^= 1<<r.IntN(24) - 1 // products that end early come to the middle of two floats
		}
		return math.Float32frombits(b)
	}
	exact := func(x, y, z float32) float32 {
		f := func(x float32) *big.Float { return new(big.Float).SetPrec(900).SetFloat64(float64(x)) }
		s := f(x)
		s.Mul(s, f(y)).Add(s, f(z))
		if s.Sign() == 0 {
			return x*y + z // for the sign of zero
		}
		v, _ := s.Float32()
		return v
	}
	check := func(a, b, c float32) {
		t.Helper()
		var d vec
		x, y, z := vec{a}, vec{b}, vec{c}
		fma(&d, &x, &y, &z, 1)
		if want := exact(a, b, c); math.Float32bits(d[0]) != math.Float32bits(want) {
			t.Fatalf("fma of %b, %b and %b is %b, want %b", a, b, c, d[0], want)
		}
		fnma(&d, &x, &y, &z, 1)
		if want := exact(-a, b, c); math.Float32bits(d[0]) != math.Float32bits(want) {
			t.Fatalf("fma of -%b, %b and %b is %b, want %b", a, b, c, d[0], want)
		}
		fms(&d, &x, &y, &z, 1)
		if want := exact(a, b, -c); math.Float32bits(d[0]) != math.Float32bits(want) {
			t.Fatalf("fma of %b, %b and -%b is %b, want %b", a, b, c, d[0], want)
		}
	}
	for trial := range 30_000 {
		exponents := []int{3, 30, 126}[trial%3]
		x, y, z := float(exponents), float(exponents), float(exponents)
		switch trial % 7 {
		case 0: // a little more or less than half of the last place of z
			y = float32(math.Ldexp(1/float64(x), max(math.Ilogb(float64(z))-24, -149)))
		case 1: // cancels but for the rounding of the product
			z = -x * y
		}
		if z-z == 0 && y-y == 0 {
			check(x, y, z)
		}
	}
	// Next to the middle of two subnormals, so close that float64 does not see
	// it, and of the largest number and what would come after it.
	const little = 0x1p-11
	for _, factor := range []float32{1 - little, 1 - little + little*little} { // the product is 1 - 2^-22 or 1 + 2^-33
		for _, z := range []float32{0x1p-127, 0x1p-127 + 0x1p-149, 0x1p-149, 0, -0x1p-130} {
			check(0x1p-100*(1+little), 0x1p-50*factor, z)
			check(0x1p-100*(1+0x1p-20), 0x1p-50*(1-0x1p-20), z)
		}
		check(0x1p100*(1+little), 0x1p3*factor, math.MaxFloat32)
	}
}

// TestHalf converts every binary16, by the definition of IEEE 754.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, fraction := h>>15, h>>10&31, h&1023
		x := math.Ldexp(1+float64(fraction)/1024, exponent-15)
		if exponent == 0 {
			x = math.Ldexp(float64(fraction)/1024, -14)
		}
		if sign != 0 {
			x = -x
		}
		want := math.Float32bits(float32(x))
		switch {
		case exponent == 31 && fraction != 0:
			want = uint32(sign<<31|255<<23|fraction<<13) | 1<<22
		case exponent == 31:
			want = uint32(sign<<31 | 255<<23)
		}
		if got := math.Float32bits(halfToSingle(uint16(h))); got != want {
			t.Errorf("half %#04x is %#08x, want %#08x", h, got, want)
		}
	}
}
