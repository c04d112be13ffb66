package weights

import (
	"math"
	"testing"
)

// All half-precision numbers, against the definition in IEEE 754.
func TestFloat16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		sign, exponent, fraction := 1.0, int(h>>10)&31, float64(h&1023)
		if h>>15 != 0 {
			sign = -1
		}
		var want float64
		switch {
		case exponent == 31 && fraction != 0:
			want = math.NaN()
		case exponent == 31:
			want = sign * math.Inf(1)
		case exponent == 0:
			want = sign * math.Ldexp(fraction, -24)
		default:
			want = sign * math.Ldexp(1024+fraction, exponent-25)
		}
		got := float16(h)
		if math.IsNaN(want) {
			if got == got {
				t.Fatalf("%#04x is %v, want NaN", h, got)
			}
			continue
		}
		if float64(got) != want || math.Signbit(float64(got)) != (h>>15 != 0) {
			t.Fatalf("%#04x is %v, want %v", h, got, want)
		}
	}
}

func TestElems(t *testing.T) {
	for _, tt := range []struct {
		shape []int
		limit int
		n     int
		ok    bool
	}{
		{nil, 10, 1, true},
		{[]int{2, 5}, 10, 10, true},
		{[]int{2, 6}, 10, 0, false},
		{[]int{-1}, 10, 0, false},
		{[]int{0, 7}, 10, 0, true},
		{[]int{0, -7}, 10, 0, false},
		{[]int{math.MaxInt, math.MaxInt}, maxElems, 0, false},
		{[]int{1 << 32, 1 << 32}, maxElems, 0, false},
		{[]int{math.MaxInt, 0}, maxElems, 0, false},
	} {
		n, ok := elems(tt.shape, tt.limit)
		if ok != tt.ok || ok && n != tt.n {
			t.Errorf("elems(%v, %d) = %d, %v, want %d, %v", tt.shape, tt.limit, n, ok, tt.n, tt.ok)
		}
	}
}
