package driver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestRemoveStale wants no folder removed but one of a process that is gone.
func TestRemoveStale(t *testing.T) {
	ended := exec.Command(os.Args[0], "-test.run=^$")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	left := fmt.Sprintf("resnetc-%d-1", ended.Process.Pid)
	running := fmt.Sprintf("resnetc-%d-1", os.Getpid())
	for _, name := range []string{left, running, "resnetc-peer-7", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "model"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	removeStale(dir, time.Now())
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 {
		t.Errorf("a new folder is removed: %v, %v", entries, err)
	}
	removeStale(dir, time.Now().Add(staleAfter+time.Hour))
	for _, name := range []string{left, running, "resnetc-peer-7", "other"} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err != nil) != (name == left) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
