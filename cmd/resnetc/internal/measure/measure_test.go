package measure

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		times       Times
		min, median time.Duration
	}{
		{nil, 0, 0},
		{Times{5}, 5, 5},
		{Times{2, 4}, 2, 3},
		{Times{1, 2, 9}, 1, 2},
	} {
		if c.times.Min() != c.min || c.times.Median() != c.median {
			t.Errorf("%v: min %v, median %v, want %v and %v", c.times, c.times.Min(), c.times.Median(), c.min, c.median)
		}
	}
}

func TestDifference(t *testing.T) {
	nan := float32(math.NaN())
	if d := difference([]float32{1, -4.5}, []float32{1, -4}); d != 0.125 {
		t.Errorf("difference is %v, want 0.125", d)
	}
	for _, c := range [][2][]float32{{{nan, 1}, {1, 1}}, {{1, 1}, {nan, 1}}} {
		if d := difference(c[0], c[1]); d <= tolerance {
			t.Errorf("difference(%v, %v) = %v passes", c[0], c[1], d)
		}
	}
}

func TestTables(t *testing.T) {
	r := Result{
		Config:    Config{Batch: 2, Threads: 1, Count: 3, Kernels: "avx2"},
		FLOPs:     4e9,
		Generated: Times{10e6, 20e6, 30e6}, Reference: Times{100e6, 200e6, 300e6},
		Peak: 400,
		Layers: []Layer{
			{Name: "stem", Op: "conv2d", Generated: 15e6, Reference: 50e6, FLOPs: 3e9},
			{Name: "pool", Op: "max_pool", Generated: 5e6},
		},
	}
	var b strings.Builder
	if err := WriteTable(&b, []Result{r, {Config: r.Config, FLOPs: r.FLOPs, Generated: r.Generated}}); err != nil {
		t.Fatal(err)
	}
	if err := WriteLayers(&b, r); err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"2 1 avx2 10.000 20.000 200.0 100.000 200.000 10.00x",
		"2 1 avx2 10.000 20.000 200.0 GFLOP/s and ratio",
		"batch 2, 1 thread, avx2 kernels, means of 3 runs, peak 400 GFLOP/s",
		"15.000 75.0 % 200.0 50 % 50.000 conv2d stem",
		"5.000 25.0 % max_pool pool",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
