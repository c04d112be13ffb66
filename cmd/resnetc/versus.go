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

	"github.com/resnetc/resnetc/cmd/resnetc/internal/measure"
	"github.com/resnetc/resnetc/cmd/resnetc/peers"
	"github.com/resnetc/resnetc/cmd/resnetc/peers/onnxfile"
)

// peerNames are the engines that package peers knows.
var peerNames = []string{"onnxruntime", "openvino", "pytorch", "ncnn", "mnn"}

// peerTolerance is how far the logits of peers may be off: like ours they are
// float32, and some use Winograd's algorithm.
const peerTolerance = 1e-3

// opposition is what bench compares with.
type opposition struct {
	reference bool
	untuned   bool
	peers     []peers.Version
	dir       string // of the file that the peers load; "" for none
	program   *built // without -tune; nil for none
	update    peers.Update
}

// versus reads -vs.
func versus(ctx context.Context, c *cli.Command) (*opposition, error) {
	o := &opposition{}
	names := strings.Split(c.String("vs"), ",")
	known := append(append([]string{"reference", "untuned"}, peerNames...), "peers", "none")
	var wanted []string
	for _, name := range names {
		if err := oneOf("vs", name, known); err != nil {
			return nil, err
		}
		switch name {
		case "none":
			if len(names) > 1 {
				return nil, usagef("-vs %q: none goes with nothing else", c.String("vs"))
			}
		case "reference":
			o.reference = true
		case "untuned":
			if o.untuned = true; !c.IsSet("tune") {
				return nil, usagef("-vs untuned compares with what -tune changes, which is not given")
			}
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

// opponents makes them ready for the network, which no pass has changed yet; the
// reference runs it as it is when it starts.
func (o *opposition) opponents(ctx context.Context, c *cli.Command, net *network) (list []measure.Opponent, err error) {
	if o.reference {
		list = append(list, measure.Reference(net.graph))
	}
	if o.untuned {
		other := *net
		other.graph, other.untuned = net.graph.Clone(), true
		if o.program, err = other.buildProgram(ctx, c, ""); err != nil {
			return nil, err
		}
		list = append(list, measure.Program("untuned", o.program.Program))
	}
	if len(o.peers) == 0 {
		return list, nil
	}
	if o.dir, err = os.MkdirTemp("", "resnetc-"); err != nil {
		return nil, err
	}
	path := filepath.Join(o.dir, "model.onnx")
	if err := onnxfile.WriteFile(path, net.graph, 0); err != nil {
		return nil, err
	}
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

// peer is a peer as an engine that is measured.
type peer struct{ *peers.Peer }

func (p peer) Stats() (measure.Stats, error) {
	s, err := p.Peer.Stats()
	return measure.Stats{Startup: s.Startup, First: s.First, PeakRSS: s.PeakRSS, Variant: s.Variant}, err
}

// close removes what opponents wrote.
func (o *opposition) close() (err error) {
	if o.program != nil {
		err = o.program.Close()
	}
	if o.dir != "" {
		err = errors.Join(err, os.RemoveAll(o.dir))
	}
	return err
}
