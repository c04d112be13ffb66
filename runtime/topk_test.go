package runtime

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestTopK(t *testing.T) {
	logits := []float32{1, 3, 2, 3, -1}
	labels := []string{"a", "b", "c", "d", "e"}
	sum := 2 + math.Exp(-1) + math.Exp(-2) + math.Exp(-4)
	all := []Prediction{
		{1, "b", float32(1 / sum), 3},
		{3, "d", float32(1 / sum), 3},
		{2, "c", float32(math.Exp(-1) / sum), 2},
		{0, "a", float32(math.Exp(-2) / sum), 1},
		{4, "e", float32(math.Exp(-4) / sum), -1},
	}
	for k := -1; k < 8; k++ {
		got, err := topK(logits, labels, k)
		if err != nil {
			t.Fatal(err)
		}
		want := all[:min(max(k, 0), len(all))]
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("k=%d: %v, want %v", k, got, want)
		}
	}
	got, err := topK(logits, nil, 1)
	if err != nil || got[0].Label != "" || got[0].Class != 1 {
		t.Errorf("without labels: %v, %v", got, err)
	}
	if got, err := topK(nil, nil, 3); err != nil || len(got) != 0 {
		t.Errorf("without classes: %v, %v", got, err)
	}
}

// exp of these logits overflows or vanishes in any float.
func TestTopKIsStable(t *testing.T) {
	for _, shift := range []float32{-1e30, -5000, 5000, 1e30} {
		got, err := topK([]float32{shift, shift, -math.MaxFloat32}, nil, 3)
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Probability != 0.5 || got[1].Probability != 0.5 || got[2].Probability != 0 {
			t.Errorf("logits of %v: %v", shift, got)
		}
	}
}

func TestTopKErrors(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := topK([]float32{1, 2, float32(bad)}, nil, 1)
		if err == nil || !strings.Contains(err.Error(), "class 2") {
			t.Errorf("%v: error %v, want one that names class 2", bad, err)
		}
	}
	if _, err := topK([]float32{1, 2}, []string{"a"}, 1); err == nil || !strings.Contains(err.Error(), "1 labels for 2 classes") {
		t.Errorf("too few labels: %v", err)
	}
}
