package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver/wire"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo"
)

// Config is what to measure.
type Config struct {
	Batch   int `json:"batch"`
	Threads int `json:"threads"`
	Count   int `json:"count"` // timed runs of each engine, at least
	// Time is how long to go on with timed runs, after the count as well.
	Time    time.Duration `json:"time_ns,omitempty"`
	Kernels string        `json:"kernels"` // level, empty for the best
	// ForBatch is the number of images for which algorithms were chosen.
	ForBatch int `json:"for_batch,omitempty"`
	// HalfWeights says that the program stores weights as halves.
	HalfWeights bool `json:"half_weights,omitempty"`

	WeightBytes int        `json:"-"` // of the packed weights
	Versus      []Opponent `json:"-"`
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

func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// Opponent is an engine to compare with.
type Opponent struct {
	Name    string
	Version string // "" if it has none
	Own     bool   // whether it is a generated package too
	// Tolerance is how far its logits may lie from the generated package's,
	// relative to the largest.
	Tolerance float64
	// Start makes it ready to run batches of the configuration.
	Start func(context.Context, Config) (Engine, error)
	// StartTraining makes it ready for steps of the configuration; nil if it
	// does not train.
	StartTraining func(context.Context, Config) (Trainer, error)
}

// Timed is what can be timed.
type Timed interface {
	// Time runs a batch, or takes a step with the last one, once without and n
	// times with a clock.
	Time(n int) ([]time.Duration, error)
	// Stats tells what the engine has cost besides that.
	Stats() (Stats, error)
	Close() error
}

// Engine is something that runs the network.
type Engine interface {
	Timed
	// Run gives the logits of n images, row-major N,C,H,W.
	Run(images []float32, n int) ([]float32, error)
}

// Trainer is something that trains the network.
type Trainer interface {
	Timed
	// Step takes a step with a batch of images, row-major N,C,H,W, and gives
	// the loss before it.
	Step(images []float32, labels []int32) (float32, error)
}

// Stats is what an engine costs besides its time; what is not known is zero.
type Stats struct {
	Startup time.Duration `json:"startup_ns,omitempty"`     // from the start of its process until it could run
	First   time.Duration `json:"first_ns,omitempty"`       // the first run, of one batch
	PeakRSS int64         `json:"peak_rss_bytes,omitempty"` // the most memory that its process has held
	Variant string        `json:"variant,omitempty"`        // which of its ways to run a network it has chosen
}

// FirstAnswer is the time from the start of the process to the first result.
func (s Stats) FirstAnswer() time.Duration { return s.Startup + s.First }

// Train is the [Result.Mode] of steps of training; that of inference is empty.
const Train = "train"

// Result is what was measured.
type Result struct {
	Network string `json:"network"`
	Mode    string `json:"mode,omitempty"`
	Input   string `json:"input"` // channels×height×width
	Config
	Origin
	FLOPs     int      `json:"flops"` // of one run as the network defines it, two per multiply-add
	Memory    Memory   `json:"memory"`
	Engines   []Timing `json:"engines"`        // the generated package first
	Peak      float64  `json:"peak_gflops"`    // of the threads; 0 if unknown
	Bandwidth float64  `json:"bandwidth_gb_s"` // of the threads
	Layers    []Layer  `json:"layers"`
}

// Origin tells where figures come from.
type Origin struct {
	CPU     string `json:"cpu"`
	Go      string `json:"go"`      // version that the generated package was built with
	Resnetc string `json:"resnetc"` // its version
	Command string `json:"command"`
}

// Memory is what the generated package plans to use, in bytes.
type Memory struct {
	Weights   int `json:"weights"`   // packed
	Workspace int `json:"workspace"` // all of it
	Arena     int `json:"arena"`     // of the activations of one image
	LiveSet   int `json:"live_set"`  // the largest set of them that live at the same time
}

// Timing is how long an engine's runs took.
type Timing struct {
	Stats
	Engine     string        `json:"engine"`
	Version    string        `json:"version,omitempty"`
	Own        bool          `json:"own,omitempty"` // whether it is another generated package
	Difference float64       `json:"difference"`    // from the generated package's logits, relative to the largest, or from its losses
	Min        time.Duration `json:"min_ns"`
	Median     time.Duration `json:"median_ns"`
	Times      Times         `json:"times_ns"` // sorted
}

// Times are durations, sorted.
type Times []time.Duration

// Min is the shortest time; 0 without any.
func (t Times) Min() time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[0]
}

// Median is the middle time, the mean of the two middle ones of an even number;
// 0 without any.
func (t Times) Median() time.Duration {
	n := len(t)
	if n == 0 {
		return 0
	}
	return (t[(n-1)/2] + t[n/2]) / 2
}

// Fastest is the opponent with the shortest median, one that is no generated
// package if there is any; nil without opponents.
func (r *Result) Fastest() *Timing {
	var best *Timing
	for i := range r.Engines[1:] {
		if t := &r.Engines[1+i]; best == nil || best.Own && !t.Own || best.Own == t.Own && t.Median < best.Median {
			best = t
		}
	}
	return best
}

// Run measures one configuration of a graph after all passes and of the program
// made of it.  It calls step [Steps] times as it proceeds.
func Run(ctx context.Context, g *ir.Graph, p *driver.Program, c Config, step func()) (r Result, err error) {
	s, err := p.Start(ctx, driver.StartOptions{Threads: c.Threads, Kernels: c.Kernels})
	if err != nil {
		return r, err
	}
	engines := []Engine{generated{s}}
	defer func() { err = cmp.Or(err, closeAll(engines)) }()
	r = newResult(g, s.Network, c)
	for _, o := range c.Versus {
		e, err := o.Start(ctx, r.Config)
		if err != nil {
			return r, err
		}
		engines = append(engines, e)
	}
	if err := compare(g, engines, &r); err != nil {
		return r, err
	}
	if err := timeAll(engines, &r, step); err != nil {
		return r, err
	}
	costs, err := s.Costs()
	if err != nil {
		return r, err
	}
	plan := passes.Report(g)
	r.Memory = Memory{Weights: c.WeightBytes, Workspace: costs.Workspace, Arena: 4 * plan.Arena, LiveSet: 4 * plan.LowerBound}
	return r, r.profile(g, s, engines)
}

// newResult is the result of a configuration before anything is timed, with what
// the running program tells of itself.
func newResult(g *ir.Graph, n wire.Network, c Config) Result {
	c.Kernels = n.Kernels
	in := n.InputShape
	r := Result{Network: g.Name, Input: fmt.Sprintf("%d×%d×%d", in[0], in[1], in[2]), Config: c, Origin: Origin{Go: n.Go}, FLOPs: 2 * g.MACs() * c.Batch}
	version := c.Kernels
	if c.HalfWeights {
		version += " f16"
	}
	r.Engines = []Timing{{Engine: "resnetc", Version: version}}
	for _, o := range c.Versus {
		r.Engines = append(r.Engines, Timing{Engine: o.Name, Version: o.Version, Own: o.Own})
	}
	return r
}

// timeAll times the engines of a result in turn, and asks what else they cost.
func timeAll[E Timed](engines []E, r *Result, step func()) (err error) {
	if err := takeTurns(engines, r.Engines, r.Config, step); err != nil {
		return err
	}
	for i, e := range engines {
		if r.Engines[i].Stats, err = e.Stats(); err != nil {
			return err
		}
	}
	return nil
}

// closeAll closes the engines and gives the first error.
func closeAll[E Timed](engines []E) (err error) {
	for _, e := range engines {
		err = cmp.Or(err, e.Close())
	}
	return err
}

// halfTolerance is for half-precision weights in place of a smaller tolerance:
// each of them is up to 2^-11 of itself off, which comes to 1e-4 to 1e-3 in logits.
const halfTolerance = 1e-2

// compare runs the same images through all engines.
func compare(g *ir.Graph, engines []Engine, r *Result) error {
	shape := slices.Clone(g.Inputs[0].Type.Shape)
	shape[0] = r.Batch
	in := zoo.FormulaTensor("input", shape, "")
	got, err := engines[0].Run(in, r.Batch)
	if err != nil {
		return err
	}
	for i, e := range engines[1:] {
		want, err := e.Run(in, r.Batch)
		if err != nil {
			return err
		}
		o, t := r.Versus[i], &r.Engines[1+i]
		if len(got) != len(want) {
			return fmt.Errorf("%s gives %d logits, but the generated package %d: nothing was timed", o.Name, len(want), len(got))
		}
		t.Difference = difference(got, want)
		tolerance := o.Tolerance
		if r.HalfWeights {
			tolerance = max(tolerance, halfTolerance)
		}
		if !(t.Difference <= tolerance) {
			return fmt.Errorf("generated logits are %.2g off those of %s, relative to the largest; want at most %.0g: one of the two is wrong, nothing was timed", t.Difference, o.Name, tolerance)
		}
	}
	return nil
}

// profile adds the layers and what bounds them.
func (r *Result) profile(g *ir.Graph, s *driver.Session, engines []Engine) error {
	layers, err := s.Profile()
	if err != nil {
		return err
	}
	m, err := s.Machine()
	if err != nil {
		return err
	}
	r.Peak, r.Bandwidth = m.Peak, m.Bandwidth
	reference := map[string]time.Duration{}
	for _, e := range engines {
		if e, ok := e.(*referenceEngine); ok {
			reference = e.layers()
		}
	}
	work := workOf(g, r.Batch, r.HalfWeights)
	for _, l := range layers {
		if len(l.Times) == 0 {
			return errors.New("the profile has no runs")
		}
		slices.Sort(l.Times)
		t := Times(l.Times)
		layer := Layer{Name: l.Name, Op: l.Op, Work: work[l.Name], Min: t.Min(), Median: t.Median(), Reference: reference[l.Name]}
		layer.bound(m.Peak, m.Bandwidth)
		r.Layers = append(r.Layers, layer)
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
