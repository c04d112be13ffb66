package roofline

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

// groups are the points that look alike, by a layer's algorithm.
var groups = []struct {
	name  string
	has   func(l *measure.Layer) bool
	shape draw.GlyphDrawer
	color color.Color
}{
	{"direct", func(l *measure.Layer) bool { return l.Algorithm == "direct" }, draw.CircleGlyph{}, arithmeticColor},
	{"Winograd, Strassen", func(l *measure.Layer) bool { return l.Algorithm != "" && l.Algorithm != "direct" }, draw.PyramidGlyph{}, memoryColor},
	{"other", func(l *measure.Layer) bool { return l.Algorithm == "" }, draw.CrossGlyph{}, color.Gray{Y: 0x60}},
}

// newRoof is the panel of speeds.
func newRoof(r *measure.Result) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("peak %.0f GFLOP/s, memory %.1f GB/s", r.Peak, r.Bandwidth)
	p.X.Label.Text, p.Y.Label.Text = "FLOP of the algorithm for each byte", "GFLOP/s of the algorithm"
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = gridColor, gridColor
	p.Add(grid)
	left, right, low := math.Inf(1), 1.0, math.Inf(1)
	for _, g := range groups {
		var points plotter.XYs
		for i := range r.Layers {
			l := &r.Layers[i]
			if l.OwnFLOPs == 0 || l.Bytes == 0 || l.Median == 0 || !g.has(l) {
				continue
			}
			at := plotter.XY{X: float64(l.OwnFLOPs) / float64(l.Bytes), Y: float64(l.OwnFLOPs) / float64(l.Median.Nanoseconds())}
			points = append(points, at)
			left, right, low = math.Min(left, at.X), math.Max(right, at.X), math.Min(low, at.Y)
		}
		if len(points) == 0 {
			continue
		}
		s, err := plotter.NewScatter(points)
		if err != nil {
			return nil, fmt.Errorf("roofline: %w", err)
		}
		s.GlyphStyle = draw.GlyphStyle{Color: g.color, Radius: vg.Points(3), Shape: g.shape}
		p.Add(s)
		p.Legend.Add(g.name, s)
	}
	if math.IsInf(left, 1) || r.Bandwidth <= 0 || r.Peak <= 0 {
		return p, nil // no layer computes, or the machine's peak is not known
	}
	ridge := r.Peak / r.Bandwidth
	left, right = left/1.5, math.Max(right, ridge)*1.5
	roof, err := plotter.NewLine(plotter.XYs{
		{X: left, Y: math.Min(r.Peak, left*r.Bandwidth)},
		{X: math.Min(math.Max(left, ridge), right), Y: r.Peak},
		{X: right, Y: r.Peak},
	})
	if err != nil {
		return nil, fmt.Errorf("roofline: %w", err)
	}
	roof.Width = vg.Points(1.2)
	p.Add(roof)
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.X.Min, p.X.Max = left, right
	p.Y.Min, p.Y.Max = math.Min(low, left*r.Bandwidth)/1.5, r.Peak*1.5
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(3)
	return p, nil
}
