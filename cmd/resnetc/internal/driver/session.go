package driver

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver/wire"
)

// StartOptions choose how the network runs; the zero value leaves it all to
// the generated package.
type StartOptions struct {
	Threads int
	Kernels string // purego, neon, avx2 or avx512
}

// Session is a running network.  It serves one request at a time.
type Session struct {
	Network wire.Network

	process *Process
}

// Start starts the program.  It runs until Close, or until ctx is done.
func (p *Program) Start(ctx context.Context, o StartOptions) (*Session, error) {
	return p.start(ctx, o)
}

// start starts a program that answers wire's requests, with more arguments.
func (p *Program) start(ctx context.Context, o StartOptions, args ...string) (*Session, error) {
	var env []string
	if p.weights != "" {
		args = append(args, "-weights", p.weights)
	}
	if o.Threads > 0 {
		args = append(args, "-threads", strconv.Itoa(o.Threads))
	}
	if o.Kernels != "" {
		env = append(env, "RESNETC_KERNELS="+o.Kernels)
	}
	process, err := p.Launch(ctx, env, args...)
	if err != nil {
		return nil, err
	}
	s := &Session{process: process}
	r, err := s.do(wire.Request{Op: wire.Describe})
	if err != nil {
		s.Close()
		return nil, err
	}
	s.Network = r.Network
	return s, nil
}

// Close ends the program.
func (s *Session) Close() error { return s.process.Close() }

// do sends a request and waits for the response.
func (s *Session) do(q wire.Request) (wire.Response, error) {
	var r wire.Response
	err := s.process.Call(q, &r)
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	return r, err
}

// Values is what a run computes, and how long it took.
type Values struct {
	Data    []float32
	Elapsed time.Duration
}

// Run gives the logits of images, row-major N,C,H,W, with a workspace for
// batch of them.
func (s *Session) Run(images []float32, batch int) (Values, error) {
	r, err := s.do(wire.Request{Op: wire.Run, Images: images, Batch: batch})
	return Values{r.Values, r.Elapsed}, err
}

// Embed gives the features of images; otherwise it is like Run.
func (s *Session) Embed(images []float32, batch int) (Values, error) {
	r, err := s.do(wire.Request{Op: wire.Embed, Images: images, Batch: batch})
	return Values{r.Values, r.Elapsed}, err
}

// Repeat does the last Run again, once to warm up and then count times, and
// tells how long each of those took.
func (s *Session) Repeat(count int) ([]time.Duration, error) {
	r, err := s.do(wire.Request{Op: wire.Repeat, Count: count})
	return r.Times, err
}

// Costs tells what the program has cost so far.
func (s *Session) Costs() (wire.Costs, error) {
	r, err := s.do(wire.Request{Op: wire.Cost})
	return r.Costs, err
}

// Profile gives the times of each layer in all repeats since the last Run.
func (s *Session) Profile() ([]wire.Layer, error) {
	r, err := s.do(wire.Request{Op: wire.Profile})
	return r.Layers, err
}

// Machine measures what this machine can do with the session's threads and kernels.
func (s *Session) Machine() (wire.Machine, error) {
	r, err := s.do(wire.Request{Op: wire.Measure})
	return r.Machine, err
}

// Timing is how long the two steps of a classification took.
type Timing struct{ Preprocess, Inference time.Duration }

// Classify gives the k most probable classes of the picture in a file, and how
// long it takes if timed is set, which makes it take twice as long.
func (s *Session) Classify(path string, k int, timed bool) ([]wire.Prediction, Timing, error) {
	r, err := s.do(wire.Request{Op: wire.Classify, Path: path, K: k, Timed: timed})
	return r.Predictions, Timing{r.Preprocess, r.Elapsed}, err
}
