package driver

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver/wire"
)

// Process is a running program that answers gob-encoded requests on its
// standard input, one at a time, on its standard output.
type Process struct {
	ctx    context.Context
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	enc    *gob.Encoder
	dec    *gob.Decoder
	stderr bytes.Buffer
}

// Launch starts the program with additions to the environment.  It runs until
// Close, or until ctx is done.
func (p *Program) Launch(ctx context.Context, env []string, args ...string) (*Process, error) {
	r := &Process{ctx: ctx, cmd: exec.CommandContext(ctx, p.binary(), args...)}
	r.cmd.Env = append(append(os.Environ(), env...), fmt.Sprintf("%s=%d", wire.StartedEnv, time.Now().UnixNano()))
	r.cmd.Stderr = &r.stderr
	stdin, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.stdin, r.enc, r.dec = stdin, gob.NewEncoder(stdin), gob.NewDecoder(stdout)
	return r, r.cmd.Start()
}

// Close ends the program.
func (r *Process) Close() error {
	r.stdin.Close()
	return r.cmd.Wait()
}

// Call sends a request and decodes the response.
func (r *Process) Call(request, response any) error {
	err := r.enc.Encode(request)
	if err == nil {
		err = r.dec.Decode(response)
	}
	switch {
	case err != nil && r.ctx.Err() != nil:
		return context.Cause(r.ctx)
	case err != nil:
		if exit := r.Close(); exit != nil { // and stderr is complete
			err = exit
		}
		// The rest of it, after a panic, is about goroutines.
		message, _, _ := bytes.Cut(r.stderr.Bytes(), []byte("\n"))
		return fmt.Errorf("the generated program died: %w: %s", err, message)
	}
	return nil
}
