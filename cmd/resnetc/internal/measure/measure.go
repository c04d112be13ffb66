package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/reference"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/zoo"
)

// tolerance is how far the generated logits may lie from the reference's,
// relative to the largest; both are float32.
const tolerance = 1e-4

// Config is what to measure.
type Config struct {
	Batch   int    `json:"batch"`
	Threads int    `json:"threads"`
	Count   int    `json:"count"`   // timed runs of each
	Kernels string `json:"kernels"` // level, empty for the best
	Compare bool   `json:"-"`       // with the reference
}

func (c Config) String() string {
	return fmt.Sprintf("batch %d, %s", c.Batch, threads(c.Threads))
}

func threads(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}

// Result is what was measured.
type Result struct {
	Config
	FLOPs      int     `json:"flops"` // of one run, two per multiply-add
	Difference float64 `json:"difference"`
	Generated  Times   `json:"generated"`
	Reference  Times   `json:"reference"`
	Layers     []Layer `json:"layers"`
	Peak       float64 `json:"peak_gflops"` // 0 if unknown
}

// Times are the durations of the runs, sorted.
type Times []time.Duration

// Min is the shortest time, Median the middle one; 0 without any.
func (t Times) Min() time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[0]
}

// Median is the middle time, the mean of the two middle ones of an even number.
func (t Times) Median() time.Duration {
	n := len(t)
	if n == 0 {
		return 0
	}
	return (t[(n-1)/2] + t[n/2]) / 2
}

// Layer is one layer's mean time in the timed runs.
type Layer struct {
	Name      string        `json:"name"`
	Op        string        `json:"op"`
	Generated time.Duration `json:"generated"`
	Reference time.Duration `json:"reference"`
	FLOPs     int           `json:"flops"`
}

// Steps is how often Run calls step for a number of timed runs.
func Steps(count int) int { return count + 1 }

// Run measures one configuration of a graph after all passes and of the program
// made of it.
func Run(ctx context.Context, g *ir.Graph, p *driver.Program, c Config, step func()) (r Result, err error) {
	s, err := p.Start(ctx, driver.StartOptions{Threads: c.Threads, Kernels: c.Kernels})
	if err != nil {
		return r, err
	}
	defer func() { err = cmp.Or(err, s.Close()) }()
	c.Kernels = s.Network.Kernels
	r = Result{Config: c, FLOPs: 2 * g.MACs() * c.Batch}
	b := bench{session: s, layers: map[string]time.Duration{}}
	if err := b.prepare(g, &r); err != nil {
		return r, err
	}
	step()
	for range c.Count {
		if err := b.round(&r); err != nil {
			return r, err
		}
		step()
	}
	slices.Sort(r.Generated)
	slices.Sort(r.Reference)
	return r, b.profile(&r)
}

// bench is a measurement in progress.
type bench struct {
	session *driver.Session
	net     *reference.Net // nil if there is nothing to compare with
	in, out []float32
	layers  map[string]time.Duration // the reference's, summed over the rounds
}

// prepare runs both once and compares the results.
func (b *bench) prepare(g *ir.Graph, r *Result) (err error) {
	shape := slices.Clone(g.Inputs[0].Type.Shape)
	shape[0] = r.Batch
	b.in = zoo.FormulaTensor("input", shape, "")
	got, err := b.session.Run(b.in, r.Batch)
	if err != nil || !r.Compare {
		return err
	}
	if b.net, err = reference.New(g, r.Batch); err != nil {
		return err
	}
	b.out = make([]float32, len(got.Data))
	if err := b.runReference(r.Threads); err != nil {
		return err
	}
	r.Difference = difference(got.Data, b.out)
	if !(r.Difference <= tolerance) {
		return fmt.Errorf("generated logits are %.2g off the reference's, relative to the largest; want at most %.0g: this is a bug in resnetc, nothing was timed", r.Difference, tolerance)
	}
	return nil
}

// runReference runs it on a number of threads; gonum takes as many as the
// scheduler has.
func (b *bench) runReference(threads int) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	return b.net.Run(b.out, b.in)
}

// round times each once.
func (b *bench) round(r *Result) error {
	d, err := b.session.Repeat()
	if err != nil {
		return err
	}
	r.Generated = append(r.Generated, d)
	if b.net == nil {
		return nil
	}
	start := time.Now()
	if err := b.runReference(r.Threads); err != nil {
		return err
	}
	r.Reference = append(r.Reference, time.Since(start))
	for name, d := range b.net.Times() {
		b.layers[name] += d
	}
	return nil
}

// profile adds the layers.
func (b *bench) profile(r *Result) error {
	layers, peak, err := b.session.Profile()
	if err != nil {
		return err
	}
	r.Peak = peak
	for _, l := range layers {
		if l.Runs == 0 {
			return errors.New("the profile has no runs")
		}
		n := time.Duration(l.Runs)
		r.Layers = append(r.Layers, Layer{
			Name: l.Name, Op: l.Op, Generated: l.Time / n, FLOPs: l.FLOPs / l.Runs,
			Reference: b.layers[l.Name] / time.Duration(r.Count),
		})
	}
	return nil
}

// difference is the largest distance relative to the largest value of want;
// NaN if one of them is.
func difference(got, want []float32) float64 {
	var d, top float64
	for i := range want {
		d = math.Max(d, math.Abs(float64(got[i])-float64(want[i])))
		top = math.Max(top, math.Abs(float64(want[i])))
	}
	return d / top
}
