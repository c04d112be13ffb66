package runtime

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
)

// Chart is a line chart.
type Chart struct {
	Title  string
	XLabel string
	YLabel string
	LogY   bool
	// From and To are the ends of the vertical axis; without a range, or where a
	// logarithm needs one above 0, those that fit.
	From, To float64
	Lines    []ChartLine
}

// ChartLine is a line of a chart.  Points that are not finite, or not above 0
// where the axis is logarithmic, interrupt it.
type ChartLine struct {
	Name  string
	X, Y  []float64
	Color string  // as in SVG; "" for the next of the palette
	Dash  bool    // thin and dashed
	Width float64 // of the line; 0 for 2
	Faint bool    // half transparent, and without a name in the legend
	Dots  bool    // marks each point
}

// The palette is Okabe and Ito's, which colour-blind people can tell apart.
var chartPalette = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#b09c00"}

const (
	chartWidth  = 760
	chartHeight = 420
	chartLeft   = 76
	chartRight  = 24
	chartTop    = 52
	chartBottom = 58
)

// WriteSVG draws charts, one below the other.  Equal charts give equal bytes.
func WriteSVG(w io.Writer, charts ...Chart) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="Helvetica, Arial, sans-serif" font-size="13">`+"\n",
		chartWidth, chartHeight*len(charts), chartWidth, chartHeight*len(charts))
	fmt.Fprintf(b, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	for i, c := range charts {
		fmt.Fprintf(b, `<g transform="translate(0 %d)">`+"\n", i*chartHeight)
		c.draw(b, i)
		fmt.Fprintln(b, "</g>")
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

// axis maps values to pixels.
type axis struct {
	from, to float64 // of the values, or their logarithms
	begin    float64 // in pixels
	end      float64
	log      bool
}

func (a axis) at(v float64) float64 {
	if a.log {
		v = math.Log10(v)
	}
	return a.begin + (v-a.from)/(a.to-a.from)*(a.end-a.begin)
}

func (a axis) can(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!a.log || v > 0)
}

func (c Chart) draw(b *bufio.Writer, index int) {
	x := axis{begin: chartLeft, end: chartWidth - chartRight}
	y := axis{begin: chartHeight - chartBottom, end: chartTop, log: c.LogY}
	c.limits(&x, &y)
	fmt.Fprintf(b, `<text x="%d" y="26" font-size="16" font-weight="bold" fill="#222222">%s</text>`+"\n", chartLeft, html.EscapeString(c.Title))
	for _, t := range y.ticks(6) {
		at := y.at(t)
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#e4e4e4"/>`, chartLeft, at, chartWidth-chartRight, at)
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end" fill="#555555">%s</text>`+"\n", chartLeft-8, at+4.5, tickText(t))
	}
	for _, t := range x.ticks(8) {
		at := x.at(t)
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#888888"/>`, at, chartHeight-chartBottom, at, chartHeight-chartBottom+5)
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#555555">%s</text>`+"\n", at, chartHeight-chartBottom+20, tickText(t))
	}
	fmt.Fprintf(b, `<path d="M%d %d V%d H%d" fill="none" stroke="#888888"/>`+"\n", chartLeft, chartTop, chartHeight-chartBottom, chartWidth-chartRight)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle" fill="#333333">%s</text>`+"\n",
		(chartLeft+chartWidth-chartRight)/2, chartHeight-14, html.EscapeString(c.XLabel))
	fmt.Fprintf(b, `<text transform="translate(20 %d) rotate(-90)" text-anchor="middle" fill="#333333">%s</text>`+"\n",
		(chartTop+chartHeight-chartBottom)/2, html.EscapeString(c.YLabel))
	fmt.Fprintf(b, `<clipPath id="plot%d"><rect x="%d" y="%d" width="%d" height="%d"/></clipPath>`+"\n", index,
		chartLeft, chartTop-2, chartWidth-chartLeft-chartRight+6, chartHeight-chartTop-chartBottom+4)
	fmt.Fprintf(b, `<g clip-path="url(#plot%d)" fill="none" stroke-linejoin="round" stroke-linecap="round">`+"\n", index)
	colours := c.colours()
	for i, l := range c.Lines {
		l.draw(b, x, y, colours[i])
	}
	fmt.Fprintln(b, "</g>")
	c.legend(b, colours)
}

// colours gives each line its own or the next of the palette.
func (c Chart) colours() []string {
	out := make([]string, len(c.Lines))
	next := 0
	for i, l := range c.Lines {
		if out[i] = l.Color; l.Color == "" {
			out[i] = chartPalette[next%len(chartPalette)]
			next++
		}
	}
	return out
}

func (l ChartLine) draw(b *bufio.Writer, x, y axis, colour string) {
	width := l.Width
	if width == 0 {
		width = 2
	}
	style := fmt.Sprintf(`stroke="%s" stroke-width="%g"`, html.EscapeString(colour), width)
	if l.Dash {
		style += ` stroke-dasharray="5 4"`
	}
	if l.Faint {
		style += ` stroke-opacity="0.28"`
	}
	var path, dots []byte
	pen, points := false, 0
	for i := range min(len(l.X), len(l.Y)) {
		if !x.can(l.X[i]) || !y.can(l.Y[i]) {
			pen = false
			continue
		}
		if path = append(path, 'L'); !pen {
			path[len(path)-1] = 'M'
		}
		pen = true
		points++
		path = strconv.AppendFloat(path, x.at(l.X[i]), 'f', 1, 64)
		path = append(path, ' ')
		path = strconv.AppendFloat(path, y.at(l.Y[i]), 'f', 1, 64)
		dots = fmt.Appendf(dots, `<circle cx="%.1f" cy="%.1f" r="3.2" fill="%s" stroke="none"/>`, x.at(l.X[i]), y.at(l.Y[i]), html.EscapeString(colour))
	}
	fmt.Fprintf(b, `<path %s d="%s"/>`+"\n", style, path)
	if l.Dots || points == 1 { // a line of no length would not be seen
		fmt.Fprintf(b, "%s\n", dots)
	}
}

// legend names the lines, in the upper right corner.
func (c Chart) legend(b *bufio.Writer, colours []string) {
	var rows []int
	longest := 0
	for i, l := range c.Lines {
		if !l.Faint && l.Name != "" {
			rows = append(rows, i)
			longest = max(longest, len([]rune(l.Name)))
		}
	}
	if len(rows) == 0 {
		return
	}
	width := 56 + 7*longest
	left := chartWidth - chartRight - width - 6
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#ffffff" fill-opacity="0.86" stroke="#dddddd"/>`+"\n",
		left, chartTop+4, width, 10+19*len(rows))
	for i, r := range rows {
		at := chartTop + 19 + 19*i
		dash := ""
		if c.Lines[r].Dash {
			dash = ` stroke-dasharray="5 4"`
		}
		fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2.5"%s/>`, left+10, at, left+38, at, html.EscapeString(colours[r]), dash)
		fmt.Fprintf(b, `<text x="%d" y="%.1f" fill="#333333">%s</text>`+"\n", left+46, float64(at)+4.5, html.EscapeString(c.Lines[r].Name))
	}
}
