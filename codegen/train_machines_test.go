package codegen

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo/golden"
)

// trainProgram is the main of a program that takes a training package's steps
// on parameters and batches from a file, with the numbers of threads that its
// further arguments give, with every kernel level of its machine (pure Go if the
// last argument is purego).  It writes a file for each, called LEVEL-THREADS: the
// losses, the gradients of the first step, and what all steps leave.
const trainProgram = `package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strconv"

	net "example.com/train/net"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string, args []string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	all := make([]float32, len(data)/4)
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	for _, level := range net.Levels() {
		for _, a := range args {
			threads, err := strconv.Atoi(a)
			if err != nil || level == net.PureGo && args[len(args)-1] != "purego" {
				continue
			}
			out, err := train(all, level, threads)
			if err != nil {
				return err
			}
			if err := os.WriteFile(fmt.Sprintf("%s-%d", level, threads), out, 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

func train(all []float32, level net.Level, threads int) (out []byte, err error) {
	take := func(n int) (part []float32) {
		part, all = all[:n], all[n:]
		return part
	}
	put := func(list []net.Tensor) {
		for _, x := range list {
			for _, v := range x.Data {
				out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
			}
		}
	}
	steps, batch, rate := int(take(1)[0]), int(take(1)[0]), take(1)[0]
	t, err := net.New(batch, net.WithKernels(level), net.WithThreads(threads))
	if err != nil {
		return nil, err
	}
	for _, p := range t.Parameters() {
		if err := t.SetParameter(p.Name, take(len(p.Data))); err != nil {
			return nil, err
		}
	}
	s := t.InputShape()
	losses := make([]float32, steps)
	var gradients []net.Tensor
	for k := range losses {
		images := take(batch * s[0] * s[1] * s[2])
		labels := make([]int32, batch)
		for i, l := range take(batch) {
			labels[i] = int32(l)
		}
		if losses[k], err = t.Step(images, labels, rate); err != nil {
			return nil, err
		}
		if k == 0 {
			gradients = t.Gradients()
		}
	}
	put([]net.Tensor{{Data: losses}})
	put(gradients)
	put(t.Parameters())
	put(t.OptimizerState())
	return out, t.Close()
}
`

// trainNetworks are by default those that take seconds.
var (
	trainNetworks = flag.String("train", "resnet20_cifar,plain20_cifar,resnet18", `networks of TestTrainMachine, or "all"`)
	trainFigures  = flag.String("figures", "", "folder of TestTrainMachine's figures, as make_golden.py -salt writes them; by default those of zoo/golden")
)

// trainPure are the networks small enough for pure Go, and for many threads.
var trainPure = []string{"resnet20_cifar", "plain20_cifar"}

// TestTrainMachine takes PyTorch's steps with generated packages and all kernel
// levels of this machine.  Losses and norms are PyTorch's, every element of the
// first gradients the interpreter's, and all threads give the same bits.
//
//	go test ./codegen -run TrainMachine -train all -v
//
// logs how far the figures of each network and level lie from those, relative to
// them, the worst tensor's: of gradients the distance to the interpreter's, in
// float64 and with every node's result rounded to float32.
func TestTrainMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles packages: not with -short")
	}
	names := strings.Split(*trainNetworks, ",")
	if *trainNetworks == "all" {
		names = golden.TrainingNames()
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { testTrainMachine(t, name) })
	}
}

func testTrainMachine(t *testing.T, name string) {
	s, err := golden.LoadTraining(name)
	if *trainFigures != "" {
		s, err = golden.ReadTraining(*trainFigures, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	g := trainingGraph(t, s)
	dir := t.TempDir()
	writeTraining(t, filepath.Join(dir, "data"), g, s)
	want, rounded := interpreted(t, g, s), interpreted(t, g, s, interp.Float32())
	program := buildTrainer(t, dir, g, passes.Options{}, trainProgram)
	args := []string{"data", "1", "2"}
	if slices.Contains(trainPure, name) {
		args = []string{"data", "1", "2", "3", "16", "purego"}
	}
	cmd := exec.Command(filepath.Join(dir, "train.exe"), args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOMAXPROCS=16")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	outputs, err := filepath.Glob(filepath.Join(dir, "*-1"))
	if err != nil || len(outputs) == 0 {
		t.Fatalf("no results: %v", err)
	}
	t.Logf("%-8s %11s %11s %11s %11s %11s %11s", "kernels", "first loss", "losses", "gradients", "in float32", "their norms", "norms after")
	for _, file := range outputs {
		bits := readBytes(t, file)
		level := strings.TrimSuffix(filepath.Base(file), "-1")
		for _, threads := range args[2:] {
			if threads != "purego" && !bytes.Equal(bits, readBytes(t, filepath.Join(dir, level+"-"+threads))) {
				t.Errorf("%s: %s threads give other bits than one", level, threads)
			}
		}
		checkTraining(t, level, floats(bits), program, s, want, rounded)
	}
}

func readBytes(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func floats(b []byte) []float32 {
	list := make([]float32, len(b)/4)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return list
}

// writeTraining writes what trainProgram reads.
func writeTraining(t *testing.T, file string, g *ir.Graph, s *golden.Training) {
	t.Helper()
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
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, data); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// buildTrainer compiles a training graph and builds a program that uses it.
func buildTrainer(t *testing.T, dir string, g *ir.Graph, o passes.Options, main string) *runtime.TrainProgram {
	t.Helper()
	if err := passes.Run(g, o); err != nil {
		t.Fatal(err)
	}
	l, err := lowerTrain(g)
	if err != nil {
		t.Fatal(err)
	}
	files, err := GenerateTrain(g, Options{Package: "net"})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Write(filepath.Join(dir, "net")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": "module example.com/train\n\ngo 1.26\n", "main.go": main} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
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
	return &l.program
}

// checkTraining compares a run's figures with PyTorch's and the interpreter's.
// [lossTolerance] says why norms after all steps are not held to one salt.
func checkTraining(t *testing.T, level string, out []float32, p *runtime.TrainProgram, s *golden.Training, want, rounded map[string][]float64) {
	t.Helper()
	spread, largest, err := golden.LoadSpread(s.Model)
	if err != nil {
		t.Fatal(err)
	}
	first := spread
	if s.Salt != "" {
		first = largest
	}
	take := func(slots []runtime.Slot) (list []runtime.Tensor) {
		for _, slot := range slots {
			n := 1
			for _, d := range slot.Shape {
				n *= d
			}
			list = append(list, runtime.Tensor{Name: slot.Name, Shape: slot.Shape, Data: out[:n]})
			out = out[n:]
		}
		return list
	}
	w := worst{t: t, level: level, errors: map[string]float64{}}
	losses := take([]runtime.Slot{{Name: "loss", Shape: []int{s.Steps}}})[0].Data
	for k, loss := range losses {
		kind := "losses"
		if k == 0 {
			kind = "first loss"
		}
		w.see(kind, fmt.Sprint("step ", k), math.Abs(float64(loss)/s.Losses[k]-1), lossTolerance(t, s.Model, k))
	}
	gradients := take(p.Gradients)
	for _, x := range gradients {
		w.see("gradients", x.Name, distance(x.Data, want[x.Name]), golden.Tolerance(first.Gradients))
		w.see("in float32", x.Name, distance(x.Data, rounded[x.Name]), golden.Tolerance(first.Gradients))
	}
	w.norms("their norms", gradients, s.GradientNorms, golden.Tolerance(first.GradientNorms))
	w.norms("norms after", take(p.Parameters), s.NormsAfter, golden.Tolerance(max(spread.NormsAfter, largest.NormsAfter)))
	t.Logf("%-8s %11.1e %11.1e %11.1e %11.1e %11.1e %11.1e", level, w.errors["first loss"], w.errors["losses"],
		w.errors["gradients"], w.errors["in float32"], w.errors["their norms"], w.errors["norms after"])
}

// worst notes the largest relative error of each kind.
type worst struct {
	t      *testing.T
	level  string
	errors map[string]float64
}

func (w *worst) see(kind, name string, e, tolerance float64) {
	w.t.Helper()
	w.errors[kind] = max(w.errors[kind], e)
	if !(e <= tolerance) {
		w.t.Errorf("%s: %s, %s: off by %.2g, want at most %.2g", w.level, kind, name, e, tolerance)
	}
}

func (w *worst) norms(kind string, tensors []runtime.Tensor, want map[string]float64, tolerance float64) {
	w.t.Helper()
	if len(tensors) != len(want) {
		w.t.Errorf("%s: %s: %d tensors, want %d", w.level, kind, len(tensors), len(want))
	}
	for _, x := range tensors {
		sum := 0.0
		for _, v := range x.Data {
			sum += float64(v) * float64(v)
		}
		w.see(kind, x.Name, math.Abs(math.Sqrt(sum)/want[x.Name]-1), tolerance)
	}
}

// distance is the norm of the difference of all elements, relative to the norm
// of the tensor; NaN if they are not of one size.
func distance(got []float32, want []float64) float64 {
	if len(got) != len(want) {
		return math.NaN()
	}
	squares, diff := 0.0, 0.0
	for i, w := range want {
		squares += w * w
		diff += (float64(got[i]) - w) * (float64(got[i]) - w)
	}
	return math.Sqrt(diff / squares)
}

// interpreted gives the first step's gradients by the interpreter, in float64
// but for the options.
func interpreted(t *testing.T, g *ir.Graph, s *golden.Training, opts ...interp.Option) map[string][]float64 {
	t.Helper()
	images, labels := formulaBatch(s, 0)
	_, grads, err := gradientsOf(g, stepInputs(t, s, images, labels), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return grads
}

// stepInputs are what the interpreter takes for the first step on a batch.
func stepInputs(t *testing.T, s *golden.Training, images []float32, labels []int32) map[string]*interp.Tensor {
	t.Helper()
	x, err := interp.FromFloat32(s.Input, images)
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]*interp.Tensor{"input": x, "labels": interp.New(len(labels))}
	for i, l := range labels {
		in["labels"].Data[i] = float64(l)
	}
	for _, name := range []string{"learning_rate", "step", "seed"} {
		in[name] = interp.New()
	}
	in["learning_rate"].Data[0] = s.Rate
	return in
}
