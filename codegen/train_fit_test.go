package codegen

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
)

// fitProgram is the main of a program that trains on CIFAR-10's files with the
// kernels and the number of threads of its arguments, into the folder of its
// last one.  It goes on with a run that it finds there.
const fitProgram = `package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"

	net "example.com/train/net"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "levels" {
		for _, l := range net.Levels() {
			fmt.Println(l)
		}
		return
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(what, threads, dir string) error {
	n, err := strconv.Atoi(threads)
	if err != nil {
		return err
	}
	t, err := net.New(4, net.WithThreads(n))
	if err != nil {
		return err
	}
	data, err := net.OpenDataset("cifar", "train", net.PictureOptions{})
	if err != nil {
		return err
	}
	o := net.FitOptions{
		Dir: dir, Steps: 20, Seed: 3, Resume: "auto", SaveSteps: 1, EMA: 0.9, Augment: net.CIFARAugment(),
		Schedule:   net.Schedule{Kind: "cosine", LR: 0.002, Total: 20, Warmup: 5},
		Preprocess: net.Preprocess{Std: [3]float32{0.25, 0.25, 0.25}},
	}
	t.Initialize(o.Seed)
	switch what {
	case "rate": // that no network survives
		o.Schedule = net.Schedule{Kind: "constant", LR: 1e30}
	case "weight": // that is not a number
		for _, p := range t.Parameters() {
			if p.Name == "layer2.0.conv1.weight" {
				p.Data[7] /= 0 * p.Data[7]
				if err := t.SetParameter(p.Name, p.Data); err != nil {
					return err
				}
			}
		}
	case "allocate":
		o.SaveSteps, o.Steps = 1000, 80
		c := &counting{Trainer: t}
		_, err := net.Fit(context.Background(), c, data, o)
		fmt.Println(c.last - c.first)
		return err
	}
	_, err = net.Fit(context.Background(), t, data, o)
	return err
}

// counting notes how much has been allocated before the 20th step and before the last.
type counting struct {
	*net.Trainer
	first, last uint64
}

func (c *counting) Step(images []float32, labels []int32, rate float32) (float32, error) {
	var s runtime.MemStats
	if n := c.Steps(); n == 20 || n == 79 {
		runtime.ReadMemStats(&s)
		c.first, c.last = c.last, s.Mallocs
	}
	return c.Trainer.Step(images, labels, rate)
}
`

// TestTrainFit trains with a generated package, with dropout, stochastic depth,
// AdamW and averages of the weights: the run is the same to the last bit with
// any number of threads, and if it is killed and goes on with another number;
// its steps allocate nothing; and one that diverges names the layer.
func TestTrainFit(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a package: not with -short")
	}
	dir := t.TempDir()
	m, err := zoo.Lookup("resnet8_cifar")
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := passes.Gradient(g, passes.TrainOptions{Optimizer: "adamw", WeightDecay: 0.01, ClipNorm: 5, Dropout: 0.1, StochasticDepth: 0.5}); err != nil {
		t.Fatal(err)
	}
	buildTrainer(t, dir, g, passes.Options{}, fitProgram)
	for i := 1; i <= 5; i++ {
		file := filepath.Join(dir, "cifar", fmt.Sprintf("data_batch_%d.bin", i))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, cifarRecords(8, i), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p := fitting{dir: dir}
	levels := strings.Fields(p.run(t, "levels"))
	for _, level := range levels {
		t.Run(level, func(t *testing.T) { testFit(t, fitting{dir, level}) })
	}
}

// cifarRecords are pictures in CIFAR-10's binary form.
func cifarRecords(n, seed int) (b []byte) {
	for i := range n {
		label := (7*i + seed) % 10
		b = append(b, byte(label))
		for p := range 3 * 1024 {
			b = append(b, byte(20*label+(p*p*seed+31*i*p)%97))
		}
	}
	return b
}

// fitting is fitProgram in its folder.
type fitting struct{ dir, level string }

func (f fitting) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(f.dir, "train.exe"), args...)
	cmd.Dir, cmd.Env = f.dir, append(os.Environ(), "GOMAXPROCS=4", "RESNETC_KERNELS="+f.level)
	return cmd
}

func (f fitting) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := f.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

func testFit(t *testing.T, f fitting) {
	whole := filepath.Join(f.dir, f.level+"-1")
	f.run(t, "fit", "1", whole)
	want := readBytes(t, filepath.Join(whole, "final.safetensors"))
	same := func(what, run string) {
		t.Helper()
		for _, name := range []string{"final.safetensors", "checkpoints/step-00000020.safetensors", "checkpoints/step-00000020.state.safetensors"} {
			if !bytes.Equal(readBytes(t, filepath.Join(run, name)), readBytes(t, filepath.Join(whole, name))) {
				t.Errorf("%s: %s has other bits than with one thread", what, name)
			}
		}
	}
	slow := f.level == runtime.PureGo.String()
	for _, threads := range []string{"2", "3"} {
		if slow {
			break // the resumed run takes two
		}
		run := filepath.Join(f.dir, f.level+"-"+threads)
		f.run(t, "fit", threads, run)
		same(threads+" threads", run)
	}
	killed := filepath.Join(f.dir, f.level+"-killed")
	for i, step := range []string{"04", "11"} {
		f.killAt(t, killed, fmt.Sprint(1+i), "step-000000"+step+".json")
	}
	f.run(t, "fit", "2", killed)
	same("killed twice", killed)
	if slices.Equal(want, readBytes(t, filepath.Join(whole, "checkpoints/step-00000020.safetensors"))) {
		t.Error("the averages of the weights are the weights")
	}
	if slow {
		return
	}
	var allocations int
	if _, err := fmt.Sscan(f.run(t, "allocate", "2", filepath.Join(f.dir, f.level+"-allocate")), &allocations); err != nil || allocations > 20 {
		t.Errorf("%d allocations in 59 steps, %v", allocations, err)
	}
	for what, want := range map[string]string{"rate": "bn1", "weight": "layer2.0.bn1"} {
		out, err := f.command(what, "2", filepath.Join(f.dir, f.level+"-"+what)).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "the first layer with values that are not finite is "+want) {
			t.Errorf("%s: %v, %s, want an error that names %s", what, err, out, want)
		}
	}
}

// killAt kills a run as soon as it has written a checkpoint; one that is
// quicker than its killer has come to its end, which the caller's next run finds.
func (f fitting) killAt(t *testing.T, run, threads, checkpoint string) {
	t.Helper()
	cmd := f.command("fit", threads, run)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := os.Stat(filepath.Join(run, "checkpoints", checkpoint)); err == nil || time.Now().After(deadline) {
			break
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			t.Log("ended before it could be killed")
			return
		case <-time.After(time.Millisecond):
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Log(err) // it ended meanwhile
	}
	<-ended
}
