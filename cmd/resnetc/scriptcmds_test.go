package main

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/atomicfile"
	"github.com/resnetc/resnetc/cmd/resnetc/internal/npy"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
	"github.com/resnetc/resnetc/zoo/weights"
)

// scriptCommands are what the scripts have besides testscript's own commands.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"status":      status,
	"clean":       clean,
	"formula-npy": formulaNPY,
	"golden":      compareGolden,
	"bad-weights": badWeights,
	"jpeg":        writeJPEG,
	"tmpfs":       tmpfs,
	"interrupt":   interrupt,

	"cifar-data":      cifarData,
	"idx-data":        idxData,
	"golden-train":    compareGoldenTrain,
	"same-accuracy":   sameAccuracy,
	"same-metrics":    sameMetrics,
	"interrupt-train": interruptTrain,
}

// status N COMMAND… runs a command that must exit with status N and, if that
// is not 0, write one line to standard error that begins with its name.
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status is %d, want %d", got, want)
	}
	if message := ts.ReadFile("stderr"); want != 0 && !strings.HasPrefix(message, args[1]+": ") {
		ts.Fatalf("standard error is %q, want it to begin with %q", message, args[1]+": ")
	}
}

// clean [DIR] checks that neither the temporary folder nor DIR, by default the
// working folder, has anything in it that a command began and did not finish.
func clean(ts *testscript.TestScript, _ bool, args []string) {
	dirs := append([]string{ts.Getenv("TMPDIR")}, args...)
	for _, dir := range append(dirs, ".") {
		entries, err := os.ReadDir(ts.MkAbs(dir))
		ts.Check(err)
		for _, e := range entries {
			// The go command keeps its own things in the temporary folder while it runs.
			if strings.Contains(e.Name(), "resnetc-") || dir == ts.Getenv("TMPDIR") {
				ts.Fatalf("%s is left in %s", e.Name(), dir)
			}
		}
	}
}

// formula-npy FILE N,C,H,W writes the formula's images.
func formulaNPY(ts *testscript.TestScript, _ bool, args []string) {
	var shape []int
	for s := range strings.SplitSeq(args[1], ",") {
		d, err := strconv.Atoi(s)
		ts.Check(err)
		shape = append(shape, d)
	}
	a := npy.Array{Shape: shape, Data: zoo.FormulaTensor("input", shape, "")}
	ts.Check(atomicfile.Write(ts.MkAbs(args[0]), func(w io.Writer) error { return npy.Write(w, a) }))
}

// golden FILE MODEL compares logits with PyTorch's, for the formula's images.
func compareGolden(ts *testscript.TestScript, _ bool, args []string) {
	a, err := npy.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	want, err := golden.Load(args[1])
	ts.Check(err)
	if shape := []int{want.Batch, len(want.Logits[0])}; !slices.Equal(a.Shape, shape) {
		ts.Fatalf("%s has shape %v, want %v", args[0], a.Shape, shape)
	}
	for i, w := range slices.Concat(want.Logits...) {
		if d := math.Abs(float64(a.Data[i]) - w); !(d < 1e-4) {
			ts.Fatalf("logit %d is %v, want PyTorch's %v", i, a.Data[i], w)
		}
	}
}

// bad-weights FILE KIND writes a file of weights for resnet20_cifar with
// something wrong in it; see damage.
func badWeights(ts *testscript.TestScript, _ bool, args []string) {
	m, err := zoo.Lookup("resnet20_cifar")
	ts.Check(err)
	g, err := m.Graph(zoo.Options{})
	ts.Check(err)
	zoo.Formula(g, "")
	path, tensors := ts.MkAbs(args[0]), weights.Params(g)
	for i := range tensors {
		if tensors[i].Name != "layer1.0.conv1.weight" {
			continue
		}
		switch args[1] {
		case "nan":
			tensors[i].Data = slices.Clone(tensors[i].Data)
			tensors[i].Data[7] = float32(math.NaN())
		case "name":
			tensors[i].Name = "layer1.0.conv_1.weight"
		case "shape":
			tensors[i].Shape = []int{16, 16, 9}
		}
	}
	var b bytes.Buffer
	ts.Check(weights.WriteSafetensors(&b, tensors, nil))
	data := b.Bytes()
	switch args[1] {
	case "truncated":
		data = data[:len(data)/2]
	case "huge-header":
		data = slices.Concat([]byte{255, 255, 255, 255, 255, 255, 255, 127}, data[8:])
	case "overlap":
		text := `{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}`
		data = append([]byte{byte(len(text)), 0, 0, 0, 0, 0, 0, 0}, text+strings.Repeat("\x00", 24)...)
	case "pickle":
		// Protocol 2: posix.system("touch pwned").
		data = []byte("\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch pwned\x85R.")
	}
	ts.Check(os.WriteFile(path, data, 0o666))
}

// jpeg FILE [truncated] writes a picture.
func writeJPEG(ts *testscript.TestScript, _ bool, args []string) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 5)
	}
	img.Set(3, 3, color.White)
	path := ts.MkAbs(args[0])
	ts.Check(atomicfile.Write(path, func(w io.Writer) error { return jpeg.Encode(w, img, nil) }))
	if len(args) > 1 {
		info, err := os.Stat(path)
		ts.Check(err)
		ts.Check(os.Truncate(path, info.Size()/3))
	}
}

// tmpfs DIR SIZE makes a disk of that size; the condition of that name says
// whether this machine lets us.
func tmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	ts.Check(exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", dir).Run())
	ts.Defer(func() { ts.Check(exec.Command("umount", dir).Run()) })
}

func canMount() bool {
	dir, err := os.MkdirTemp("", "tmpfs-")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	return exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).Run() == nil &&
		exec.Command("umount", dir).Run() == nil
}

// interrupt COMMAND… runs a command and sends it an interrupt as soon as it has
// made its temporary folder; it must exit with status 1 and say so.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	var stderr strings.Builder
	path, err := exec.LookPath(args[0])
	if err != nil {
		path = filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], args[0])
	}
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), &stderr
	for _, name := range []string{"PATH", "TMPDIR", "HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for sent := false; ; {
		select {
		case <-done:
			if cmd.ProcessState.ExitCode() != 1 || stderr.String() != "resnetc: interrupted\n" {
				ts.Fatalf("%v, standard error %q; want exit status 1 and that it was interrupted", cmd.ProcessState, stderr.String())
			}
			return
		case <-time.After(10 * time.Millisecond):
			if entries, _ := os.ReadDir(ts.Getenv("TMPDIR")); len(entries) > 0 && !sent {
				sent = true
				ts.Check(cmd.Process.Signal(syscall.SIGINT))
			}
		}
	}
}
