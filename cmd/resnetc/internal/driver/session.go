package driver

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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

// Session is a running program.  It serves one request at a time.
type Session struct {
	Network wire.Network

	ctx    context.Context
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	enc    *gob.Encoder
	dec    *gob.Decoder
	stderr bytes.Buffer
}

// Start starts the program.  It runs until Close, or until ctx is done.
func (p *Program) Start(ctx context.Context, o StartOptions) (*Session, error) {
	var args []string
	if p.weights != "" {
		args = append(args, "-weights", p.weights)
	}
	if o.Threads > 0 {
		args = append(args, "-threads", strconv.Itoa(o.Threads))
	}
	s := &Session{ctx: ctx, cmd: exec.CommandContext(ctx, p.binary(), args...)}
	s.cmd.Env = os.Environ()
	if o.Kernels != "" {
		s.cmd.Env = append(s.cmd.Env, "RESNETC_KERNELS="+o.Kernels)
	}
	s.cmd.Stderr = &s.stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.stdin, s.enc, s.dec = stdin, gob.NewEncoder(stdin), gob.NewDecoder(stdout)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	r, err := s.do(wire.Request{Op: wire.Describe})
	if err != nil {
		s.Close()
		return nil, err
	}
	s.Network = r.Network
	return s, nil
}

// Close ends the program.
func (s *Session) Close() error {
	s.stdin.Close()
	return s.cmd.Wait()
}

// do sends a request and waits for the response.
func (s *Session) do(q wire.Request) (wire.Response, error) {
	var r wire.Response
	err := s.enc.Encode(q)
	if err == nil {
		err = s.dec.Decode(&r)
	}
	switch {
	case err != nil && s.ctx.Err() != nil:
		return r, context.Cause(s.ctx)
	case err != nil:
		if exit := s.Close(); exit != nil { // and stderr is complete
			err = exit
		}
		// The rest of it, after a panic, is about goroutines.
		message, _, _ := bytes.Cut(s.stderr.Bytes(), []byte("\n"))
		return r, fmt.Errorf("the generated program died: %w: %s", err, message)
	case r.Error != "":
		return r, errors.New(r.Error)
	}
	return r, nil
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

// Repeat does the last Run again and tells how long it took.
func (s *Session) Repeat() (time.Duration, error) {
	r, err := s.do(wire.Request{Op: wire.Repeat})
	return r.Elapsed, err
}

// Profile gives the time of each layer over all repeats since the last Run, and
// the machine's peak in GFLOP/s, 0 if it is not known.
func (s *Session) Profile() ([]wire.Layer, float64, error) {
	r, err := s.do(wire.Request{Op: wire.Profile})
	return r.Layers, r.Peak, err
}

// Timing is how long the two steps of a classification took.
type Timing struct{ Preprocess, Inference time.Duration }

// Classify gives the k most probable classes of the picture in a file, and how
// long it takes if timed is set, which makes it take twice as long.
func (s *Session) Classify(path string, k int, timed bool) ([]wire.Prediction, Timing, error) {
	r, err := s.do(wire.Request{Op: wire.Classify, Path: path, K: k, Timed: timed})
	return r.Predictions, Timing{r.Preprocess, r.Elapsed}, err
}
