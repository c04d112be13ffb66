package roofline

import (
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

// The size of a row of panels.
const (
	barWidth   = 14 * vg.Inch
	roofWidth  = 6 * vg.Inch
	rowHeight  = 5 * vg.Inch
	margin     = 0.15 * vg.Inch
	resolution = 96 // dots per inch of a PNG
)

// canvas is what a drawing is made on and written from.
type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

// canvases are the formats by name.
var canvases = map[string]func(w, h vg.Length) canvas{
	"svg": func(w, h vg.Length) canvas { return vgsvg.New(w, h) },
	"png": func(w, h vg.Length) canvas {
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(resolution))}
	},
}

// Draw writes the results as svg or png.
func Draw(w io.Writer, format string, results []measure.Result) error {
	newCanvas := canvases[format]
	if newCanvas == nil {
		return fmt.Errorf("roofline: unknown format %q, want svg or png", format)
	}
	width, height := barWidth+roofWidth, rowHeight*vg.Length(len(results))
	c := newCanvas(width, height)
	page := draw.New(c)
	for i := range results {
		top := height - rowHeight*vg.Length(i)
		bars, err := newBars(&results[i])
		if err != nil {
			return err
		}
		roof, err := newRoof(&results[i])
		if err != nil {
			return err
		}
		panel(page, 0, barWidth, top, bars)
		panel(page, barWidth, width, top, roof)
	}
	_, err := c.WriteTo(w)
	return err
}

// panel draws p between left and right, below top.
func panel(page draw.Canvas, left, right, top vg.Length, p *plot.Plot) {
	area := draw.Canvas{Canvas: page.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: left + margin, Y: top - rowHeight + margin},
		Max: vg.Point{X: right - margin, Y: top - margin},
	}}
	p.Draw(area)
}
