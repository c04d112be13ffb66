package runtime

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Profile is where the time of a workspace's runs went.
type Profile struct {
	Name    string // of the network
	Kernels Level
	Layers  []LayerProfile // in the order in which they run
	// Peak is the speed of this machine's arithmetic with the threads of a
	// run, in GFLOP/s; 0 if it is not known.
	Peak float64
}

// LayerProfile is a layer's part of a profile.  Duration, MACs and Bytes are
// sums over all runs.
type LayerProfile struct {
	Name     string
	Op       string
	Duration time.Duration
	Runs     int
	MACs     int // multiply-adds as the network defines them, whatever algorithm computes them
	Bytes    int // weights and activations that are read, and activations that are written
}

// GFLOPS is the layer's speed, two operations for a multiply-add.
func (l LayerProfile) GFLOPS() float64 { return perNanosecond(2*l.MACs, l.Duration) }

// GBytes is the memory traffic of the layer in GB/s, if each value is moved once.
func (l LayerProfile) GBytes() float64 { return perNanosecond(l.Bytes, l.Duration) }

// perNanosecond is also billions a second.
func perNanosecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / float64(d.Nanoseconds())
}

// Total is the sum of all layers.
func (p Profile) Total() LayerProfile {
	total := LayerProfile{Name: "total"}
	for _, l := range p.Layers {
		total.Duration += l.Duration
		total.Runs = max(total.Runs, l.Runs)
		total.MACs += l.MACs
		total.Bytes += l.Bytes
	}
	return total
}

// PeakShare is the layer's speed as a part of Peak, 1 at most in theory; 0 if
// Peak is not known.
func (p Profile) PeakShare(l LayerProfile) float64 {
	if p.Peak <= 0 {
		return 0
	}
	return l.GFLOPS() / p.Peak
}

// WriteTable prints a line for each layer: time of a run, share of the whole,
// speed, share of the peak and memory traffic.
func (p Profile) WriteTable(out io.Writer) error {
	total := p.Total()
	if _, err := fmt.Fprintf(out, "%s, %v kernels, %d runs\n", p.Name, p.Kernels, total.Runs); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "µs\t%\tGFLOP/s\t% of peak\tGB/s\top\t  layer\n")
	for _, l := range append(p.Layers[:len(p.Layers):len(p.Layers)], total) {
		peak, share := "", 0.0
		if p.Peak > 0 && l.MACs > 0 {
			peak = fmt.Sprintf("%.0f", 100*p.PeakShare(l))
		}
		if total.Duration > 0 {
			share = 100 * float64(l.Duration) / float64(total.Duration)
		}
		micros := float64(l.Duration.Nanoseconds()) / 1e3 / float64(max(l.Runs, 1))
		// The last cell is not followed by a tab, so it is not aligned: to the left.
		fmt.Fprintf(w, "%.1f\t%.1f\t%.1f\t%s\t%.1f\t%s\t  %s\n", micros, share, l.GFLOPS(), peak, l.GBytes(), l.Op, l.Name)
	}
	return w.Flush()
}
