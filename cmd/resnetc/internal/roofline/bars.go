package roofline

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/figure"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

var (
	timeColor       = color.RGBA{R: 0xc9, G: 0xd3, B: 0xe0, A: 0xff}
	arithmeticColor = color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}
	memoryColor     = color.RGBA{R: 0xd9, G: 0x6b, B: 0x0b, A: 0xff}
	gridColor       = color.Gray{Y: 0xe4}
)

// manyLayers is the number of layers up to which each has its name.
const manyLayers = 110

// newBars is the panel of times.
func newBars(r *measure.Result) (*plot.Plot, error) {
	p := plot.New()
	var times, arithmetic, memory plotter.Values
	var names []string
	total, bounds := 0.0, 0.0
	for _, l := range r.Layers {
		t, b := float64(l.Median.Nanoseconds())/1e6, float64(l.Bound.Nanoseconds())/1e6
		total, bounds = total+t, bounds+b
		times, names = append(times, t), append(names, l.Name)
		if l.Memory {
			arithmetic, memory = append(arithmetic, 0), append(memory, b)
		} else {
			arithmetic, memory = append(arithmetic, b), append(memory, 0)
		}
	}
	slot := float64(barWidth-2*figure.Margin) * 0.93 / math.Max(1, float64(len(times)))
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Width = gridColor, 0
	p.Add(grid)
	for _, b := range []struct {
		values plotter.Values
		width  float64
		color  color.Color
		legend string
	}{
		{times, 0.86, timeColor, "median time"},
		{arithmetic, 0.44, arithmeticColor, "bound by arithmetic"},
		{memory, 0.44, memoryColor, "bound by memory"},
	} {
		bar, err := plotter.NewBarChart(b.values, vg.Length(slot*b.width))
		if err != nil {
			return nil, fmt.Errorf("roofline: %w", err)
		}
		bar.Color, bar.LineStyle.Width = b.color, 0
		p.Add(bar)
		p.Legend.Add(b.legend, bar)
	}
	p.Title.Text = fmt.Sprintf("%s, %s, %s kernels: %.2f ms in layers, %.2f times the sum of their bounds",
		r.Network, r.Config, r.Kernels, total, total/math.Max(bounds, math.SmallestNonzeroFloat64))
	p.Y.Label.Text, p.Y.Min = "ms", 0
	p.X.Min, p.X.Max = -0.6, float64(len(times))-0.4
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(3)
	p.Y.Max *= 1.12 // room for the legend
	p.Y.Tick.Marker = plot.TickerFunc(figure.LinearTicks)
	if len(names) > manyLayers {
		p.X.Label.Text = "layer"
		return p, nil
	}
	p.NominalX(names...)
	p.X.Tick.Label.Rotation = math.Pi / 2
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, text.YCenter
	p.X.Tick.Label.Font.Size = vg.Points(min(9, 0.75*slot))
	return p, nil
}
