package driver

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestTrainEnds runs programs that end in different ways, with and without
// having been asked to: only a status, and what was done already, is no error.
func TestTrainEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	for _, c := range []struct {
		script string
		asked  bool
		status int
		killed string
	}{
		{"exit 0", false, 0, ""},
		{"exit 3", false, 3, ""},
		{"kill -KILL $$", false, 0, "signal: killed"},
		{"cat; exit 0", true, 0, ""},
		{"cat; exit 1", true, 1, ""},
		{"cat; kill -INT $$", true, 0, "signal: interrupt"},
	} {
		p := &Program{dir: t.TempDir()}
		if err := os.WriteFile(p.binary(), []byte("#!/bin/sh\n"+c.script+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if c.asked {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		status, err := p.Train(ctx, "test")
		cancel()
		var killed *KilledError
		if errors.As(err, &killed) != (c.killed != "") || status != c.status {
			t.Errorf("%q: status %d, %v, want %d and %q", c.script, status, err, c.status, c.killed)
		}
		if killed != nil && (killed.Asked != c.asked || !strings.Contains(killed.Error(), c.killed)) {
			t.Errorf("%q: %v (asked: %v), want %q", c.script, killed, killed.Asked, c.killed)
		}
	}
}
