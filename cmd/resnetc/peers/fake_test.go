package peers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/npy"
)

const fakeEnv = "RESNETC_TEST_FAKE_PEER"

// TestMain lets the test binary play the engine's process, so that the protocol
// is tested where no engine is installed.
func TestMain(m *testing.M) {
	if mode := os.Getenv(fakeEnv); mode != "" {
		fake(mode)
		return
	}
	os.Exit(m.Run())
}

// fake obeys the commands for a model whose images have 3 elements and whose
// answer is their sum; mode says what it does wrong.
func fake(mode string) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case mode == "mute":
			time.Sleep(time.Minute)
		case mode == "crash" && words[0] == "time":
			fmt.Fprintln(os.Stderr, "illegal instruction")
			os.Exit(3)
		case mode == "babble" && words[0] != "load":
			fmt.Println("ok nonsense")
		case mode == "chatter" && words[0] != "load":
			fmt.Println("warming up")
		case mode == "refuse":
			fmt.Println("error no such operator: Foo")
		case words[0] == "load":
			fmt.Println("ok load_ns=1")
		case words[0] == "check":
			x, err := npy.ReadFile(words[1])
			if err != nil {
				fmt.Println("error", err)
				continue
			}
			var y npy.Array
			for i := 0; i+3 <= len(x.Data); i += 3 {
				y.Data = append(y.Data, x.Data[i]+x.Data[i+1]+x.Data[i+2])
			}
			y.Shape = []int{len(y.Data), 1}
			var b bytes.Buffer
			npy.Write(&b, y)
			os.WriteFile(words[2], b.Bytes(), 0o600)
			fmt.Printf("ok images=%d\n", len(y.Data))
		case words[0] == "time":
			fmt.Println("ok 1000 2000 3000")
		case words[0] == "stat":
			fmt.Println("ok startup_ns=5 first_ns=6 convert_ns=7 peak_rss_bytes=8")
		}
	}
}

func startFake(t *testing.T, ctx context.Context, mode string) (*Peer, error) {
	t.Helper()
	t.Setenv(fakeEnv, mode)
	dir := t.TempDir()
	p, err := start(ctx, "fake", dir, exec.CommandContext(ctx, os.Args[0]))
	if p != nil {
		t.Cleanup(func() { p.Close() })
	}
	return p, err
}

func mustStartFake(t *testing.T, mode string) *Peer {
	t.Helper()
	p, err := startFake(t, t.Context(), mode)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProtocol(t *testing.T) {
	p := mustStartFake(t, "obey")
	y, err := p.Run([]float32{1, 2, 3, 4, 5, 6}, 2)
	if err != nil || !slices.Equal(y, []float32{6, 15}) {
		t.Errorf("Run: %v, %v, want [6 15]", y, err)
	}
	times, err := p.Time(3)
	if want := []time.Duration{1000, 2000, 3000}; err != nil || !slices.Equal(times, want) {
		t.Errorf("Time: %v, %v, want %v", times, err, want)
	}
	stats, err := p.Stats()
	if want := (Stats{Startup: 5, First: 6, Convert: 7, PeakRSS: 8}); err != nil || stats != want {
		t.Errorf("Stats: %+v, %v, want %+v", stats, err, want)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(p.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Close left %s: %v", p.dir, err)
	}
	if _, err := p.Time(3); err == nil {
		t.Error("Time after Close: no error")
	}
	if err := p.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestProtocolErrors(t *testing.T) {
	timeOnce := func(p *Peer) error { _, err := p.Time(3); return err }
	for _, c := range []struct {
		mode string
		call func(*Peer) error
		want string
	}{
		{"crash", timeOnce, "peers: fake: time 3: the process is gone: exit status 3: illegal instruction"},
		{"babble", timeOnce, "answered 1 times, want 3"},
		{"babble", func(p *Peer) error { _, err := p.Stats(); return err }, "want startup_ns=…"},
		{"babble", func(p *Peer) error { _, err := p.Run(make([]float32, 3), 1); return err }, "want images=…"},
		{"chatter", timeOnce, `answered "warming up", want ok or error`},
		{"obey", func(p *Peer) error { _, err := p.Time(0); return err }, "0 runs to time"},
		{"obey", func(p *Peer) error { _, err := p.Time(4); return err }, "answered 3 times, want 4"},
		{"obey", func(p *Peer) error { _, err := p.Run(make([]float32, 7), 2); return err }, "7 elements are not 2 images"},
		{"obey", func(p *Peer) error { _, err := p.Run(make([]float32, 12), 2); return err }, "the 12 elements are 4 images"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			err := c.call(mustStartFake(t, c.mode))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestRefusedModel(t *testing.T) {
	p, err := startFake(t, t.Context(), "refuse")
	if err == nil || !strings.Contains(err.Error(), "peers: fake: load: no such operator: Foo") {
		t.Errorf("error %v", err)
	}
	if p != nil {
		t.Error("a peer that did not load is given back")
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := startFake(t, ctx, "mute"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestNoEnvironment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	t.Setenv("RESNETC_PEERS", dir)
	model := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(model, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), "onnxruntime", model, 1, 1)
	if !errors.Is(err, ErrNoEnvironment) || !strings.Contains(err.Error(), "setup.sh") || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want one that names setup.sh and %s", err, dir)
	}
	if got := Available(); len(got) != 0 {
		t.Errorf("available: %v, want none", got)
	}
}

func TestStartErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.onnx")
	if _, err := Start(t.Context(), "onnxruntime", missing, 1, 1); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("a missing model: %v", err)
	}
	if _, err := Start(t.Context(), "onnxruntime", missing, 0, 1); err == nil || !strings.Contains(err.Error(), "batch 0") {
		t.Errorf("batch 0: %v", err)
	}
}
