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
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

// machine is something that runs a program: this machine or an emulated one.
type machine struct {
	goarch   string
	emulator []string // its command line; nil for this machine
	levels   string   // of assembly that it has, the best first; empty if unknown
}

func (m machine) String() string { return strings.Join(append([]string{m.goarch}, m.emulator...), " ") }

// machines are an Arm core with all extensions and one with none, an x86 core
// with AVX2 and without AVX-512, and this machine.
var machines = []machine{
	{goruntime.GOARCH, nil, ""},
	{"arm64", []string{"qemu-aarch64-static", "-cpu", "max"}, "neon"},
	{"arm64", []string{"qemu-aarch64-static", "-cpu", "cortex-a53"}, "neon"},
	{"amd64", []string{"qemu-x86_64-static", "-cpu", "Haswell"}, "avx2"},
}

// machineNetworks have each kind of block and layer of the small networks.
var machineNetworks = flag.String("machines", "resnet20_cifar,resnet20_cifar+f16,resnet56_cifar,plain20_cifar,preact_resnet164_cifar", "networks of TestMachines, +f16 with half-precision weights; pure Go runs the first only")

// machineProgram is the main of a program that runs a network with every kernel
// level of its machine, on the float32s of a file, and prints the logits' bits.
const machineProgram = `package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	net "example.com/machines/%[1]s"
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
	images := make([]float32, len(data)/4)
	for i := range images {
		images[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	for _, level := range net.Levels() {
		if level == net.PureGo && len(os.Args) < 3 {
			continue // slow
		}
		m, err := net.New(net.WithKernels(level))
		if err != nil {
			return err
		}
		s := m.InputShape()
		n := len(images) / (s[0] * s[1] * s[2])
		logits := make([]float32, n*m.Classes())
		if err := m.NewWorkspace(n).Run(logits, images); err != nil {
			return err
		}
		fmt.Print(level)
		for _, v := range logits {
			fmt.Print(" ", math.Float32bits(v))
		}
		fmt.Println()
	}
	return nil
}
`

// TestMachines runs networks with every kernel level that this machine and
// emulators (Debian: package qemu-user-static) have.  All logits must be
// PyTorch's, and those of all assembly kernels the same to the last bit.
func TestMachines(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for two architectures and emulates one: not with -short")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/machines\n\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for i, name := range strings.Split(*machineNetworks, ",") {
		model, half := strings.CutSuffix(name, "+f16")
		want, err := golden.Load(model)
		if err != nil {
			t.Fatal(err)
		}
		name = strings.ReplaceAll(name, "+", "_")
		files, err := Generate(planned(t, model), Options{Package: "net", Embed: true, HalfWeights: half})
		if err != nil {
			t.Fatal(err)
		}
		if err := files.Write(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		write := func(name string, data []byte) {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		write("main.go", fmt.Appendf(nil, machineProgram, name))
		var images bytes.Buffer
		if err := binary.Write(&images, binary.LittleEndian, zoo.FormulaTensor("input", want.Input, want.Salt)); err != nil {
			t.Fatal(err)
		}
		write("images", images.Bytes())
		var args []string
		if i == 0 {
			args = []string{"purego"}
		}
		tolerance := 1e-4
		if half {
			tolerance = 1e-3
		}
		t.Run(name, func(t *testing.T) { testMachines(t, dir, want, tolerance, args) })
	}
}

// testMachines runs the program in a folder everywhere, with more arguments
// than the images.
func testMachines(t *testing.T, dir string, want *golden.Golden, tolerance float64, more []string) {
	built := map[string]bool{}
	var bits, from string
	for _, m := range machines {
		t.Run(m.String(), func(t *testing.T) {
			out := runOn(t, m, dir, built, append([]string{filepath.Join(dir, "images")}, more...)...)
			var levels []string
			for line := range strings.Lines(out) {
				level, logits, _ := strings.Cut(strings.TrimSpace(line), " ")
				if d := offGolden(t, logits, want); !(d < tolerance) {
					t.Errorf("%s: logits are %.2g off PyTorch's, want %.0g", level, d, tolerance)
				}
				if level == runtime.PureGo.String() {
					continue
				}
				levels = append(levels, level)
				switch {
				case bits == "":
					bits, from = logits, fmt.Sprintf("%s on %v", level, m)
				case logits != bits:
					t.Errorf("%s: the logits' bits are not those of %s", level, from)
				}
			}
			if got := strings.Join(levels, " "); m.levels != "" && got != m.levels {
				t.Errorf("the machine has kernels %q, want %q", got, m.levels)
			}
		})
	}
}

// runOn runs the program in a folder on a machine, or skips the test, and
// returns what it printed.  built are the architectures that there is a binary for.
func runOn(t *testing.T, m machine, dir string, built map[string]bool, args ...string) string {
	t.Helper()
	program := filepath.Join(dir, "program-"+m.goarch)
	line := slices.Concat(m.emulator, []string{program}, args)
	if _, err := exec.LookPath(line[0]); m.emulator != nil && err != nil {
		t.Skipf("no emulator: %v", err)
	}
	if !built[m.goarch] {
		cmd := exec.Command("go", "build", "-o", program, ".")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOARCH="+m.goarch, "CGO_ENABLED=0")
		if m.emulator != nil {
			cmd.Env = append(cmd.Env, "GOOS=linux")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		built[m.goarch] = true
	}
	cmd := exec.Command(line[0], line[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", line, err, stderr.Bytes())
	}
	return string(out)
}

// offGolden is the largest difference of logits, given by their bits, from
// PyTorch's, relative to the largest logit.
func offGolden(t *testing.T, logits string, want *golden.Golden) float64 {
	var got []float64
	for _, f := range strings.Fields(logits) {
		b, err := strconv.ParseUint(f, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, float64(math.Float32frombits(uint32(b))))
	}
	diff, largest := 0.0, 0.0
	for n, row := range want.Logits {
		for i, v := range row {
			if len(got) != len(want.Logits)*len(row) {
				t.Fatalf("%d logits, want %d of %d images", len(got), len(row), len(want.Logits))
			}
			diff = max(diff, math.Abs(got[n*len(row)+i]-v))
			largest = max(largest, math.Abs(v))
		}
	}
	return diff / largest
}
