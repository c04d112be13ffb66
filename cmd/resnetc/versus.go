package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
	"github.com/resnetc/resnetc/cmd/resnetc/peers"
	"github.com/resnetc/resnetc/cmd/resnetc/peers/onnxfile"
)

// peerNames are the engines that package peers knows.
var peerNames = []string{"onnxruntime", "openvino", "pytorch", "ncnn", "mnn"}

// peerTolerance is how far the logits of peers may be off: like ours they are
// float32, and some use Winograd's algorithm.
const peerTolerance = 1e-3

// ownWays are packages of resnetc to compare with, made with other flags.
var ownWays = map[string]struct {
	mode, flag string
	given      bool // whether the flag has to be given; otherwise it must not be
	change     func(*network)
}{
	"untuned": {modeInfer, "tune", true, func(net *network) { net.untuned = true }},
	"f16":     {modeInfer, "weights-dtype", false, func(net *network) { net.half = true }},
	"fast":    {modeTrain, "fast", false, func(net *network) { net.fast = true }},
}

// opposition is what bench compares with.
type opposition struct {
	reference bool
	others    []string // of resnetc's own ways: ownWays
	peers     []peers.Version
	dir       string            // of the file that the peers load; "" for none
	programs  []*driver.Program // of others
	update    peers.Update
}

// versus reads -vs, for a mode.
func versus(ctx context.Context, c *cli.Command, mode string) (*opposition, error) {
	o := &opposition{}
	names := strings.Split(c.String("vs"), ",")
	known := slices.Concat([]string{"reference", "untuned", "f16"}, peerNames, []string{"peers", "none"})
	if mode == modeTrain {
		known = []string{"fast", "pytorch", "none"}
	}
	var wanted []string
	for _, name := range names {
		if err := oneOf("vs", name, known); err != nil {
			return nil, err
		}
		way, own := ownWays[name]
		switch {
		case name == "none":
			if len(names) > 1 {
				return nil, usagef("-vs %q: none goes with nothing else", c.String("vs"))
			}
		case name == "reference":
			o.reference = true
		case own:
			if c.IsSet(way.flag) != way.given {
				be := "leave that out"
				if way.given {
					be = "add that"
				}
				return nil, usagef("-vs %s compares with what -%s changes: %s", name, way.flag, be)
			}
			o.others = append(o.others, name)
		default:
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return o, nil
	}
	installed, err := peers.Versions(ctx)
	if err != nil {
		return nil, err
	}
	if slices.Contains(wanted, "peers") {
		if o.peers = installed; len(o.peers) == 0 {
			return nil, fmt.Errorf("-vs peers: %w: run cmd/resnetc/peers/setup.sh in resnetc's source", peers.ErrNoEnvironment)
		}
		return o, nil
	}
	for _, v := range installed {
		if slices.Contains(wanted, v.Name) {
			o.peers = append(o.peers, v)
			wanted = slices.DeleteFunc(wanted, func(name string) bool { return name == v.Name })
		}
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("-vs: %s is not installed: run cmd/resnetc/peers/setup.sh in resnetc's source, or name peers for those that are", strings.Join(wanted, ", "))
	}
	return o, nil
}

// onnxName is the file that the peers load.
const onnxName = "model.onnx"

// opponents makes them ready for the network, which no pass has changed yet; the
// reference runs it as it is when it starts.
func (o *opposition) opponents(ctx context.Context, c *cli.Command, net *network) (list []measure.Opponent, err error) {
	if o.reference {
		list = append(list, measure.Reference(net.graph))
	}
	for _, name := range o.others {
		other, err := o.other(ctx, c, net, name)
		if err != nil {
			return nil, err
		}
		list = append(list, other)
	}
	if len(o.peers) == 0 {
		return list, nil
	}
	if o.dir == "" { // one file serves all batches
		if o.dir, err = os.MkdirTemp("", "resnetc-"); err != nil {
			return nil, err
		}
		if err := onnxfile.WriteFile(filepath.Join(o.dir, onnxName), net.graph, 0); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(o.dir, onnxName)
	for _, v := range o.peers {
		list = append(list, measure.Opponent{
			Name: v.Name, Version: v.Version, Tolerance: peerTolerance,
			Start: func(ctx context.Context, c measure.Config) (measure.Engine, error) {
				p, err := peers.Start(ctx, v.Name, path, c.Batch, c.Threads)
				return peer{p}, err
			},
			StartTraining: func(ctx context.Context, c measure.Config) (measure.Trainer, error) {
				p, err := peers.StartTraining(ctx, v.Name, path, c.Batch, c.Threads, o.update)
				return peer{p}, err
			},
		})
	}
	return list, nil
}

// other builds one of ownWays.
func (o *opposition) other(ctx context.Context, c *cli.Command, net *network, name string) (other measure.Opponent, err error) {
	way, changed := ownWays[name], *net
	changed.graph = net.graph.Clone()
	way.change(&changed)
	var p *driver.Program
	if way.mode == modeTrain {
		if p, err = changed.buildTrainer(ctx, c); err != nil {
			return other, err
		}
		other = measure.OwnTrainer(name, p, parameters(net.graph))
	} else {
		b, err := changed.buildProgram(ctx, c, "")
		if err != nil {
			return other, err
		}
		p, other = b.Program, measure.Own(name, b.Program, changed.half)
	}
	o.programs = append(o.programs, p)
	return other, nil
}

// peer is a peer as an engine that is measured.
type peer struct{ *peers.Peer }

func (p peer) Stats() (measure.Stats, error) {
	s, err := p.Peer.Stats()
	return measure.Stats{Startup: s.Startup, First: s.First, PeakRSS: s.PeakRSS, Variant: s.Variant}, err
}

// close removes what opponents wrote.
func (o *opposition) close() (err error) {
	for _, p := range o.programs {
		err = errors.Join(err, p.Close())
	}
	if o.dir != "" {
		err = errors.Join(err, os.RemoveAll(o.dir))
	}
	return err
}
