package roofline

import (
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/figure"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

// The size of a row of panels.
const (
	barWidth  = 14 * vg.Inch
	roofWidth = 6 * vg.Inch
	rowHeight = 5 * vg.Inch
)

// Draw writes the results as svg or png.
func Draw(w io.Writer, format string, results []measure.Result) error {
	width, height := barWidth+roofWidth, rowHeight*vg.Length(len(results))
	c, err := figure.NewCanvas(format, width, height)
	if err != nil {
		return err
	}
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
		figure.Panel(page, 0, barWidth, top-rowHeight, top, bars)
		figure.Panel(page, barWidth, width, top-rowHeight, top, roof)
	}
	_, err = c.WriteTo(w)
	return err
}
