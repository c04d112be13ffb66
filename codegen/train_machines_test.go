package codegen

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/zoo/golden"
)

// trainProgram is the main of a program that takes a training package's steps
// with every kernel level of its machine but pure Go, with one thread and with
// two, on parameters and batches from a file, and prints the bits of the losses.
const trainProgram = `package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	net "example.com/train/net"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	all := make([]float32, len(data)/4)
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	take := func(n int) (part []float32) {
		part, all = all[:n], all[n:]
		return part
	}
	steps, batch, rate := int(take(1)[0]), int(take(1)[0]), take(1)[0]
	start := all
	for _, level := range net.Levels() {
		if level == net.PureGo {
			continue
		}
		for threads := 1; threads <= 2; threads++ {
			all = start
			t, err := net.New(batch, net.WithKernels(level), net.WithThreads(threads))
			if err != nil {
				return err
			}
			for _, p := range t.Parameters() {
				if err := t.SetParameter(p.Name, take(len(p.Data))); err != nil {
					return err
				}
			}
			s := t.InputShape()
			fmt.Print(level)
			for range steps {
				images := take(batch * s[0] * s[1] * s[2])
				labels := make([]int32, batch)
				for i, l := range take(batch) {
					labels[i] = int32(l)
				}
				loss, err := t.Step(images, labels, rate)
				if err != nil {
					return err
				}
				fmt.Print(" ", math.Float32bits(loss))
			}
			fmt.Println()
			if err := t.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}
`

// trainNetworks are those that take seconds; there are figures for
// resnet110_cifar, preact_resnet164_cifar, resnet50 and resnext50_32x4d too.
var trainNetworks = flag.String("train", "resnet20_cifar,plain20_cifar,resnet18", "networks of TestTrainMachine")

// TestTrainMachine takes PyTorch's steps with generated packages and all kernel
// levels of this machine, with the same bits for one thread and for two.
func TestTrainMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles packages: not with -short")
	}
	for _, name := range strings.Split(*trainNetworks, ",") {
		t.Run(name, func(t *testing.T) { testTrainMachine(t, name) })
	}
}

func testTrainMachine(t *testing.T, name string) {
	s, err := golden.LoadTraining(name)
	if err != nil {
		t.Fatal(err)
	}
	g := trainingGraph(t, s)
	data := []float32{float32(s.Steps), float32(s.Batch), float32(s.Rate)}
	for _, p := range g.Params {
		if !strings.HasSuffix(p.Name, ".velocity") {
			data = append(data, p.Data...)
		}
	}
	for k := range s.Steps {
		images, labels := formulaBatch(s, k)
		data = append(data, images...)
		for _, l := range labels {
			data = append(data, float32(l))
		}
	}
	var file bytes.Buffer
	if err := binary.Write(&file, binary.LittleEndian, data); err != nil {
		t.Fatal(err)
	}
	if err := passes.Run(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	files, err := GenerateTrain(g, Options{Package: "net"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := files.Write(filepath.Join(dir, "net")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"go.mod": []byte("module example.com/train\n\ngo 1.26\n"), "main.go": []byte(trainProgram), "data": file.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"vet", "./..."}, {"build", "-o", "train.exe", "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "train.exe"), filepath.Join(dir, "data")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, line := range lines {
		fields := strings.Fields(line)
		if len(fields) != s.Steps+1 {
			t.Fatalf("line %q", line)
		}
		if i%2 == 1 && line != lines[i-1] {
			t.Errorf("two threads give %q, one gives %q", line, lines[i-1])
		}
		for k, f := range fields[1:] {
			bits, err := strconv.ParseUint(f, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			loss, want := float64(math.Float32frombits(uint32(bits))), s.Losses[k]
			e := math.Abs(loss-want) / want
			t.Logf("%s step %d: loss %v, off by %.2g", fields[0], k, loss, e)
			if !(e <= trainTolerances[name][k]) {
				t.Errorf("%s step %d: loss %v, want %v: off by %.2g of it", fields[0], k, loss, want, e)
			}
		}
	}
}
