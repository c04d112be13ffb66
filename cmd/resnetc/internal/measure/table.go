package measure

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

func ms(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d.Nanoseconds())/1e6) }

// rate is GFLOP/s, or GB/s.
func rate(n int, d time.Duration) float64 {
	return float64(n) / float64(max(1, d.Nanoseconds()))
}

// ratio is a part of b.
func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(1, b)) }

func newTable(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
}

// WriteTable writes a line for each engine in each result, and how the generated
// package does against the fastest of the others.
func WriteTable(w io.Writer, results []Result) error {
	t := newTable(w)
	versus, costs := false, false
	for _, r := range results {
		versus = versus || len(r.Engines) > 1
		for _, e := range r.Engines {
			costs = costs || e.PeakRSS > 0
		}
	}
	title := "batch\tthreads\tmin ms\tmedian ms\tGFLOP/s\t"
	if versus {
		title += "ratio\t"
	}
	if costs {
		title += "first ms\tpeak MB\t"
	}
	fmt.Fprintln(t, title+"  engine")
	for _, r := range results {
		for i, e := range r.Engines {
			fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%.1f\t", r.Batch, r.Threads, ms(e.Min), ms(e.Median), rate(r.FLOPs, e.Median))
			switch {
			case versus && i == 0:
				fmt.Fprint(t, "1\t")
			case versus:
				fmt.Fprintf(t, "%.2f\t", ratio(e.Median, r.Engines[0].Median))
			}
			switch {
			case costs && e.PeakRSS > 0:
				fmt.Fprintf(t, "%.0f\t%.0f\t", float64(e.FirstAnswer().Nanoseconds())/1e6, float64(e.PeakRSS)/1e6)
			case costs:
				fmt.Fprint(t, "\t\t")
			}
			fmt.Fprintf(t, "  %s\n", join(join(e.Engine, e.Version), e.Variant))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	note := "GFLOP/s are of the medians; a multiply-add is two operations."
	if versus {
		note = "GFLOP/s and ratio, of an engine's time to resnetc's, are of the medians; a multiply-add is two operations."
	}
	if costs {
		note += "\nFirst: from the start of an engine's process to the end of its first run.  Peak: the most memory its process has held."
	}
	if _, err := fmt.Fprintf(w, "\n%s\n", note); err != nil {
		return err
	}
	for _, r := range results {
		if err := writeMemory(w, r); err != nil {
			return err
		}
	}
	for _, r := range results {
		f := r.Fastest()
		if f == nil {
			continue
		}
		own := r.Engines[0]
		if _, err := fmt.Fprintf(w, "%s: resnetc takes %.2f of the time of %s (minimum %.2f)\n", r.Config,
			ratio(own.Median, f.Median), join(f.Engine, f.Version), ratio(own.Min, f.Min)); err != nil {
			return err
		}
	}
	return nil
}

// writeMemory tells what the generated package holds, and needs at least.
func writeMemory(w io.Writer, r Result) error {
	m := r.Memory
	if r.Mode == Train {
		_, err := fmt.Fprintf(w, "%s: the trainer holds %.1f MB\n", r.Config, float64(m.Workspace)/1e6)
		return err
	}
	if m.Weights == 0 || r.Engines[0].PeakRSS == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "%s: weights %.1f MB and workspace %.1f MB, resident at most %.2f times that; arena of an image %.3f MB, %.2f times its largest live set\n",
		r.Config, float64(m.Weights)/1e6, float64(m.Workspace)/1e6,
		float64(r.Engines[0].PeakRSS)/float64(m.Weights+m.Workspace), float64(m.Arena)/1e6, float64(m.Arena)/float64(max(1, m.LiveSet)))
	return err
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}

// WriteLayers writes a line for each layer of one result.
func WriteLayers(w io.Writer, r Result) error {
	fmt.Fprintf(w, "\n%s, %s, %s kernels, medians of %s, ", r.Network, r.Config, r.Kernels, runs(len(r.Engines[0].Times)))
	if r.Peak > 0 {
		fmt.Fprintf(w, "peak %.0f GFLOP/s, ", r.Peak)
	}
	fmt.Fprintf(w, "memory %.1f GB/s\n", r.Bandwidth)
	reference := false
	var total, bounds time.Duration
	for _, l := range r.Layers {
		reference = reference || l.Reference > 0
		total += l.Median
		bounds += l.Bound
	}
	t := newTable(w)
	title := "ms\tshare\tGFLOP/s\town GFLOP/s\tof peak\tGB/s\tbound ms\tof bound\t"
	if reference {
		title += "reference ms\t"
	}
	fmt.Fprintln(t, title+"bound by\t  layer")
	for _, l := range r.Layers {
		speed, own, peak := "", "", ""
		if l.FLOPs > 0 {
			speed, own = fmt.Sprintf("%.1f", rate(l.FLOPs, l.Median)), fmt.Sprintf("%.1f", rate(l.OwnFLOPs, l.Median))
		}
		if l.FLOPs > 0 && r.Peak > 0 {
			peak = fmt.Sprintf("%.0f %%", 100*rate(l.OwnFLOPs, l.Median)/r.Peak)
		}
		fmt.Fprintf(t, "%s\t%.1f %%\t%s\t%s\t%s\t%.1f\t%s\t%.0f %%\t", ms(l.Median), 100*ratio(l.Median, total), speed, own, peak,
			rate(l.Bytes, l.Median), ms(l.Bound), 100*l.Share())
		if reference {
			fmt.Fprintf(t, "%s\t", ms(l.Reference))
		}
		by := "arithmetic"
		if l.Memory {
			by = "memory"
		}
		how := l.Op
		if l.Algorithm != "" {
			how = l.Algorithm
		}
		fmt.Fprintf(t, "%s\t  %s %s\n", by, l.Name, join(how, l.Schedule))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	note := ""
	if slices.ContainsFunc(r.Layers, func(l Layer) bool { return l.Bound > l.Median }) {
		note = "More than 100 % of a bound: it counts all bytes at the speed of memory; what is still in a cache comes faster.\n"
	}
	_, err := fmt.Fprintf(w, "\nall layers: %s ms, sum of the bounds %s ms, %.2f times as much\n"+
		"GFLOP/s count the multiply-adds that define a layer, own GFLOP/s and the bound those of its algorithm's products.\n%s",
		ms(total), ms(bounds), ratio(total, bounds), note)
	return err
}
