package figure

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	// Margin is what a panel leaves free on each side.
	Margin     = 0.15 * vg.Inch
	resolution = 96 // dots per inch of a PNG
)

// Canvas is what a page is drawn on and written from.
type Canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

// NewCanvas makes a page in the format svg or png.
func NewCanvas(format string, width, height vg.Length) (Canvas, error) {
	switch format {
	case "svg":
		return vgsvg.New(width, height), nil
	case "png":
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution))}, nil
	}
	return nil, fmt.Errorf("figure: unknown format %q, want svg or png", format)
}

// Panel draws p into a rectangle of the page, with a margin around it.
func Panel(page draw.Canvas, left, right, bottom, top vg.Length, p *plot.Plot) {
	p.Draw(draw.Canvas{Canvas: page.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: left + Margin, Y: bottom + Margin},
		Max: vg.Point{X: right - Margin, Y: top - Margin},
	}})
}

// LinearTicks are some 5 to 10 round values.
func LinearTicks(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	for _, f := range []float64{5, 2} {
		if (high-low)/(step*f) >= 5 {
			step *= f
			break
		}
	}
	digits := math.Pow(10, math.Max(0, -math.Floor(math.Log10(step)))) // without it 0.3 is 0.30000000000000004
	var ticks []plot.Tick
	for i := math.Ceil(low / step); i*step <= high && len(ticks) < 20; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: strconv.FormatFloat(math.Round(i*step*digits)/digits, 'f', -1, 64)})
	}
	return ticks
}
