package runtime

import (
	"bytes"
	"fmt"
	"io"
)

// Lines of training steps are drawn twice, with neighbours averaged so that
// about so many points are left: faint, to show how much they scatter, and on top.
const (
	faintPoints  = 1200
	smoothPoints = 100
)

// DrawCurves reads the metrics of a run and writes curves.svg beside them: the
// loss, with a logarithmic axis, and the error in percent, both against the
// step, as the papers draw them.  It can be called while the run goes on.
func DrawCurves(dir, title string) error {
	rows, err := ReadMetrics(dir)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := WriteSVG(&b, RunCharts(rows, title)...); err != nil {
		return err
	}
	_, err = newCheckpoints(dir).writeFile("curves.svg", func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err })
	return err
}

// RunCharts are the charts of a run: loss and error.
func RunCharts(rows []Metric, title string) []Chart {
	loss := Chart{Title: title + ": loss", XLabel: "step", YLabel: "cross-entropy (log scale)", LogY: true}
	fault := Chart{Title: title + ": error", XLabel: "step", YLabel: "error in %"}
	for i, kind := range []string{"train", "test"} {
		var x, l, e []float64
		for _, r := range rows {
			if r.Kind == kind {
				x, l, e = append(x, float64(r.Step)), append(l, r.Loss), append(e, 100*(1-r.Accuracy))
			}
		}
		if len(x) == 0 {
			continue
		}
		colour := chartPalette[i]
		add := func(c *Chart, y []float64) {
			line := ChartLine{Name: kind, X: x, Y: y, Color: colour, Width: 2.2, Dots: kind == "test" && len(x) <= 40}
			if kind == "train" {
				if len(x) > smoothPoints {
					faint := line
					faint.Faint, faint.Width = true, 1
					faint.X, faint.Y = Smooth(x, y, faintPoints)
					c.Lines = append(c.Lines, faint)
					line.Name = fmt.Sprintf("train, mean of %d steps", (len(x)+smoothPoints-1)/smoothPoints)
				}
				line.X, line.Y = Smooth(x, y, smoothPoints)
			}
			c.Lines = append(c.Lines, line)
		}
		add(&loss, l)
		add(&fault, e)
	}
	return []Chart{loss, fault}
}

// Smooth averages neighbours so that at most points points are left.
func Smooth(x, y []float64, points int) ([]float64, []float64) {
	n := min(len(x), len(y))
	each := (n + points - 1) / max(points, 1)
	if each <= 1 {
		return x[:n], y[:n]
	}
	var sx, sy []float64
	for at := 0; at < n; at += each {
		k := min(each, n-at)
		var mx, my float64
		for i := at; i < at+k; i++ {
			mx += x[i] / float64(k)
			my += y[i] / float64(k)
		}
		sx, sy = append(sx, mx), append(sy, my)
	}
	return sx, sy
}
