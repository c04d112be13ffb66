package main

import (
	"math"
	"strings"
	"testing"
)

// TestScore counts by hand.
func TestScore(t *testing.T) {
	s := newScore("net", "formula", "purego", 12, []string{"cat", "dog"})
	logits := func(largest ...int) []float32 { // these, in falling order, and then all others
		x := make([]float32, 12)
		for i, c := range largest {
			x[c] = float32(20 - i)
		}
		return x
	}
	s.add(logits(0), 0)
	s.add(logits(1, 2), 0)
	s.add(logits(1, 2), 2)
	s.add(logits(1, 2, 3, 4, 5, 6), 6)
	if s.Top1 != 0.25 || s.Top5 != 0.75 || s.Pictures != 4 {
		t.Errorf("top-1 %v, top-5 %v of %d, want 0.25 and 0.75 of 4", s.Top1, s.Top5, s.Pictures)
	}
	// The label of the second is one of ten that are 20 and 19 below.
	want := (math.Log(1+11*math.Exp(-20)) + math.Log(1+math.Exp(-1)+10*math.Exp(-20)) + 20 + 1 + math.Log(1+math.Exp(-1)+10*math.Exp(-20))) / 4
	sum := 0.0
	for i := range 6 {
		sum += math.Exp(-float64(i))
	}
	want += (5 + math.Log(sum+6*math.Exp(-20))) / 4
	if math.Abs(s.Loss-want) > 1e-12 {
		t.Errorf("cross-entropy %v, want %v", s.Loss, want)
	}
	if s.mistake(0) != "dog (1)" || s.mistake(1) != "" || s.name(5) != "5" {
		t.Errorf("cat is taken for %q, dog for %q", s.mistake(0), s.mistake(1))
	}
	var b strings.Builder
	if err := s.write(&b, true); err != nil || !strings.Contains(b.String(), "top-5          75.00 %") {
		t.Errorf("%v\n%s", err, b.String())
	}
	// Equal logits: the first class counts as the larger.
	s = newScore("net", "", "", 2, nil)
	s.add([]float32{0, 0}, 0)
	s.add([]float32{0, 0}, 1)
	if s.Top1 != 0.5 || s.Top5 != 0 {
		t.Errorf("equal logits: top-1 %v, top-5 %v, want one half and none", s.Top1, s.Top5)
	}
}
