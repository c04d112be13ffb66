package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/figure"
	"github.com/resnetc/resnetc/runtime"
)

// depthColors are a colour for each depth, from light to dark as in the paper's
// figure; of Okabe and Ito's, which colour-blind people can tell apart.
var depthColors = []string{"#e69f00", "#56b4e9", "#009e73", "#cc3311", "#0072b2", "#cc79a7", "#555555"}

// writeExperiment draws the figures and writes the page with the table.
func writeExperiment(c *cli.Command, t *runtime.TrainCommand, trials []*trial) error {
	for _, f := range []struct {
		name   string
		charts []runtime.Chart
	}{{"figure6", errorCharts(trials)}, {"figure7", responseCharts(trials)}} {
		for _, format := range []string{"svg", "png"} {
			path := filepath.Join(t.Out, f.name+"."+format)
			if err := writeTo(c, path, func(w io.Writer) error { return figure.Draw(w, format, 2, f.charts...) }); err != nil {
				return err
			}
		}
	}
	var page strings.Builder
	if err := writePage(&page, c, t, trials); err != nil {
		return err
	}
	if err := writeTo(c, filepath.Join(t.Out, "degradation.md"), func(w io.Writer) error {
		_, err := io.WriteString(w, page.String())
		return err
	}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout(c), "\n%s\n%s\n", errorTable(trials), filepath.Join(t.Out, "degradation.md"))
	return err
}

// color is that of a network's depth.
func (t *trial) color(trials []*trial) string {
	var depths []int
	for _, x := range trials {
		depths = append(depths, x.depth)
	}
	slices.Sort(depths)
	return depthColors[slices.Index(slices.Compact(depths), t.depth)%len(depthColors)]
}

// errorCharts are the paper's figure 6: the error of training, dashed, and of
// test, bold, against the iteration; plain networks left, residual ones right.
func errorCharts(trials []*trial) []runtime.Chart {
	charts := []runtime.Chart{{Title: "plain networks"}, {Title: "residual networks"}}
	top := 0.0
	for _, t := range trials {
		c := &charts[0]
		if t.residual {
			c = &charts[1]
		}
		c.XLabel, c.YLabel = "iteration", "error in %, bold: test, dashed: training"
		x, y := t.errors("train")
		last := 0.0
		if len(x) > 0 {
			last = x[len(x)-1]
		}
		x, y = runtime.Smooth(x, y, int(min(100, max(10, 4*t.epochs()))))
		test := runtime.ChartLine{Name: t.title(), Color: t.color(trials), Width: 2.6}
		test.X, test.Y = t.errors("test")
		c.Lines = append(c.Lines, runtime.ChartLine{Color: test.Color, Dash: true, Width: 1.3, X: x, Y: y}, test)
		// What comes before the first tenth would leave no room for the rest.
		for _, l := range c.Lines[len(c.Lines)-2:] {
			for i := range l.X {
				if l.X[i] >= last/10 {
					top = max(top, l.Y[i])
				}
			}
		}
	}
	top = min(100, 5*math.Ceil(1.04*top/5))
	for i := range charts {
		charts[i].From, charts[i].To = 0, top
	}
	return charts
}

// errors are the errors in percent of a kind of rows, and their iterations.
func (t *trial) errors(kind string) (x, y []float64) {
	for _, r := range t.rows {
		if r.Kind == kind {
			x, y = append(x, float64(r.Step)), append(y, 100*(1-r.Accuracy))
		}
	}
	return x, y
}

// responseCharts are the paper's figure 7: the standard deviation of each
// layer's responses, in the order of the layers and by size.
func responseCharts(trials []*trial) []runtime.Chart {
	charts := []runtime.Chart{
		{Title: "responses of 3×3 layers", XLabel: "layer", YLabel: "standard deviation, dashed: plain"},
		{Title: "the same, sorted", XLabel: "layer, by size", YLabel: "standard deviation, dashed: plain"},
	}
	top := 0.0
	for _, t := range trials {
		sorted := slices.Clone(t.responses)
		slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(b, a) })
		for i, y := range [][]float64{t.responses, sorted} {
			l := runtime.ChartLine{Name: t.title(), Y: y, Color: t.color(trials), Dash: !t.residual, Width: 2}
			for j := range y {
				l.X = append(l.X, float64(j+1))
				top = max(top, y[j])
			}
			charts[i].Lines = append(charts[i].Lines, l)
		}
	}
	for i := range charts {
		charts[i].From, charts[i].To = 0, 1.5*top // with room for the names
	}
	return charts
}

// errorTable is a table in Markdown.
func errorTable(trials []*trial) string {
	var b strings.Builder
	fmt.Fprintln(&b, "| network | parameters | training error, last epoch | test error at the end | lowest test error | mean response |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|")
	for _, t := range trials {
		train, test, best := t.finalErrors()
		mean := 0.0
		for _, v := range t.responses {
			mean += v / float64(len(t.responses))
		}
		fmt.Fprintf(&b, "| %s | %.2f M | %.2f %% | %.2f %% | %.2f %% | %.2f |\n", t.title(), float64(t.net.graph.ParamCount())/1e6, train, test, best, mean)
	}
	return b.String()
}

// epochs is how many the training took.
func (t *trial) epochs() float64 {
	end := 0.0
	for _, r := range t.rows {
		end = max(end, r.Epoch)
	}
	return end
}

// finalErrors are the mean error of the last epoch's batches, and of tests the
// last and the lowest, in percent.
func (t *trial) finalErrors() (train, test, best float64) {
	end, count := t.epochs(), 0.0
	best = 100
	for _, r := range t.rows {
		fault := 100 * (1 - r.Accuracy)
		switch {
		case r.Kind == "test":
			test, best = fault, min(best, fault)
		case r.Epoch > end-1:
			train, count = train+fault, count+1
		}
	}
	return train / max(count, 1), test, best
}

// writePage writes the experiment's page in Markdown.
func writePage(w io.Writer, c *cli.Command, t *runtime.TrainCommand, trials []*trial) error {
	o, err := recipe(c)
	if err != nil {
		return err
	}
	steps := trials[0].rows[len(trials[0].rows)-1].Step
	amount := ""
	if t.Subset > 0 {
		amount = fmt.Sprintf(" on the first %d pictures of each class", t.Subset)
	}
	_, err = fmt.Fprintf(w, `# Degradation: plain against residual networks

%d iterations of %d images%s; learning rate %v, schedule %s; %s; seed %d.

%s
Errors are of the training's own batches, augmented as they are, and of the test pictures.

![errors against iterations](figure6.svg)

As figure 6 of He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385): dashed lines are
training errors, bold lines test errors.

![standard deviations of layer responses](figure7.svg)

As its figure 7: the standard deviation of what leaves each 3×3 layer's batch norm, before ReLU and addition, on test
pictures; left in the order of the layers, right sorted.
`, steps, t.Batch, amount, t.LR, t.Schedule, recipeText(o, c.Bool("fast")), t.Seed, errorTable(trials))
	return err
}
