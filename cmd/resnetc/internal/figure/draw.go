package figure

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/resnetc/resnetc/runtime"
)

// The size of a chart.
const (
	chartWidth  = 6.4 * vg.Inch
	chartHeight = 4.6 * vg.Inch
)

// Draw writes charts in the format svg or png, so many in a row.  Points that
// are not finite, or not above 0 on a logarithmic axis, interrupt a line.
func Draw(w io.Writer, format string, columns int, charts ...runtime.Chart) error {
	columns = min(max(columns, 1), max(len(charts), 1))
	rows := (len(charts) + columns - 1) / columns
	width, height := chartWidth*vg.Length(columns), chartHeight*vg.Length(rows)
	c, err := NewCanvas(format, width, height)
	if err != nil {
		return err
	}
	page := draw.New(c)
	page.SetColor(color.White)
	page.Fill(page.Rectangle.Path())
	for i := range charts {
		p, err := newPlot(&charts[i])
		if err != nil {
			return fmt.Errorf("figure: %s: %w", charts[i].Title, err)
		}
		left, top := chartWidth*vg.Length(i%columns), height-chartHeight*vg.Length(i/columns)
		Panel(page, left, left+chartWidth, top-chartHeight, top, p)
	}
	_, err = c.WriteTo(w)
	return err
}

func newPlot(c *runtime.Chart) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.XLabel, c.YLabel
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Width = color.Gray{Y: 0xe4}, 0
	p.Add(grid)
	p.X.Tick.Marker = plot.TickerFunc(LinearTicks)
	p.Y.Tick.Marker = plot.TickerFunc(LinearTicks)
	if c.LogY {
		p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	}
	p.Legend.Top, p.Legend.Padding, p.Legend.XOffs = true, vg.Points(2), -vg.Points(4)
	for i := range c.Lines {
		if err := addLine(p, &c.Lines[i], c.LogY); err != nil {
			return nil, err
		}
	}
	if p.X.Min > p.X.Max { // no points at all
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	}
	if c.To > c.From && (!c.LogY || c.From > 0) {
		p.Y.Min, p.Y.Max = c.From, c.To
		if c.LogY {
			p.Y.Min, p.Y.Max = math.Log10(c.From), math.Log10(c.To)
		}
	}
	return p, nil
}

// addLine adds a line in as many pieces as it has, and its name.
func addLine(p *plot.Plot, l *runtime.ChartLine, log bool) error {
	style := draw.LineStyle{Color: parseColor(l.Color, l.Faint), Width: vg.Points(1.5)}
	if l.Width > 0 {
		style.Width = vg.Points(0.75 * l.Width) // of pixels
	}
	if l.Dash {
		style.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	}
	named := l.Faint || l.Name == ""
	for _, piece := range pieces(l, log) {
		line, err := plotter.NewLine(piece)
		if err != nil {
			return err
		}
		line.LineStyle = style
		p.Add(line)
		if l.Dots || len(piece) == 1 {
			dots, err := plotter.NewScatter(piece)
			if err != nil {
				return err
			}
			dots.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
			p.Add(dots)
		}
		if !named {
			named = true
			p.Legend.Add(l.Name, line)
		}
	}
	return nil
}

// pieces are the points of a line, cut where there is none.
func pieces(l *runtime.ChartLine, log bool) []plotter.XYs {
	var all []plotter.XYs
	pen := false
	for i := range min(len(l.X), len(l.Y)) {
		x, y := l.X[i], l.Y[i]
		if log {
			y = math.Log10(y)
		}
		if math.IsNaN(x) || math.IsInf(x, 0) || math.IsNaN(y) || math.IsInf(y, 0) {
			pen = false
			continue
		}
		if !pen {
			all = append(all, nil)
			pen = true
		}
		all[len(all)-1] = append(all[len(all)-1], plotter.XY{X: x, Y: y})
	}
	return all
}

// logTicks are for an axis of decimal logarithms.
func logTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(low); e <= high; e++ {
		for _, f := range []float64{1, 2, 5} {
			v := f * math.Pow(10, e)
			if at := math.Log10(v); at >= low && at <= high && (f == 1 || high-low < 3) {
				ticks = append(ticks, plot.Tick{Value: at, Label: strconv.FormatFloat(v, 'g', 3, 64)})
			}
		}
	}
	if len(ticks) < 2 {
		ticks = nil
		for _, t := range LinearTicks(math.Pow(10, low), math.Pow(10, high)) {
			if t.Value > 0 {
				ticks = append(ticks, plot.Tick{Value: math.Log10(t.Value), Label: t.Label})
			}
		}
	}
	return ticks
}

// parseColor reads #rrggbb; anything else is black.
func parseColor(text string, faint bool) color.Color {
	c := color.NRGBA{A: 0xff}
	if n, err := fmt.Sscanf(text, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil || n != 3 {
		c = color.NRGBA{A: 0xff}
	}
	if faint {
		c.A = 0x48
	}
	return c
}
