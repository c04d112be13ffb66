package measure

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/zoo"
)

// Rate is the learning rate of timed steps: small, since the same batch comes
// again and again.
const Rate = 0.01

// Losses are compared over so many steps, each with a batch of its own.  The
// first shows that both compute the same network, the others that the gradients
// and updates agree; each update amplifies what roundings differ.
var lossTolerances = []float64{1e-4, 1e-2, 5e-2}

// trainer is the generated trainer.
type trainer struct{ driver.TrainSession }

func (t trainer) Step(images []float32, labels []int32) (float32, error) {
	return t.TrainSession.Step(images, labels, Rate)
}

func (t trainer) Time(n int) ([]time.Duration, error) { return t.Repeat(n) }

func (t trainer) Stats() (Stats, error) { return generated{t.Session}.Stats() }

// Parameter is what training begins with.
type Parameter struct {
	Name string
	Data []float32
}

// startTrainer starts a program that takes steps of the configuration, from the
// parameters.
func startTrainer(ctx context.Context, p *driver.Program, parameters []Parameter, c Config) (t trainer, err error) {
	s, err := p.StartTrainer(ctx, driver.StartOptions{Threads: c.Threads, Kernels: c.Kernels}, c.Batch)
	if err != nil {
		return t, err
	}
	for _, x := range parameters {
		if err := s.SetParameter(x.Name, x.Data); err != nil {
			return t, cmp.Or(err, s.Close())
		}
	}
	return trainer{s}, nil
}

// OwnTrainer is another program that trains the same network.
func OwnTrainer(name string, p *driver.Program, parameters []Parameter) Opponent {
	return Opponent{
		Name: name, Own: true,
		StartTraining: func(ctx context.Context, c Config) (Trainer, error) { return startTrainer(ctx, p, parameters, c) },
	}
}

// RunTraining measures steps of training: of the graph of one after all passes
// and of the program made of it, beginning with the parameters.  It calls step
// [Steps] times as it proceeds.
func RunTraining(ctx context.Context, g *ir.Graph, p *driver.Program, parameters []Parameter, c Config, step func()) (r Result, err error) {
	own, err := startTrainer(ctx, p, parameters, c)
	if err != nil {
		return r, err
	}
	trainers := []Trainer{own}
	defer func() { err = cmp.Or(err, closeAll(trainers)) }()
	r = newResult(g, own.Network, c)
	r.Mode = Train
	for _, o := range c.Versus {
		t, err := o.StartTraining(ctx, r.Config)
		if err != nil {
			return r, err
		}
		trainers = append(trainers, t)
	}
	if err := compareLosses(trainers, own.Network.InputShape, own.Network.Classes, &r); err != nil {
		return r, err
	}
	if err := timeAll(trainers, &r, step); err != nil {
		return r, err
	}
	costs, err := own.Costs()
	if err != nil {
		return r, err
	}
	r.Memory.Workspace = costs.Workspace
	return r, r.profileTraining(g, own.TrainSession)
}

// compareLosses takes the first steps.
func compareLosses(trainers []Trainer, in [3]int, classes int, r *Result) error {
	for k, tolerance := range lossTolerances {
		images := zoo.FormulaTensor(fmt.Sprintf("input/%d", k), []int{r.Batch, in[0], in[1], in[2]}, "")
		var labels []int32
		for _, l := range zoo.FormulaLabels(fmt.Sprintf("labels/%d", k), r.Batch, classes, "") {
			labels = append(labels, int32(l))
		}
		var own float64
		for i, t := range trainers {
			loss, err := t.Step(images, labels)
			if err != nil {
				return err
			}
			if i == 0 {
				own = float64(loss)
				continue
			}
			d := math.Abs(own-float64(loss)) / math.Abs(float64(loss))
			if !(d <= tolerance) {
				return fmt.Errorf("step %d: the generated trainer's loss is %v, that of %s %v: %.2g of it off, want at most %.0g: one of the two is wrong, nothing was timed", k, own, r.Versus[i-1].Name, loss, d, tolerance)
			}
			r.Engines[i].Difference = max(r.Engines[i].Difference, d)
		}
	}
	return nil
}

// profileTraining adds the rows of the step, whose graph is g, and what bounds them.
func (r *Result) profileTraining(g *ir.Graph, s driver.TrainSession) error {
	rows, err := s.Profile()
	if err != nil {
		return err
	}
	m, err := s.Machine()
	if err != nil {
		return err
	}
	r.Peak, r.Bandwidth = m.Peak, m.Bandwidth
	own := map[string]int{} // of Winograd's algorithms
	for _, n := range g.Nodes {
		if macs := ownMACs(n); macs != ir.MACs(n) {
			own[n.Name()] = 2 * r.Batch * macs
		}
	}
	for _, row := range rows {
		slices.Sort(row.Times)
		t := Times(row.Times)
		layer := Layer{
			Name: row.Name, Op: row.Op, Min: t.Min(), Median: t.Median(),
			Work: Work{FLOPs: 2 * row.MACs, OwnFLOPs: 2 * row.MACs, Bytes: row.Bytes},
		}
		if f := own[row.Name]; f > 0 && row.MACs > 0 { // not where only weights are packed
			layer.OwnFLOPs = f
		}
		layer.bound(m.Peak, m.Bandwidth)
		r.Layers = append(r.Layers, layer)
	}
	return nil
}
