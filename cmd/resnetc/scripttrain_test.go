package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo/golden"
	"github.com/resnetc/resnetc/zoo/weights"
)

// cifar-data DIR N writes CIFAR-10's binary files with N pictures each, whose
// colours tell the classes apart, but for noise.
func cifarData(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	state := uint64(1)
	for _, name := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"} {
		var b []byte
		for i := range n {
			class := i % 10
			b = append(b, byte(class))
			for channel := range 3 {
				for range 32 * 32 {
					state = state*6364136223846793005 + 1442695040888963407
					b = append(b, byte(20*(class*(channel+1)%10)+int(state>>58)))
				}
			}
		}
		ts.Check(os.WriteFile(filepath.Join(dir, name+".bin"), b, 0o666))
	}
}

// idx-data DIR N writes MNIST's files with N pictures of 28×28 in each split,
// whose classes have a bright bar each, at another height.
func idxData(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	for _, split := range []string{"train", "t10k"} {
		images := []byte{0, 0, 8, 3, 0, 0, byte(n >> 8), byte(n), 0, 0, 0, 28, 0, 0, 0, 28}
		labels := []byte{0, 0, 8, 1, 0, 0, byte(n >> 8), byte(n)}
		for i := range n {
			labels = append(labels, byte(i%10))
			for p := range 28 * 28 {
				v := byte((p*p*7 + i*13) % 64)
				if y := p / 28; y/2 == i%10+2 {
					v += 160
				}
				images = append(images, v)
			}
		}
		ts.Check(os.WriteFile(filepath.Join(dir, split+"-images-idx3-ubyte"), images, 0o666))
		ts.Check(os.WriteFile(filepath.Join(dir, split+"-labels-idx1-ubyte"), labels, 0o666))
	}
}

// golden-train RUN MODEL compares the losses of a run, and the norms of the final
// weights, with PyTorch's of the formula's training.
func compareGoldenTrain(ts *testscript.TestScript, _ bool, args []string) {
	want, err := golden.LoadTraining(args[1])
	ts.Check(err)
	rows, err := runtime.ReadMetrics(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(rows) != want.Steps {
		ts.Fatalf("%d rows, want %d", len(rows), want.Steps)
	}
	for k, r := range rows {
		// What PyTorch's float32 is off, five times, is below 1e-4 here.
		if e := math.Abs(r.Loss-want.Losses[k]) / want.Losses[k]; !(e <= 1e-4) {
			ts.Fatalf("the loss of step %d is %v, want %v: off by %.2g", k, r.Loss, want.Losses[k], e)
		}
	}
	tensors, err := weights.Load(filepath.Join(ts.MkAbs(args[0]), "final.safetensors"))
	ts.Check(err)
	if len(tensors) != len(want.NormsAfter) {
		ts.Fatalf("%d tensors, want %d", len(tensors), len(want.NormsAfter))
	}
	for _, x := range tensors {
		sum := 0.0
		for _, v := range x.Data {
			sum += float64(v) * float64(v)
		}
		// A ReLU whose input is next to zero decides about thousandths.
		if e := math.Abs(math.Sqrt(sum)-want.NormsAfter[x.Name]) / want.NormsAfter[x.Name]; !(e <= 5e-3) {
			ts.Fatalf("the norm of %s is %v, want %v", x.Name, math.Sqrt(sum), want.NormsAfter[x.Name])
		}
	}
}

// same-metrics RUN RUN wants the same rows in both, but for how long they took.
func sameMetrics(ts *testscript.TestScript, _ bool, args []string) {
	var texts [2]string
	for i, dir := range args {
		rows, err := runtime.ReadMetrics(ts.MkAbs(dir))
		ts.Check(err)
		for j := range rows {
			rows[j].Rate = 0
		}
		text, err := json.Marshal(rows)
		ts.Check(err)
		texts[i] = string(text)
	}
	if texts[0] != texts[1] {
		ts.Fatalf("the metrics differ:\n%s\n%s", texts[0], texts[1])
	}
}

// same-accuracy RUN wants the accuracy of a run's last test in what eval has printed.
func sameAccuracy(ts *testscript.TestScript, _ bool, args []string) {
	rows, err := runtime.ReadMetrics(ts.MkAbs(args[0]))
	ts.Check(err)
	last := rows[len(rows)-1]
	if want := fmt.Sprintf("%.2f %%", 100*last.Accuracy); last.Kind != "test" || !strings.Contains(ts.ReadFile("stdout"), want) {
		ts.Fatalf("eval printed %q, want %s, as in %+v", ts.ReadFile("stdout"), want, last)
	}
}

// interrupt-train RUN SIGNAL COMMAND… runs a command that trains in RUN, and
// sends it a signal, INT or KILL, when there is a new checkpoint.  After INT it must
// exit with status 1 and have said how to go on.
func interruptTrain(ts *testscript.TestScript, _ bool, args []string) {
	run, signal := ts.MkAbs(args[0]), map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[1]]
	saved := func() int {
		names, _ := filepath.Glob(filepath.Join(run, "checkpoints", "step-*.json"))
		return len(names)
	}
	before := saved()
	var stderr strings.Builder
	cmd := exec.Command(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], args[2]), args[3:]...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), &stderr
	for _, name := range []string{"PATH", "TMPDIR", "HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }() // until the trainer has closed standard error too
	for sent := false; ; {
		select {
		case <-done:
			message := stderr.String()
			if !sent {
				ts.Fatalf("it ended before it was interrupted: %s", message)
			}
			if args[1] == "INT" && (cmd.ProcessState.ExitCode() != 1 || !strings.Contains(message, "which is saved; go on with: the same command")) {
				ts.Fatalf("%v, standard error %q; want exit status 1 and how to go on", cmd.ProcessState, message)
			}
			return
		case <-time.After(2 * time.Millisecond):
			if !sent && saved() > before {
				sent = true
				ts.Check(cmd.Process.Signal(signal))
			}
		}
	}
}
