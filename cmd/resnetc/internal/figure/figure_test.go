package figure

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"github.com/resnetc/resnetc/runtime"
)

func charts() []runtime.Chart {
	nan := math.NaN()
	return []runtime.Chart{
		{Title: "one", XLabel: "step", YLabel: "loss", LogY: true, Lines: []runtime.ChartLine{
			{Name: "train", X: []float64{1, 2, 3, 4}, Y: []float64{2, nan, 0, 0.5}, Color: "#0072b2", Dash: true},
			{Name: "faint", X: []float64{1, 2}, Y: []float64{2, 1}, Faint: true},
		}},
		{Title: "two", From: 0, To: 50, Lines: []runtime.ChartLine{{Name: "point", X: []float64{1}, Y: []float64{3}, Dots: true}}},
		{Title: "nothing"},
	}
}

func TestDraw(t *testing.T) {
	var svg [2]bytes.Buffer
	for i := range svg {
		if err := Draw(&svg[i], "svg", 2, charts()...); err != nil {
			t.Fatal(err)
		}
	}
	if svg[0].String() != svg[1].String() {
		t.Error("equal charts give other bytes")
	}
	for _, want := range []string{">one<", ">two<", ">nothing<", ">train<", ">point<"} {
		if !strings.Contains(svg[0].String(), want) {
			t.Errorf("the SVG has no text %s", want)
		}
	}
	if strings.Contains(svg[0].String(), ">faint<") || strings.Contains(svg[0].String(), "NaN") {
		t.Error("the SVG names a faint line, or has points that are no numbers")
	}
	var picture bytes.Buffer
	if err := Draw(&picture, "png", 2, charts()...); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&picture)
	if err != nil {
		t.Fatal(err)
	}
	if size := m.Bounds().Size(); size.X < 1200 || size.Y < 800 {
		t.Errorf("the picture has %v pixels, want two charts in a row and two rows", size)
	}
	if err := Draw(&picture, "gif", 1, charts()...); err == nil || !strings.Contains(err.Error(), "want svg or png") {
		t.Errorf("gif: %v", err)
	}
}

func TestPieces(t *testing.T) {
	c := charts()
	if got := pieces(&c[0].Lines[0], true); len(got) != 2 || len(got[0]) != 1 || got[1][0].X != 4 {
		t.Errorf("pieces %v, want two points apart", got)
	}
}

func TestLinearTicks(t *testing.T) {
	for high, want := range map[float64]string{2.6: "0 0.5 1 1.5 2 2.5", 11: "0 2 4 6 8 10", 0.07: "0 0.01 0.02 0.03 0.04 0.05 0.06 0.07", 300: "0 50 100 150 200 250 300", 3300: "0 500 1000 1500 2000 2500 3000"} {
		var labels []string
		for _, tick := range LinearTicks(0, high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("up to %v: %s, want %s", high, got, want)
		}
	}
	var _ plot.Ticker = plot.TickerFunc(LinearTicks)
}

func TestLogTicks(t *testing.T) {
	for _, r := range [][2]float64{{-3, 1}, {0.1, 0.15}, {0, 1}} {
		if n := len(logTicks(r[0], r[1])); n < 2 || n > 16 {
			t.Errorf("logarithms from %v to %v have %d ticks", r[0], r[1], n)
		}
	}
}
