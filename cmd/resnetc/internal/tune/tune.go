package tune

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

const (
	// sieveRounds is how often every candidate runs, finalRounds how often the
	// best of them do, and finalists how many those are.
	sieveRounds = 2
	finalRounds = 6
	finalists   = 5
	// clearly is what part of the time of the cost model's choice another must
	// take to be taken instead: less of a difference may be chance.
	clearly = 0.98
)

// Tuner tunes a network.
type Tuner struct {
	// Settings are those of the tuner's times.
	Settings Settings

	timer  timer
	net    network
	layers []layer
}

// timer is a [Bench].
type timer interface {
	// time times the programs in turn, for so many rounds.
	time(programs []*runtime.Program, batch, rounds int) ([]time.Duration, error)
}

// layer is one of the network's distinct convolutions.
type layer struct {
	key    string
	count  int           // how often the network has it
	chosen passes.Choice // by the cost model
	others []passes.Choice
}

// New makes a tuner of a graph before any pass, whose parameters need no data,
// for runs of o.Batch images, at least 1.  The other options are Exact and HalfWeights.
func New(b *Bench, g *ir.Graph, o passes.Options) (*Tuner, error) {
	s := SettingsOf(g, o)
	s.CPU, s.Kernels, s.Threads, s.Code = CPU(), b.Level, strconv.Itoa(b.Threads), b.Code
	return newTuner(b, s, g, o)
}

// SettingsOf are the settings that a graph and options for its passes make, not
// the machine.
func SettingsOf(g *ir.Graph, o passes.Options) Settings {
	s := Settings{Network: g.Name, Batch: strconv.Itoa(max(1, o.Batch)), Weights: "f32", Exact: "no"}
	if o.HalfWeights {
		s.Weights = "f16"
	}
	if o.Exact {
		s.Exact = "yes"
	}
	return s
}

func newTuner(b timer, s Settings, g *ir.Graph, o passes.Options) (*Tuner, error) {
	t := &Tuner{Settings: s, timer: b, net: network{graph: g.Clone(), options: o}}
	for _, p := range t.net.graph.Params {
		p.Data = nil // passes are quicker without
	}
	lowered, err := t.net.lower(nil)
	if err != nil {
		return nil, err
	}
	fresh := t.net.graph.Clone() // as the pass sees it that chooses
	o.StopAfter = "choose-algorithm"
	if err := passes.Run(fresh, o); err != nil {
		return nil, err
	}
	algorithms := map[string][]string{}
	for _, n := range fresh.Nodes {
		if n.Op == ir.Conv2D {
			algorithms[passes.ConvKey(n)] = passes.Algorithms(n, o)
		}
	}
	t.net.arena = 4 * lowered.Arena * o.Batch
	for _, n := range lowered.Nodes {
		if n.Op != ir.Conv2D {
			continue
		}
		_, weights, err := codegen.Convolution(n, o.HalfWeights)
		if err != nil {
			return nil, err
		}
		t.net.weights += 4 * weights
		key := passes.ConvKey(n)
		if i := slices.IndexFunc(t.layers, func(l layer) bool { return l.key == key }); i >= 0 {
			t.layers[i].count++
			continue
		}
		l := layer{key: key, count: 1}
		if l.chosen, err = chosen(n, s.Kernels, o.HalfWeights, o.Batch); err != nil {
			return nil, err
		}
		for _, c := range candidates(n, algorithms[key], s.Kernels, o.Batch) {
			if c != l.chosen {
				l.others = append(l.others, c)
			}
		}
		t.layers = append(t.layers, l)
	}
	return t, nil
}

// Check reports why the times in f cannot stand beside new ones.
func (t *Tuner) Check(f *File) error {
	for i, s := range f.fields() {
		now := *t.Settings.fields()[i].value
		if *s.value == "" {
			return fmt.Errorf("%s does not say with which %s it was measured, this is %q: remove it, or write to another file with -o", f.Path, s.name, now)
		}
		if *s.value != now {
			return fmt.Errorf("%s was measured with %s %q, this is %q: remove it, or write to another file with -o", f.Path, s.name, *s.value, now)
		}
	}
	for _, l := range f.Lines {
		if !slices.ContainsFunc(t.layers, func(x layer) bool { return x.key == l.Key }) {
			return fmt.Errorf("%s:%d: %s has no convolution %s", f.Path, l.Number, t.net.graph.Name, l.Key)
		}
	}
	return nil
}

// Steps is how often Run calls step if f is what is known already.
func (t *Tuner) Steps(f *File) int {
	n := 0
	for _, l := range t.layers {
		if f.Line(l.key) == nil {
			n += len(l.others) + 2
		}
	}
	return n
}

// Run times the convolutions that f has no line for, and adds lines in the
// order of the network.  It calls step before each measurement, and save after
// each new line, when f can be written.
func (t *Tuner) Run(ctx context.Context, f *File, step func(what string), save func(*Line) error) error {
	var lines []Line // those of f, then of the network's order as far as it is done
	rest := slices.Clone(f.Lines)
	for i := range t.layers {
		l := &t.layers[i]
		rest = slices.DeleteFunc(rest, func(x Line) bool { return x.Key == l.key })
		if known := f.Line(l.key); known != nil {
			lines = append(lines, *known)
			continue
		}
		line, err := t.tune(ctx, l, step)
		if err != nil {
			return fmt.Errorf("%s: %w", l.key, err)
		}
		lines = append(lines, line)
		f.Lines = slices.Concat(lines, rest)
		if err := save(&line); err != nil {
			return err
		}
	}
	return nil
}

// timing is a candidate and its time.
type timing struct {
	passes.Choice
	time    time.Duration
	program *runtime.Program
}

// tune finds the best way to compute one convolution.
func (t *Tuner) tune(ctx context.Context, l *layer, step func(string)) (Line, error) {
	model, err := t.sieve(ctx, l, l.chosen, step)
	if err != nil {
		return Line{}, err
	}
	var list []timing
	for _, c := range l.others {
		one, err := t.sieve(ctx, l, c, step)
		if err != nil {
			return Line{}, err
		}
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b timing) int { return cmp.Compare(a.time, b.time) })
	list = append([]timing{model}, list[:min(finalists, len(list))]...)
	step(l.key)
	programs := make([]*runtime.Program, len(list))
	for i := range list {
		programs[i] = list[i].program
	}
	times, err := t.timer.time(programs, t.net.options.Batch, finalRounds)
	if err != nil {
		return Line{}, err
	}
	best := 0
	for i := range list {
		if times[i] < times[best] {
			best = i
		}
	}
	if float64(times[best]) > clearly*float64(times[0]) {
		best = 0
	}
	return Line{Key: l.key, Choice: list[best].Choice, Time: times[best], Model: l.chosen, ModelTime: times[0]}, nil
}

// sieve times one candidate briefly.
func (t *Tuner) sieve(ctx context.Context, l *layer, c passes.Choice, step func(string)) (timing, error) {
	if err := ctx.Err(); err != nil {
		return timing{}, err
	}
	step(l.key + " " + c.Algorithm + " " + c.Schedule)
	p, err := t.net.program(l.key, c)
	if err != nil {
		return timing{}, err
	}
	times, err := t.timer.time([]*runtime.Program{p}, t.net.options.Batch, sieveRounds)
	if err != nil {
		return timing{}, err
	}
	return timing{c, times[0], p}, nil
}

// Sum adds up the times of the network's convolutions, as tuned and as the cost
// model would have them; convolutions counts them, those that are alike too.
func (t *Tuner) Sum(f *File) (tuned, model time.Duration, convolutions int) {
	for _, l := range t.layers {
		line := f.Line(l.key)
		if line == nil {
			continue
		}
		convolutions += l.count
		tuned += line.Time * time.Duration(l.count)
		model += line.ModelTime * time.Duration(l.count)
	}
	return tuned, model, convolutions
}
