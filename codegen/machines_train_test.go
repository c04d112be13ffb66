package codegen

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

var (
	machineTraining = flag.String("machines-train", "resnet20_cifar", "networks of TestMachinesTrain")
	machineSteps    = flag.Int("machines-steps", 2, "steps of TestMachinesTrain, of which all but the first two machines take one")
)

// machineTrainProgram is the main of a program that takes a number of steps with
// every kernel level of its machine but pure Go, on the parameters and batches of
// a file.  For each step it prints the loss and the norms of all gradients, as
// bits, and a sum of the bits of all parameters.
const machineTrainProgram = `package main

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"strconv"

	net "example.com/machines/net"
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
	steps, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return err
	}
	for _, level := range net.Levels() {
		if level == net.PureGo {
			continue
		}
		if err := train(level, steps, all); err != nil {
			return err
		}
	}
	return nil
}

func train(level net.Level, steps int, all []float32) error {
	take := func(n int) (part []float32) {
		part, all = all[:n], all[n:]
		return part
	}
	batch, rate := int(take(1)[0]), take(1)[0]
	t, err := net.New(batch, net.WithKernels(level), net.WithThreads(1))
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
		fmt.Print(" ", math.Float64bits(float64(loss)))
		for _, g := range t.Gradients() {
			sum := 0.0
			for _, x := range g.Data {
				sum += float64(float64(x) * float64(x))
			}
			fmt.Print(" ", math.Float64bits(math.Sqrt(sum)))
		}
		h := fnv.New64a()
		for _, p := range t.Parameters() {
			if err := binary.Write(h, binary.LittleEndian, p.Data); err != nil {
				return err
			}
		}
		fmt.Print(" ", h.Sum64())
	}
	fmt.Println()
	return t.Close()
}
`

// TestMachinesTrain takes PyTorch's first steps with every kernel level in
// assembly that this machine and emulators have: losses and gradient norms must
// be PyTorch's, and these and all parameters after the steps the same to the
// last bit everywhere.
func TestMachinesTrain(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for two architectures and emulates one: not with -short")
	}
	for _, name := range strings.Split(*machineTraining, ",") {
		t.Run(name, func(t *testing.T) {
			s, err := golden.LoadTraining(name)
			if err != nil {
				t.Fatal(err)
			}
			testMachinesTrain(t, trainingGraph(t, s), s)
		})
	}
}

// TestMachinesTrainTiny wants the same bits for a network of all operations,
// trained with everything that an option switches on.
func TestMachinesTrainTiny(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for two architectures and emulates one: not with -short")
	}
	text, err := os.ReadFile("../gen/tiny.ir")
	if err != nil {
		t.Fatal(err)
	}
	g, err := ir.Parse("tiny.ir", text)
	if err != nil {
		t.Fatal(err)
	}
	zoo.Formula(g, "")
	s := &golden.Training{Model: g.Name, Batch: 5, Steps: 3, Rate: 0.01}
	s.Input = append([]int{s.Batch}, g.Inputs[0].Type.Shape[1:]...)
	s.Classes = g.Outputs[0].Type.Shape[1]
	if err := passes.Gradient(g, passes.TrainOptions{
		Optimizer: "adamw", WeightDecay: 0.01, DecayWeightsOnly: true, ClipNorm: 1,
		LabelSmoothing: 0.1, Dropout: 0.2, StochasticDepth: 0.3,
	}); err != nil {
		t.Fatal(err)
	}
	testMachinesTrain(t, g, s)
}

// testMachinesTrain trains a graph everywhere; without losses in s only bits
// are compared.
func testMachinesTrain(t *testing.T, g *ir.Graph, s *golden.Training) {
	s.Steps = min(s.Steps, *machineSteps)
	params := map[string][]float32{}
	for _, p := range g.Params {
		params[p.Name] = p.Data
	}
	if err := passes.Run(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	lowered, err := lowerTrain(g)
	if err != nil {
		t.Fatal(err)
	}
	data := []float32{float32(s.Batch), float32(s.Rate)}
	for _, p := range lowered.program.Parameters {
		data = append(data, params[p.Name]...)
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
	files, err := GenerateTrain(g, Options{Package: "net"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := files.Write(filepath.Join(dir, "net")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"go.mod": []byte("module example.com/machines\n\ngo 1.26\n"), "main.go": []byte(machineTrainProgram), "data": file.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	built := map[string]bool{}
	var bits, from string
	for i, m := range machines {
		t.Run(m.String(), func(t *testing.T) {
			steps := 1 // has every instruction of the kernels
			if i < 2 {
				steps = s.Steps
			}
			out := runOn(t, m, dir, built, filepath.Join(dir, "data"), strconv.Itoa(steps))
			var levels []string
			for line := range strings.Lines(out) {
				level, figures, _ := strings.Cut(strings.TrimSpace(line), " ")
				levels = append(levels, level)
				checkSteps(t, level, figures, steps, s, &lowered.program)
				switch {
				case bits == "":
					bits, from = figures, fmt.Sprintf("%s on %v", level, m)
				case !strings.HasPrefix(bits, figures):
					t.Errorf("%s: the bits are not those of %s: %s", level, from, differing(figures, bits, &lowered.program))
				}
			}
			if got := strings.Join(levels, " "); m.levels != "" && got != m.levels {
				t.Errorf("the machine has kernels %q, want %q", got, m.levels)
			}
		})
	}
}

// checkSteps compares the figures that the program printed for a level with
// PyTorch's, where there are any.
func checkSteps(t *testing.T, level, figures string, steps int, s *golden.Training, p *runtime.TrainProgram) {
	t.Helper()
	var got []float64
	for _, f := range strings.Fields(figures) {
		bits, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, math.Float64frombits(bits))
	}
	perStep := 1 + len(p.Gradients) + 1
	if len(got) != steps*perStep {
		t.Fatalf("%s: %d figures, want %d of each of %d steps", level, len(got), perStep, steps)
	}
	for i, x := range got {
		if i%perStep < perStep-1 && (math.IsNaN(x) || math.IsInf(x, 0)) {
			t.Errorf("%s: figure %d is %v", level, i, x)
		}
	}
	if s.Losses == nil {
		return
	}
	for k, want := range s.Losses[:steps] {
		loss := got[k*perStep]
		if e := math.Abs(loss-want) / want; !(e <= lossTolerance(t, s.Model, k)) {
			t.Errorf("%s step %d: loss %v, want %v: off by %.2g of it", level, k, loss, want, e)
		}
	}
	for i, slot := range p.Gradients {
		want, ok := s.GradientNorms[slot.Name]
		if norm := got[1+i]; !ok || !(math.Abs(norm-want) <= 1e-4*want) {
			t.Errorf("%s: the norm of the gradient of %s is %v, want %v", level, slot.Name, norm, want)
		}
	}
}

// differing names the figures of the first step that are not the wanted ones.
func differing(figures, want string, p *runtime.TrainProgram) string {
	names := []string{"loss"}
	for _, slot := range p.Gradients {
		names = append(names, "gradient of "+slot.Name)
	}
	names = append(names, "parameters")
	got, other := strings.Fields(figures), strings.Fields(want)
	var differ []string
	for i, name := range names {
		if i < min(len(got), len(other)) && got[i] != other[i] {
			differ = append(differ, name)
		}
	}
	if differ == nil {
		return "first in the second step"
	}
	return "in the first step " + strings.Join(differ, ", ")
}
