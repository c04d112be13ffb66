package codegen

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo/golden"
)

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
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return run.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	}
	free, limited := peak(0), peak(limit)
	t.Logf("%d MiB, within a limit of %d MiB %d", free>>20, limit>>20, limited>>20)
	if limited > limit || free < limit {
		t.Errorf("the process has held %d bytes, want at most %d; without a limit %d, want more", limited, limit, free)
	}
}
