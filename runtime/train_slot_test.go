package runtime

import (
	"math"
	"slices"
	"testing"
)

// TestSlotRoundTrip stores tensors in every packing: each element has a place
// of its own, and nothing else but zeros is stored.
func TestSlotRoundTrip(t *testing.T) {
	for _, s := range []Slot{
		{Shape: []int{5}},
		{Shape: []int{20, 35}, InBlock: 16, Groups: 1, Merged: 1},
		{Shape: []int{20, 3, 3, 2}, InBlock: 1, Groups: 1, Merged: 1},
		{Shape: []int{17, 18, 1, 3}, InBlock: 16, Groups: 1, Merged: 1},
		{Shape: []int{64, 4, 3, 3}, InBlock: 16, Groups: 16, Merged: 4},
		{Shape: []int{12, 5, 1, 1}, InBlock: 16, Groups: 3, Merged: 1},
	} {
		s.Offset = 16
		data := make([]float32, s.elements())
		for i := range data {
			data[i] = float32(i + 1)
		}
		store := make([]float32, s.Offset+s.Stored())
		for i := range store {
			store[i] = -1
		}
		s.load(store, data)
		back := make([]float32, len(data))
		s.save(back, store)
		if !slices.Equal(back, data) {
			t.Errorf("%v comes back in another order", s)
		}
		count := 0
		for _, x := range store[s.Offset:] {
			if x != 0 {
				count++
			}
		}
		if count != len(data) {
			t.Errorf("%v: %d elements are stored, want %d", s, count, len(data))
		}
		if s.InBlock == 0 {
			continue
		}
		// Elements between groups are cleared, and only these.
		full := slices.Repeat([]float32{7}, s.Stored())
		for i := range data {
			full[s.at(i)] = data[i]
		}
		s.clearBetween(full)
		for i, x := range data {
			if full[s.at(i)] != x {
				t.Fatalf("%v: element %d was cleared", s, i)
			}
		}
		if s.Groups == 16 { // whole blocks, without filler
			left := 0
			for _, x := range full {
				if x == 7 {
					left++
				}
			}
			if left > 1 { // weight 7 itself
				t.Errorf("%v: %d elements between groups were left", s, left)
			}
		}
	}
}

// TestFill looks at the moments of what training begins with.
func TestFill(t *testing.T) {
	moments := func(s Slot, seed uint64) (mean, deviation float64) {
		store := make([]float32, s.Stored())
		s.fill(store, seed, 3)
		data := make([]float32, s.elements())
		s.save(data, store)
		for _, x := range data {
			mean += float64(x) / float64(len(data))
		}
		for _, x := range data {
			deviation += (float64(x) - mean) * (float64(x) - mean) / float64(len(data))
		}
		return mean, math.Sqrt(deviation)
	}
	conv := Slot{Shape: []int{64, 32, 3, 3}, InBlock: 16, Groups: 1, Merged: 1, Fill: FillNormal}
	linear := Slot{Shape: []int{100, 300}, InBlock: 16, Groups: 1, Merged: 1, Fill: FillUniform}
	for _, c := range []struct {
		slot            Slot
		mean, deviation float64
	}{
		{conv, 0, math.Sqrt(2. / (64 * 9))},
		{linear, 0, 1 / math.Sqrt(3*300)},
		{Slot{Shape: []int{9}, Fill: FillOne}, 1, 0},
		{Slot{Shape: []int{9}}, 0, 0},
	} {
		mean, deviation := moments(c.slot, 1)
		if math.Abs(mean-c.mean) > 0.02*c.deviation+1e-12 || math.Abs(deviation-c.deviation) > 0.02*c.deviation+1e-12 {
			t.Errorf("%v: mean %v and deviation %v, want %v and %v", c.slot, mean, deviation, c.mean, c.deviation)
		}
	}
	a, _ := moments(conv, 1)
	if b, _ := moments(conv, 2); a == b {
		t.Error("another seed gives the same numbers")
	}
	if b, _ := moments(conv, 1); a != b {
		t.Error("the same seed gives other numbers")
	}
}
