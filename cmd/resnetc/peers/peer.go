package peers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/atomicfile"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/npy"
)

// Peer is an engine that has loaded a model and runs it in a process of its
// own.  Its methods may be called by one goroutine at a time.
type Peer struct {
	ctx     context.Context
	name    string
	dir     string // its working folder, where arrays are exchanged
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  *tail
	closing sync.Once
	ended   error // how the process ended; set by wait
}

// grace is how long a process may take to end when it is asked to.
const grace = 5 * time.Second

// Start loads the ONNX file into the engine called name, to run batches of
// batch images with the given number of threads; [Available] lists the names.
// The process ends with ctx or [Peer.Close].
func Start(ctx context.Context, name, onnxPath string, batch, threads int) (*Peer, error) {
	return load(ctx, name, "run", onnxPath, batch, threads)
}

// load starts peers.py's command for the ONNX file, with more arguments.
func load(ctx context.Context, name, command, onnxPath string, batch, threads int, args ...string) (*Peer, error) {
	if batch < 1 || threads < 1 {
		return nil, fmt.Errorf("peers: batch %d and threads %d, want 1 or more", batch, threads)
	}
	if _, err := os.Stat(onnxPath); err != nil {
		return nil, fmt.Errorf("peers: the model: %w", err)
	}
	model, err := filepath.Abs(onnxPath)
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	python, err := usable(ctx, name)
	if err != nil {
		return nil, err
	}
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	args = append([]string{"-B", filepath.Join(dir, "peers.py"), command, name, model,
		"-batch", strconv.Itoa(batch), "-threads", strconv.Itoa(threads)}, args...)
	return start(ctx, name, dir, exec.CommandContext(ctx, python, args...))
}

// start runs cmd, which must obey the commands described in peers.py, in the
// folder dir, which is removed when it ends.
func start(ctx context.Context, name, dir string, cmd *exec.Cmd) (*Peer, error) {
	p := &Peer{ctx: ctx, name: name, dir: dir, cmd: cmd, stderr: &tail{}}
	cmd.Dir = dir
	cmd.Stderr = p.stderr
	// A process that does not end when asked, or leaves a child that holds its
	// pipes, must not hold up this one.
	cmd.WaitDelay = grace
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	cmd.Env = append(cmd.Environ(), "TMPDIR="+dir, fmt.Sprintf("RESNETC_PEER_STARTED_NS=%d", time.Now().UnixNano()))
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("peers: starting %s: %w", name, err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	if _, err := p.ask("load"); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// ask sends one command and returns the answer, without its "ok".
func (p *Peer) ask(command string) (string, error) {
	if _, err := fmt.Fprintln(p.in, command); err != nil {
		return "", p.gone(command, err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return "", p.gone(command, err)
	}
	line = strings.TrimSpace(line)
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "ok":
		return rest, nil
	case "error":
		return "", fmt.Errorf("peers: %s: %s: %s", p.name, command, rest)
	}
	return "", fmt.Errorf("peers: %s: %s: answered %q, want ok or error", p.name, command, line)
}

// gone is the error of a process that stopped answering.
func (p *Peer) gone(command string, err error) error {
	p.wait()
	switch {
	case p.ctx.Err() != nil:
		err = p.ctx.Err()
	case p.ended != nil:
		err = p.ended
	}
	text := fmt.Sprintf("peers: %s: %s: the process is gone", p.name, command)
	if last := p.stderr.String(); last != "" {
		return fmt.Errorf("%s: %w: %s", text, err, last)
	}
	return fmt.Errorf("%s: %w", text, err)
}

// wait closes the process's input, at whose end it ends, and waits for it.
// Later calls do nothing.
func (p *Peer) wait() {
	p.closing.Do(func() {
		p.in.Close()
		kill := time.AfterFunc(grace, func() { p.cmd.Process.Kill() })
		defer kill.Stop()
		p.ended = p.cmd.Wait()
	})
}

// Run answers n images, raw float32 [n,C,H,W], with the model's first output,
// [n,classes] flat.  They run in batches of the size given to [Start], the last
// one filled up with zeros.
func (p *Peer) Run(src []float32, n int) ([]float32, error) {
	if n < 1 || len(src) == 0 || len(src)%n != 0 {
		return nil, fmt.Errorf("peers: %s: %d elements are not %d images", p.name, len(src), n)
	}
	const in, out = "in.npy", "out.npy"
	if err := p.write(in, src); err != nil {
		return nil, err
	}
	answer, err := p.ask("check " + in + " " + out)
	if err != nil {
		return nil, err
	}
	if images, err := field(answer, "images"); err != nil {
		return nil, fmt.Errorf("peers: %s: check: %w", p.name, err)
	} else if images != int64(n) {
		return nil, fmt.Errorf("peers: %s: the %d elements are %d images of the model's size, not %d", p.name, len(src), images, n)
	}
	y, err := npy.ReadFile(filepath.Join(p.dir, out))
	if err != nil {
		return nil, fmt.Errorf("peers: %s's output: %w", p.name, err)
	}
	if len(y.Shape) != 2 || y.Shape[0] != n {
		return nil, fmt.Errorf("peers: %s's output has shape %v, want [%d, classes]", p.name, y.Shape, n)
	}
	return y.Data, nil
}

// write puts an array where the process finds it.
func (p *Peer) write(name string, data []float32) error {
	err := atomicfile.Write(filepath.Join(p.dir, name), func(w io.Writer) error {
		return npy.Write(w, npy.Array{Shape: []int{len(data)}, Data: data})
	})
	if err != nil {
		return fmt.Errorf("peers: %w", err)
	}
	return nil
}

// Time runs the batch n times and returns how long each run took, after one run
// that is not counted: whatever ran before has emptied the caches and let the
// engine's threads fall asleep.  Do the same for what you compare it with.
func (p *Peer) Time(n int) ([]time.Duration, error) {
	if n < 1 {
		return nil, fmt.Errorf("peers: %s: %d runs to time, want 1 or more", p.name, n)
	}
	answer, err := p.ask("time " + strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	words := strings.Fields(answer)
	if len(words) != n {
		return nil, fmt.Errorf("peers: %s: answered %d times, want %d", p.name, len(words), n)
	}
	times := make([]time.Duration, n)
	for i, w := range words {
		ns, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("peers: %s: answered %q, want nanoseconds", p.name, w)
		}
		times[i] = time.Duration(ns)
	}
	return times, nil
}

// Stats is what an engine costs besides its time per run.
type Stats struct {
	Startup time.Duration // from the start of its process until the model was ready, without Convert
	First   time.Duration // the first run
	Convert time.Duration // making the engine's own model file from ONNX
	PeakRSS int64         // bytes: the most memory its process has held so far
	Variant string        // which of its ways to run a network it uses, if it has several
}

// Stats reports the engine's costs so far.
func (p *Peer) Stats() (Stats, error) {
	answer, err := p.ask("stat")
	if err != nil {
		return Stats{}, err
	}
	var v [4]int64
	for i, name := range []string{"startup_ns", "first_ns", "convert_ns", "peak_rss_bytes"} {
		if v[i], err = field(answer, name); err != nil {
			return Stats{}, fmt.Errorf("peers: %s: stat: %w", p.name, err)
		}
	}
	return Stats{time.Duration(v[0]), time.Duration(v[1]), time.Duration(v[2]), v[3], word(answer, "variant")}, nil
}

// field finds name=number in an answer.
func field(answer, name string) (int64, error) {
	if text := word(answer, name); text != "" {
		return strconv.ParseInt(text, 10, 64)
	}
	return 0, fmt.Errorf("answered %q, want %s=…", answer, name)
}

// word finds name=word in an answer; "" if it is not there.
func word(answer, name string) string {
	for _, w := range strings.Fields(answer) {
		if text, ok := strings.CutPrefix(w, name+"="); ok {
			return text
		}
	}
	return ""
}

// Close ends the engine's process and removes its files.
func (p *Peer) Close() error {
	p.wait()
	return os.RemoveAll(p.dir)
}

// tail is a writer that keeps the last of what is written.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	t.buf = t.buf[max(0, len(t.buf)-800):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
