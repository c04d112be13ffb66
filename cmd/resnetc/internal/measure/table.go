package measure

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

func ms(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d.Nanoseconds())/1e6) }

// rate is GFLOP/s.
func rate(flops int, d time.Duration) float64 {
	return float64(flops) / float64(max(1, d.Nanoseconds()))
}

// WriteTable writes a line for each result.
func WriteTable(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "batch\tthreads\tkernels\tmin ms\tmedian ms\tGFLOP/s\treference min\tmedian\tratio\t\n")
	for _, r := range results {
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%.1f\t", r.Batch, r.Threads, r.Kernels,
			ms(r.Generated.Min()), ms(r.Generated.Median()), rate(r.FLOPs, r.Generated.Median()))
		if len(r.Reference) == 0 {
			fmt.Fprint(t, "\t\t\t\n")
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%.2fx\t\n", ms(r.Reference.Min()), ms(r.Reference.Median()),
			float64(r.Reference.Median())/float64(r.Generated.Median()))
	}
	fmt.Fprintf(t, "\nGFLOP/s and ratio are of the medians; a multiply-add is two operations.\n")
	return t.Flush()
}

// WriteLayers writes a line for each layer of one result.
func WriteLayers(w io.Writer, r Result) error {
	fmt.Fprintf(w, "\n%s, %s kernels, means of %d runs", r.Config, r.Kernels, r.Count)
	if r.Peak > 0 {
		fmt.Fprintf(w, ", peak %.0f GFLOP/s", r.Peak)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nms\tshare\tGFLOP/s\tof peak\treference ms\top\t  layer\n")
	var total time.Duration
	for _, l := range r.Layers {
		total += l.Generated
	}
	for _, l := range r.Layers {
		speed, peak, ref := "", "", ""
		if l.FLOPs > 0 {
			speed = fmt.Sprintf("%.1f", rate(l.FLOPs, l.Generated))
		}
		if l.FLOPs > 0 && r.Peak > 0 {
			peak = fmt.Sprintf("%.0f %%", 100*rate(l.FLOPs, l.Generated)/r.Peak)
		}
		if l.Reference > 0 {
			ref = ms(l.Reference)
		}
		fmt.Fprintf(t, "%s\t%.1f %%\t%s\t%s\t%s\t%s\t  %s\n", ms(l.Generated), 100*float64(l.Generated)/float64(max(1, total)), speed, peak, ref, l.Op, l.Name)
	}
	if r.Peak > 0 {
		fmt.Fprint(t, "\nGFLOP/s count the multiply-adds that define a layer; Winograd's algorithm needs fewer, and may pass the peak.\n")
	}
	return t.Flush()
}
