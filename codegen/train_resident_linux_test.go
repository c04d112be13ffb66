package codegen

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo/golden"
)

// residentPeak is the most memory that a process has held so far; 0 if it is gone.
// What the system tells after its end counts what its parent held when it began.
func residentPeak(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	fmt.Sscan(rest, &kib)
	return kib << 10
}

// TestTrainResident wants a program that trains within a limit of memory, and saves
// after every step, to stay below it with all that its process holds.
func TestTrainResident(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a package: not with -short")
	}
	const batch, limit = 128, 130 << 20
	peak := func(memory int64) int64 {
		g := trainingGraph(t, &golden.Training{Model: "resnet20_cifar", Batch: batch, Input: []int{batch, 3, 32, 32}, Classes: 10, Momentum: 0.9})
		stored := g.Clone()
		if err := passes.Run(stored, passes.Options{StopAfter: "layout"}); err != nil {
			t.Fatal(err)
		}
		fixed, err := TrainMemory(stored, batch)
		if err != nil {
			t.Fatal(err)
		}
		if err := passes.Run(g, passes.Options{Batch: batch, Memory: memory, FixedMemory: fixed}); err != nil {
			t.Fatal(err)
		}
		files, err := GenerateTrain(g, Options{Package: "main"})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := files.Write(filepath.Join(dir, "prog")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/train\n\ngo 1.26\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		build := exec.Command("go", "build", "-o", "train.exe", "./prog")
		build.Dir = dir
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		run := exec.Command("./train.exe", "-data", "formula", "-batch", fmt.Sprint(batch), "-steps", "3", "-save-steps", "1", "-o", "run")
		run.Dir = dir
		var out bytes.Buffer
		run.Stdout, run.Stderr = &out, &out
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		most, ended := int64(0), make(chan error)
		go func() { ended <- run.Wait() }()
		for {
			select {
			case err := <-ended:
				if err != nil || most == 0 {
					t.Fatalf("%v\n%s", err, &out)
				}
				return most
			case <-time.After(5 * time.Millisecond):
				most = max(most, residentPeak(run.Process.Pid))
			}
		}
	}
	free, limited := peak(0), peak(limit)
	t.Logf("%d MiB, within a limit of %d MiB %d", free>>20, limit>>20, limited>>20)
	if limited > limit || free < limit {
		t.Errorf("the process has held %d bytes, want at most %d; without a limit %d, want more", limited, limit, free)
	}
}
