package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
)

// contest is a network compiled for runs of some number of images, and what it is
// compared with.
type contest struct {
	*built
	net       *network
	opponents []measure.Opponent
}

// contests are those of bench, by the number of images.
type contests map[int]contest

// newContests compiles the network for each configuration's batch, or for what
// -for-batch says.  What it gives is to be closed, with an error too.
func newContests(ctx context.Context, c *cli.Command, v *opposition, net *network, configs []measure.Config) (contests, error) {
	all := contests{}
	for i := range configs {
		batch := configs[i].Batch
		if c.IsSet("for-batch") {
			batch = c.Int("for-batch")
		}
		configs[i].ForBatch = batch
		if _, ok := all[batch]; ok {
			continue
		}
		one := *net
		one.graph, one.batch = net.graph.Clone(), batch
		opponents, err := v.opponents(ctx, c, &one)
		if err != nil {
			return all, err
		}
		p, err := one.buildProgram(ctx, c, "")
		if err != nil {
			return all, err
		}
		all[batch] = contest{p, &one, opponents}
	}
	return all, nil
}

// measure measures one configuration.
func (all contests) measure(ctx context.Context, config measure.Config, step func()) (measure.Result, error) {
	one := all[config.ForBatch]
	config.Versus, config.HalfWeights, config.WeightBytes = one.opponents, one.net.half, one.weightBytes
	return measure.Run(ctx, one.net.graph, one.Program, config, step)
}

func (all contests) close() (err error) {
	for _, one := range all {
		err = errors.Join(err, one.Close())
	}
	return err
}
