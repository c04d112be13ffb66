package measure

import (
	"context"
	"runtime"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/reference"
	"github.com/resnetc/resnetc/ir"
)

// generated is the generated package.
type generated struct{ *driver.Session }

func (g generated) Run(images []float32, n int) ([]float32, error) {
	v, err := g.Session.Run(images, n)
	return v.Data, err
}

func (g generated) Time(n int) ([]time.Duration, error) { return g.Repeat(n) }

func (g generated) Stats() (Stats, error) {
	s, err := g.Costs()
	return Stats{Startup: s.Startup, First: s.First, PeakRSS: s.PeakRSS}, err
}

// referenceTolerance is how far the generated logits may lie from the
// reference's; both are float32.
const referenceTolerance = 1e-4

// Own is another program of the same network, with the configuration's kernels,
// and with weights in half precision if half is set.
func Own(name string, p *driver.Program, half bool) Opponent {
	tolerance := 2 * referenceTolerance
	if half {
		tolerance = halfTolerance
	}
	return Opponent{
		Name: name, Own: true, Tolerance: tolerance,
		Start: func(ctx context.Context, c Config) (Engine, error) {
			s, err := p.Start(ctx, driver.StartOptions{Threads: c.Threads, Kernels: c.Kernels})
			return generated{s}, err
		},
	}
}

// Reference is package reference, on a graph after any pass.
func Reference(g *ir.Graph) Opponent {
	return Opponent{
		Name: "reference", Tolerance: referenceTolerance,
		Start: func(_ context.Context, c Config) (Engine, error) {
			net, err := reference.New(g, c.Batch)
			if err != nil {
				return nil, err
			}
			out := c.Batch * g.Outputs[0].Type.Shape.Elems()
			return &referenceEngine{net: net, threads: c.Threads, out: make([]float32, out), sums: map[string]time.Duration{}}, nil
		},
	}
}

// referenceEngine runs the reference in this process.
type referenceEngine struct {
	net     *reference.Net
	threads int
	in, out []float32
	sums    map[string]time.Duration // of the layers, over the timed runs
	runs    int
}

func (e *referenceEngine) Run(images []float32, _ int) ([]float32, error) {
	e.in = images
	return e.out, e.run()
}

// run runs on a number of threads; gonum takes as many as the scheduler has.
func (e *referenceEngine) run() error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(e.threads))
	return e.net.Run(e.out, e.in)
}

func (e *referenceEngine) Time(n int) ([]time.Duration, error) {
	if err := e.run(); err != nil {
		return nil, err
	}
	times := make([]time.Duration, n)
	for i := range times {
		start := time.Now()
		if err := e.run(); err != nil {
			return nil, err
		}
		times[i] = time.Since(start)
		e.runs++
		for name, d := range e.net.Times() {
			e.sums[name] += d
		}
	}
	return times, nil
}

// layers gives the mean time of each layer.
func (e *referenceEngine) layers() map[string]time.Duration {
	means := map[string]time.Duration{}
	for name, d := range e.sums {
		means[name] = d / time.Duration(e.runs)
	}
	return means
}

// Stats are not known: it runs in this process.
func (e *referenceEngine) Stats() (Stats, error) { return Stats{}, nil }

func (e *referenceEngine) Close() error { return nil }
