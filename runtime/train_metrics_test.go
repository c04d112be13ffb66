package runtime

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSchedule(t *testing.T) {
	// What PyTorch's schedulers give (LinearLR, StepLR, MultiStepLR,
	// CosineAnnealingLR, OneCycleLR), computed from their formulas.
	for _, c := range []struct {
		s    Schedule
		want map[int]float64
	}{
		{Schedule{Kind: "constant", LR: 0.1}, map[int]float64{0: 0.1, 1000: 0.1}},
		{Schedule{Kind: "constant", LR: 0.1, Warmup: 4, WarmupFrom: 0.2}, map[int]float64{0: 0.02, 1: 0.04, 3: 0.08, 4: 0.1, 5: 0.1}},
		{Schedule{Kind: "step", LR: 1, Every: 10, Gamma: 0.5}, map[int]float64{9: 1, 10: 0.5, 39: 0.125}},
		{Schedule{Kind: "multi-step", LR: 0.1, Milestones: []int{32, 48}, Gamma: 0.1}, map[int]float64{31: 0.1, 32: 0.01, 47: 0.01, 48: 0.001, 99: 0.001}},
		{Schedule{Kind: "cosine", LR: 0.2, Total: 100}, map[int]float64{0: 0.2, 50: 0.1, 100: 0, 25: 0.1 + 0.1*math.Sqrt2/2, 200: 0}},
		{Schedule{Kind: "cosine", LR: 0.2, Total: 110, Warmup: 10, Min: 0.1}, map[int]float64{0: 0, 5: 0.1, 10: 0.2, 60: 0.15, 110: 0.1}},
		{Schedule{Kind: "one-cycle", LR: 0.5, Total: 100}, map[int]float64{0: 0.02, 29: 0.5, 64: 0.250001, 99: 2e-6}},
	} {
		if err := c.s.check(); err != nil {
			t.Error(err)
		}
		for step, want := range c.want {
			if got := float64(c.s.At(step)); math.Abs(got-want) > 1e-7 {
				t.Errorf("%+v: %v at step %d, want %v", c.s, got, step, want)
			}
		}
	}
	for _, bad := range []Schedule{
		{}, {Kind: "constant"}, {Kind: "constant", LR: math.NaN()}, {Kind: "step", LR: 1}, {Kind: "step", LR: 1, Every: 1, Gamma: 2},
		{Kind: "multi-step", LR: 1, Gamma: 0.1, Milestones: []int{2, 1}}, {Kind: "cosine", LR: 1}, {Kind: "one-cycle", LR: 1, Total: 3},
		{Kind: "one-cycle", LR: 1, Total: 30, Warmup: 3}, {Kind: "cosine", LR: 1, Total: 1, Min: 2}, {Kind: "constant", LR: 1, Warmup: -1},
	} {
		if bad.check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

// TestMetricsZeroRate wants a rate of 0 written, as a warm-up may begin with it.
func TestMetricsZeroRate(t *testing.T) {
	dir := t.TempDir()
	m, err := openMetrics(dir, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.add(Metric{Kind: "train", Step: 1, Loss: 2}), m.add(Metric{Kind: "test", Step: 1, Loss: 2}), m.close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(b), "\n"); !strings.Contains(lines[0], `"lr":0`) || strings.Contains(lines[1], "lr") {
		t.Errorf("%q, want a rate of 0 in the first row and none in the second", lines)
	}
	if b, err = os.ReadFile(filepath.Join(dir, "metrics.csv")); err != nil || !strings.Contains(string(b), "\ntrain,1,0,2,0,0,0\ntest,1,0,2,0,,\n") {
		t.Errorf("metrics.csv is %q, %v", b, err)
	}
}

// TestMetricsGoOn cuts the files at a step, as a resumed run does, and at rows
// that a killed process did not finish.
func TestMetricsGoOn(t *testing.T) {
	dir := t.TempDir()
	row := func(kind string, step int) Metric {
		return Metric{Kind: kind, Step: step, Epoch: 0.5, Loss: float64(float32(1) / float32(step)), Accuracy: 0.25, LR: 0.1}
	}
	write := func(step int, evaluated bool, rows ...Metric) {
		t.Helper()
		m, err := openMetrics(dir, step, evaluated)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if err := m.add(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.close(); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want ...Metric) {
		t.Helper()
		got, err := ReadMetrics(dir)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d rows, %v, want %d", len(got), err, len(want))
		}
		for i, r := range got {
			if r.Kind != want[i].Kind || r.Step != want[i].Step || float32(r.Loss) != float32(want[i].Loss) {
				t.Errorf("row %d: %+v, want %+v", i, r, want[i])
			}
		}
		csv, err := os.ReadFile(filepath.Join(dir, "metrics.csv"))
		if lines := strings.Count(string(csv), "\n"); err != nil || lines != len(want)+1 || !strings.HasPrefix(string(csv), metricsHeader) {
			t.Errorf("%d lines of CSV, %v, want %d: %s", lines, err, len(want)+1, csv)
		}
	}
	write(0, false, row("train", 1), row("train", 2), row("test", 2), row("train", 3))
	check(row("train", 1), row("train", 2), row("test", 2), row("train", 3))
	write(2, true, row("train", 3))
	check(row("train", 1), row("train", 2), row("test", 2), row("train", 3))
	write(2, false, row("test", 2))
	check(row("train", 1), row("train", 2), row("test", 2))
	for _, name := range []string{"metrics.jsonl", "metrics.csv"} {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b[:len(b)-4], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(2, true)
	check(row("train", 1), row("train", 2))
	write(0, true)
	check()
	if _, err := ReadMetrics(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no run") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestMetricsAllocate(t *testing.T) {
	m, err := openMetrics(t.TempDir(), 0, false)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	r := Metric{Kind: "train", Step: 123, Epoch: 1.25, Loss: 0.5, Accuracy: 1. / 3, LR: 0.1, Rate: 1000}
	if n := testing.AllocsPerRun(100, func() { err = errors.Join(err, m.add(r)) }); n != 0 || err != nil {
		t.Errorf("%v allocations for a row, %v", n, err)
	}
}

// TestChart wants well-formed SVG whatever the numbers are.
func TestChart(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []Chart{
		{},
		{Title: `<&">`, XLabel: "&", YLabel: "<", Lines: []ChartLine{{Name: "a<b", X: []float64{1}, Y: []float64{2}, Color: `"`}}},
		{LogY: true, Lines: []ChartLine{{X: []float64{1, 2, 3, 4}, Y: []float64{0, -1, nan, inf}}}},
		{LogY: true, Lines: []ChartLine{{X: []float64{0, 1e6}, Y: []float64{1e-30, 1e30}}}},
		{From: 0, To: 20, Lines: []ChartLine{{X: []float64{0, 1}, Y: []float64{-5, 1e300}, Dash: true, Faint: true}}},
	} {
		var b bytes.Buffer
		if err := WriteSVG(&b, c, c); err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%+v: %v\n%s", c, err, b.String())
			}
		}
		if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") || strings.Contains(b.String(), "%!") {
			t.Errorf("%+v gives %s", c, b.String())
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a    axis
		want string
	}{
		{axis{from: 0, to: 1}, "0 0.2 0.4 0.6 0.8 1"},
		{axis{from: -0.3, to: 0.3}, "-0.3 -0.2 -0.1 0 0.1 0.2 0.3"},
		{axis{from: 0, to: 64000}, "0 20k 40k 60k"},
		{axis{from: 0, to: 5}, "0 1 2 3 4 5"},
		{axis{from: -1.05, to: 0.4, log: true}, "0.1 0.2 0.5 1 2"},
		{axis{from: 0.2, to: 0.4, log: true}, "1.6 1.8 2 2.2 2.4"},
		{axis{from: -4, to: 0, log: true}, "0.0001 0.001 0.01 0.1 1"},
	} {
		var got []string
		for _, v := range c.a.ticks(6) {
			got = append(got, tickText(v))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%+v: %s, want %s", c.a, s, c.want)
		}
	}
}

func TestSmooth(t *testing.T) {
	x, y := Smooth([]float64{0, 1, 2, 3, 4}, []float64{1, 3, 5, 7, 9}, 3)
	if !slices.Equal(x, []float64{0.5, 2.5, 4}) || !slices.Equal(y, []float64{2, 6, 9}) {
		t.Errorf("%v, %v", x, y)
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		done, total, n int
		want           string
	}{
		{0, 10, 12, "▕          ▏"}, {10, 10, 12, "▕██████████▏"}, {1, 4, 6, "▕█   ▏"}, {3, 16, 6, "▕▊   ▏"}, {1, 2, 4, ""},
	} {
		if got := bar(c.done, c.total, c.n); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.done, c.total, got, c.want)
		}
	}
}
