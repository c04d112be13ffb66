package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTensorsRoundTrip(t *testing.T) {
	want := []Tensor{
		{"b.weight", []int{2, 3}, []float32{1, -2, 3.5, 0, 1e-40, 6}},
		{"a \"quoted\"", []int{}, []float32{7}},
		{"empty", []int{0, 4}, nil},
	}
	var b bytes.Buffer
	if err := writeTensors(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := readTensors(b.Bytes())
	if err != nil || len(got) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	for i, w := range want {
		j := slices.IndexFunc(got, func(g Tensor) bool { return g.Name == w.Name })
		if j < 0 || !slices.Equal(got[j].Shape, w.Shape) || !slices.Equal(got[j].Data, w.Data) {
			t.Errorf("tensor %d: %v, want %v", i, got, w)
		}
	}
	for n := range b.Len() {
		if _, err := readTensors(b.Bytes()[:n]); err == nil {
			t.Fatalf("%d of %d bytes pass", n, b.Len())
		}
	}
	if err := writeTensors(&b, []Tensor{{"x", []int{2}, []float32{1}}}); err == nil {
		t.Error("a wrong shape passes")
	}
	if err := writeTensors(&b, []Tensor{{"x", []int{1}, []float32{1}}, {"x", []int{1}, []float32{1}}}); err == nil {
		t.Error("a name that is there twice passes")
	}
}

func FuzzTensors(f *testing.F) {
	var b bytes.Buffer
	if err := writeTensors(&b, []Tensor{{"x", []int{2}, []float32{1, 2}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		tensors, err := readTensors(b)
		if err != nil {
			return
		}
		size := 0
		for _, x := range tensors {
			size += 4 * len(x.Data)
		}
		if size > len(b) {
			t.Errorf("%d bytes of tensors from %d", size, len(b))
		}
	})
}

// fullDisk is a file on a disk with no room for more than so many bytes.
type fullDisk struct {
	syncedFile
	left *int
}

func (f fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), *f.left)
	*f.left -= n
	n, err := f.syncedFile.Write(b[:n])
	if err == nil && n < len(b) {
		err = syscall.ENOSPC
	}
	return n, err
}

// TestCheckpointFullDisk fills the disk at every place of a save: the
// checkpoint before stays whole, and nothing incomplete is left.
func TestCheckpointFullDisk(t *testing.T) {
	tensors := []Tensor{{"w", []int{50}, make([]float32, 50)}}
	c := newCheckpoints(t.TempDir())
	if _, err := c.save(TrainState{Step: 1}, tensors, tensors); err != nil {
		t.Fatal(err)
	}
	create := c.create
	failed := 0
	for room := 0; ; room += 40 {
		left := room
		c.create = func(dir, pattern string) (syncedFile, error) {
			f, err := create(dir, pattern)
			return fullDisk{f, &left}, err
		}
		_, err := c.save(TrainState{Step: 2}, tensors, tensors)
		if err == nil {
			break
		}
		if failed++; !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), c.dir) {
			t.Fatalf("with room for %d bytes: %v, want no space left and the file", room, err)
		}
		if steps, err := c.list(); err != nil || !slices.Equal(steps, []int{1}) {
			t.Fatalf("with room for %d bytes there are checkpoints %v, %v", room, steps, err)
		}
		if _, _, _, err := c.load(1); err != nil {
			t.Fatal(err)
		}
		left2, _ := filepath.Glob(filepath.Join(c.dir, temporary+"*"))
		if len(left2) != 0 {
			t.Fatalf("left behind: %v", left2)
		}
	}
	if failed < 10 {
		t.Errorf("%d failures, want more", failed)
	}
}

func TestCheckpointDamaged(t *testing.T) {
	tensors := []Tensor{{"w", []int{50}, make([]float32, 50)}}
	c := newCheckpoints(t.TempDir())
	if _, err := c.save(TrainState{Step: 3}, tensors, tensors); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"step-00000003.safetensors", "step-00000003.state.safetensors"} {
		path := filepath.Join(c.dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range [][]byte{b[:len(b)-1], append(slices.Clone(b[:len(b)-1]), b[len(b)-1]^1)} {
			if err := os.WriteFile(path, bad, 0o666); err != nil {
				t.Fatal(err)
			}
			if _, _, _, err := c.load(3); err == nil || !strings.Contains(err.Error(), name+" is damaged") {
				t.Errorf("%v, want that %s is damaged", err, name)
			}
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := c.load(3); err != nil {
		t.Error(err)
	}
}

// TestCheckpointNamesOthers damages a checkpoint in every way: the error names
// the file, and the checkpoints that are whole.
func TestCheckpointNamesOthers(t *testing.T) {
	o := fitOptions(t, t.TempDir())
	data := blobs(t, 100, 1)
	if _, err := Fit(context.Background(), fitModel(), data, o); err != nil {
		t.Fatal(err)
	}
	o.Resume = "last"
	last, before := filepath.Join(o.Dir, "checkpoints", checkpointName(48)), filepath.Join(o.Dir, "checkpoints", checkpointName(45))
	cut := func(path string) {
		if err := os.Truncate(path, 100); err != nil {
			t.Fatal(err)
		}
	}
	cut(before + ".safetensors")
	for _, damage := range []struct {
		do   func()
		want string
	}{
		{func() { cut(last + ".safetensors") }, checkpointName(48) + ".safetensors is damaged"},
		{func() { os.Remove(last + ".safetensors") }, checkpointName(48) + ".safetensors: "},
		{func() { cut(last + ".json") }, checkpointName(48) + ".json: damaged: "},
	} {
		damage.do()
		_, err := Fit(context.Background(), fitModel(), data, o)
		if err == nil || !strings.Contains(err.Error(), damage.want) || !strings.Contains(err.Error(), " 35 40] are whole") {
			t.Errorf("%v, want %q and the others", err, damage.want)
		}
	}
	if err := os.WriteFile(last+".json", []byte(`{"format": 1, "step": 48}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Fit(context.Background(), fitModel(), data, o); err == nil || !strings.Contains(err.Error(), "-params "+last+".safetensors") {
		t.Errorf("an old format: %v, want what to do", err)
	}
}

func TestCheckpointPrune(t *testing.T) {
	c := newCheckpoints(t.TempDir())
	for step := range 8 {
		if _, err := c.save(TrainState{Step: step}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{temporary + "step-00000001.json-1", "step-00000099.safetensors"} {
		if err := os.WriteFile(filepath.Join(c.dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.prune(6, 2, 1); err != nil {
		t.Fatal(err)
	}
	steps, err := c.list()
	if err != nil || !slices.Equal(steps, []int{1, 5, 6}) {
		t.Errorf("%v, %v, want the best, 1, and the last two up to 6", steps, err)
	}
	if files, _ := os.ReadDir(c.dir); len(files) != 9 {
		t.Errorf("%d files, want 9", len(files))
	}
	if err := c.prune(6, 2, -1); err != nil {
		t.Fatal(err)
	}
	if steps, _ := c.list(); !slices.Equal(steps, []int{5, 6}) {
		t.Errorf("%v, want the last two", steps)
	}
}

func TestCompareTensors(t *testing.T) {
	a := []Tensor{{"w", []int{2, 3}, nil}, {"b", []int{2}, nil}}
	b := []Tensor{{"w", []int{2, 4}, nil}, {"c", []int{2}, nil}}
	err := compareTensors("weights", a, b)
	for _, want := range []string{"w has shape [2 3], in the checkpoint [2 4]", "b is not in the checkpoint", "c is only in the checkpoint"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := compareTensors("weights", a, a); err != nil {
		t.Error(err)
	}
}

const killedDir = "RESNETC_TEST_TRAIN_DIR"

// TestFitKilledChild is not a test: it is the process that TestFitKilled kills.
func TestFitKilledChild(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("runs only as TestFitKilled's child")
	}
	o := fitOptions(t, dir)
	o.Resume, o.SaveSteps = "auto", 1
	if _, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o); err != nil {
		t.Fatal(err)
	}
}

// TestFitKilled kills a process that trains and saves after each step, at
// random moments, until one gets to the end: it has the bits of a run that
// nobody disturbed.
func TestFitKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	whole, dir := t.TempDir(), t.TempDir()
	o := fitOptions(t, whole)
	o.SaveSteps = 1
	begin := time.Now()
	if _, err := Fit(context.Background(), fitModel(), blobs(t, 100, 1), o); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	var output bytes.Buffer
	kills := 0
	r := rand.New(rand.NewPCG(1, 2))
	for try := 0; ; try++ {
		child := exec.Command(os.Args[0], "-test.run=^TestFitKilledChild$")
		child.Env = append(os.Environ(), killedDir+"="+dir)
		output.Reset()
		child.Stdout, child.Stderr = &output, &output
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- child.Wait() }()
		wait := time.Minute
		if try < 12 {
			// The process comes to its first step after a moment.
			wait = 30*time.Millisecond + time.Duration(r.Int64N(int64(took)))/3
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("after %d kills: %v\n%s", kills, err, output.String())
			}
		case <-time.After(wait):
			if err := child.Process.Kill(); err != nil {
				t.Log(err) // it ended meanwhile
			}
			if err := <-ended; err != nil {
				kills++
				continue
			}
		}
		break
	}
	if kills == 0 {
		t.Skip("every child was quicker than its killer")
	}
	t.Logf("%d kills", kills)
	if got, want := outcome(t, dir), outcome(t, whole); got != want {
		t.Errorf("after %d kills:\n%.3000s\nwant\n%.3000s", kills, got, want)
	}
	names, err := filepath.Glob(filepath.Join(dir, "checkpoints", temporary+"*"))
	if err != nil || len(names) > 0 {
		t.Errorf("left behind: %s", fmt.Sprint(names))
	}
}
