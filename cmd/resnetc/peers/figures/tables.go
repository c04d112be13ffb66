package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

// tables are what a page may have between "<!-- figures: NAME -->" and "<!-- end -->".
var tables = map[string]func([]measure.Result) string{
	"versions":  versions,
	"inference": inference,
	"costs":     costs,
	"training":  training,
	"tuned":     tuned,
	"summary":   summary,
}

func isTraining(r measure.Result) bool  { return r.Mode == measure.Train }
func isTuned(r measure.Result) bool     { return engine(r, "untuned") != nil }
func isInference(r measure.Result) bool { return !isTraining(r) && !isTuned(r) }

// labels are engines' names as their makers write them.
var labels = map[string]string{"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "pytorch": "PyTorch", "mnn": "MNN", "f16": "resnetc, f16", "fast": "resnetc -fast"}

func label(engine string) string {
	if l, ok := labels[engine]; ok {
		return l
	}
	return engine
}

// table writes a table in Markdown.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// ms prints a time in milliseconds with three digits.
func ms(d time.Duration) string { return digits(float64(d.Nanoseconds()) / 1e6) }

func digits(x float64) string {
	if x <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.*f", max(0, 2-int(math.Floor(math.Log10(x)))), x)
}

// ratios are the fastest and median run of one of resnetc's engines against those
// of the fastest other engine, by each; 0 without others.
func ratios(r measure.Result, own measure.Timing) (fastest, median float64) {
	for _, e := range r.Engines[1:] {
		if !e.Own {
			fastest = max(fastest, float64(own.Min)/float64(e.Min))
			median = max(median, float64(own.Median)/float64(e.Median))
		}
	}
	return fastest, median
}

// times is the row of a table with all engines' times.
func times(r measure.Result, names []string) (row []string) {
	for _, name := range names {
		row = append(row, both(engine(r, name)))
	}
	return append(row, against(r, &r.Engines[0]))
}

// both prints the fastest run and the median, of an engine that was there.
func both(e *measure.Timing) string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", ms(e.Min), ms(e.Median))
}

// against prints ratios, of an engine that was there.
func against(r measure.Result, own *measure.Timing) string {
	if own == nil {
		return ""
	}
	fastest, median := ratios(r, *own)
	return fmt.Sprintf("%.2f (%.2f)", fastest, median)
}

func inference(all []measure.Result) string {
	all = where(all, isInference)
	names := append([]string{"resnetc"}, peers(all)...)
	head := []string{"network", "batch", "threads"}
	for _, n := range names {
		head = append(head, label(n))
	}
	var rows [][]string
	for _, r := range all {
		rows = append(rows, append([]string{r.Network, fmt.Sprint(r.Batch), fmt.Sprint(r.Threads)}, times(r, names)...))
	}
	return table(append(head, "resnetc / fastest other"), rows)
}

// costs are first answer and memory with batch 1 and most threads.
func costs(all []measure.Result) string {
	all = most(where(all, func(r measure.Result) bool { return isInference(r) && r.Batch == 1 }))
	names := append([]string{"resnetc"}, peers(all)...)
	head := []string{"network"}
	for _, n := range names {
		head = append(head, label(n))
	}
	var rows [][]string
	for _, r := range all {
		row := []string{r.Network}
		for _, n := range names {
			cell := ""
			if e := engine(r, n); e != nil {
				cell = fmt.Sprintf("%.0f ms, %.0f MB", float64(e.FirstAnswer().Nanoseconds())/1e6, float64(e.PeakRSS)/1e6)
			}
			row = append(row, cell)
		}
		held := float64(r.Memory.Weights+r.Memory.Workspace) / 1e6
		rows = append(rows, append(row, fmt.Sprintf("%.1f MB", held), fmt.Sprintf("%.2f", float64(r.Memory.Arena)/float64(max(1, r.Memory.LiveSet)))))
	}
	return table(append(head, "weights and workspace", "arena / live set"), rows)
}

// most keeps of each network the result with the most threads.
func most(all []measure.Result) (kept []measure.Result) {
	for _, r := range all {
		if last := len(kept) - 1; last >= 0 && kept[last].Network == r.Network && kept[last].Batch == r.Batch {
			kept[last] = r
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

func training(all []measure.Result) string {
	var rows [][]string
	for _, r := range where(all, isTraining) {
		p := engine(r, "pytorch")
		if p == nil {
			continue
		}
		own, fast := &r.Engines[0], engine(r, "fast")
		rows = append(rows, []string{
			r.Network, r.Input, fmt.Sprint(r.Batch), fmt.Sprint(r.Threads),
			both(own), both(fast), both(p), p.Variant, against(r, own), against(r, fast),
			fmt.Sprintf("%.0f", float64(own.PeakRSS)/1e6), fmt.Sprintf("%.0f", float64(p.PeakRSS)/1e6),
		})
	}
	return table([]string{"network", "input", "batch", "threads", "resnetc", label("fast"), "PyTorch", "its way", "resnetc / PyTorch", label("fast") + " / PyTorch", "resnetc, MB", "PyTorch, MB"}, rows)
}

// tuned is what packages gain that are made with what resnetc tune measured.
func tuned(all []measure.Result) string {
	var rows [][]string
	for _, r := range where(all, isTuned) {
		own, model := &r.Engines[0], engine(r, "untuned")
		rows = append(rows, []string{
			r.Network, fmt.Sprint(r.Batch), fmt.Sprint(r.Threads), both(model), both(own),
			fmt.Sprintf("%.2f (%.2f)", float64(own.Min)/float64(model.Min), float64(own.Median)/float64(model.Median)),
		})
	}
	return table([]string{"network", "batch", "threads", "by the cost model", "as tuned", "tuned / cost model"}, rows)
}

// versions is a line with every engine that was measured.
func versions(all []measure.Result) string {
	var list []string
	for _, name := range peers(all) {
		for _, r := range all {
			if e := engine(r, name); e != nil && !e.Own {
				list = append(list, label(name)+" "+e.Version)
				break
			}
		}
	}
	return strings.Join(list, ", ") + ".\n"
}

// summaryRows are the lines of README's table.
var summaryRows = []struct {
	network string
	batch   int
}{
	{"resnet18", 1}, {"resnet34", 1}, {"resnet50", 1}, {"resnet101", 1}, {"resnet152", 1}, {"resnet50", 8}, {"resnet20_cifar", 1}, {"resnet20_cifar", 128},
}

// summary is the fastest run of each engine with most threads.
func summary(all []measure.Result) string {
	all = most(where(all, isInference))
	names := append([]string{"resnetc"}, peers(all)...)
	head := []string{""}
	for _, n := range names {
		head = append(head, label(n))
	}
	var rows [][]string
	for _, s := range summaryRows {
		i := slices.IndexFunc(all, func(r measure.Result) bool { return r.Network == s.network && r.Batch == s.batch })
		if i < 0 {
			continue
		}
		r, row := all[i], []string{s.network}
		if s.batch > 1 {
			row[0] += fmt.Sprintf(", batch %d", s.batch)
		}
		for _, n := range names {
			cell := ""
			if e := engine(r, n); e != nil {
				cell = ms(e.Min)
			}
			row = append(row, cell)
		}
		fastest, _ := ratios(r, r.Engines[0])
		rows = append(rows, append(row, fmt.Sprintf("%.2f", fastest)))
	}
	return table(append(head, "resnetc / fastest other"), rows)
}
