package tune

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
)

// fakeTimer gives each program a time that depends on what it is.
type fakeTimer func(l *runtime.Layer) time.Duration

func (f fakeTimer) time(programs []*runtime.Program, batch, rounds int) ([]time.Duration, error) {
	var times []time.Duration
	for _, p := range programs {
		d := f(&p.Layers[len(p.Layers)-1])
		if d == 0 {
			return nil, errors.New("broken timer")
		}
		times = append(times, d)
	}
	return times, nil
}

func graph(t *testing.T, name string) *ir.Graph {
	t.Helper()
	m, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func tuner(t *testing.T, f fakeTimer) *Tuner { return tunerOf(t, f, "resnet8_cifar", 1) }

func tunerOf(t *testing.T, f fakeTimer, model string, batch int) *Tuner {
	t.Helper()
	g, o := graph(t, model), passes.Options{Batch: batch}
	s := SettingsOf(g, o)
	s.CPU, s.Kernels, s.Threads, s.Code = "a CPU", "avx512", "2", "c0de"
	tuner, err := newTuner(f, s, g, o)
	if err != nil {
		t.Fatal(err)
	}
	return tuner
}

// jointIsBest prefers the joint order of winograd2 with 64 tiles and blocks of
// one, and weights first among direct ones.
func jointIsBest(l *runtime.Layer) time.Duration {
	d := time.Duration(1000)
	switch {
	case l.Winograd == 2 && l.Stride[0] == 1 && !l.Fused && l.Chunk == 64 && l.Tiles[runtime.AVX512].Blocks == 1:
		d = 500
	case l.Winograd == 0 && l.PixelsFirst == 0:
		d = 900
	}
	return d
}

func run(t *testing.T, tuner *Tuner, f *File, save func(*Line) error) error {
	t.Helper()
	steps := 0
	want := tuner.Steps(f)
	err := tuner.Run(t.Context(), f, func(string) { steps++ }, save)
	if err == nil && steps != want {
		t.Errorf("%d steps, want %d", steps, want)
	}
	return err
}

func TestRun(t *testing.T) {
	tn := tuner(t, jointIsBest)
	f := &File{Settings: tn.Settings}
	saved := 0
	if err := run(t, tn, f, func(*Line) error { saved++; return nil }); err != nil {
		t.Fatal(err)
	}
	if saved != len(f.Lines) || saved != len(tn.layers) {
		t.Errorf("%d lines are saved, there are %d for %d layers", saved, len(f.Lines), len(tn.layers))
	}
	for _, l := range f.Lines {
		want := "winograd2 joint:64/1"
		if strings.Contains(l.Key, "stride") || strings.HasPrefix(l.Key, "3x") {
			want = "direct weights/1"
		}
		// Tiles of planes with fewer than 64 tiles are all in one chunk.
		if strings.Contains(l.Key, "x8x8,") && !strings.Contains(l.Key, "stride") {
			want = l.Model.Algorithm + " " + l.Model.Schedule
		}
		if got := l.Choice.Algorithm + " " + l.Choice.Schedule; got != want && !strings.HasPrefix(got, "direct weights") {
			t.Errorf("%s: %s, want %s", l.Key, got, want)
		}
	}
	// What was found is on the graph.
	g, err := tn.net.lower(f.Choices())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		if n.Op != ir.Conv2D {
			continue
		}
		c := f.Line(passes.ConvKey(n)).Choice
		if n.Str("algorithm") != c.Algorithm || n.Str("schedule") != c.Schedule {
			t.Errorf("%v, want %v", n, c)
		}
	}
	tuned, model, n := tn.Sum(f)
	if n != 7 || tuned >= model {
		t.Errorf("%d convolutions, %v against %v", n, tuned, model)
	}
}

// Only a clear gain takes the choice from the cost model.
func TestRunKeepsModel(t *testing.T) {
	tn := tuner(t, func(l *runtime.Layer) time.Duration { return 1000 - jointIsBest(l)/100 })
	f := &File{}
	if err := run(t, tn, f, func(*Line) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, l := range f.Lines {
		if l.Choice != l.Model || l.Time != l.ModelTime {
			t.Errorf("%+v: want the cost model's choice", l)
		}
	}
}

// The cost model's choice, with which the tuner compares, is that for as many images
// as its runs have.
func TestBatch(t *testing.T) {
	const model, key = "resnet18", "512x7x7->512x7x7,3x3,pad=1,add"
	algorithms := map[int]string{}
	for _, batch := range []int{1, 8} {
		tn := tunerOf(t, jointIsBest, model, batch)
		g := graph(t, model)
		if err := passes.Run(g, passes.Options{Batch: batch}); err != nil {
			t.Fatal(err)
		}
		for _, n := range g.Nodes {
			if n.Op != ir.Conv2D {
				continue
			}
			key, want := passes.ConvKey(n), n.Str("algorithm")
			i := slices.IndexFunc(tn.layers, func(l layer) bool { return l.key == key })
			if got := tn.layers[i].chosen.Algorithm; got != want {
				t.Errorf("batch %d, %s: %s by the cost model, want %s as compile -for-batch has it", batch, key, got, want)
			}
		}
		i := slices.IndexFunc(tn.layers, func(l layer) bool { return l.key == key })
		if i < 0 {
			t.Fatalf("%s has no convolution %s", model, key)
		}
		algorithms[batch] = tn.layers[i].chosen.Algorithm
	}
	if algorithms[1] == algorithms[8] {
		t.Errorf("%s: %v: want a convolution on which the batch has an influence", key, algorithms)
	}
}

// No candidate's kernels are called for so long that the garbage collector waits,
// and some of those that might are there.
func TestCandidatesAreShort(t *testing.T) {
	tn := tunerOf(t, jointIsBest, "resnet18", 8)
	longest := 0
	for _, l := range tn.layers {
		for _, c := range l.others {
			if !strings.HasPrefix(c.Schedule, "fused") || !strings.HasPrefix(l.key, "256x14x14->") && !strings.HasPrefix(l.key, "512x7x7->") {
				continue
			}
			p, err := tn.net.program(l.key, c)
			if err != nil {
				t.Fatal(err)
			}
			macs := codegen.CallMACs(p.Layers[len(p.Layers)-1], runtime.AVX512, 8)
			if longest = max(longest, macs); macs > codegen.LongestCall {
				t.Errorf("%s %v: a call takes %d multiply-adds, want up to %d", l.key, c, macs, codegen.LongestCall)
			}
		}
	}
	if longest < codegen.LongestCall/2 {
		t.Errorf("the longest call takes %d multiply-adds, some might take %d", longest, codegen.LongestCall)
	}
}

// An interrupted run keeps its lines, and the next one measures the rest only.
func TestResume(t *testing.T) {
	whole := tuner(t, jointIsBest)
	want := &File{Settings: whole.Settings}
	if err := run(t, whole, want, func(*Line) error { return nil }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	tn := tuner(t, jointIsBest)
	f := &File{Settings: tn.Settings}
	err := tn.Run(ctx, f, func(string) {}, func(*Line) error {
		if len(f.Lines) == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(f.Lines) != 2 {
		t.Fatalf("%v with %d lines, want 2", err, len(f.Lines))
	}
	var text strings.Builder
	if err := f.Write(&text); err != nil {
		t.Fatal(err)
	}
	if f, err = Parse("f.tune", []byte(text.String())); err != nil {
		t.Fatal(err)
	}
	if err := tn.Check(f); err != nil {
		t.Fatal(err)
	}
	var measured []string
	if err := run(t, tn, f, func(l *Line) error { measured = append(measured, l.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(measured) != len(want.Lines)-2 {
		t.Errorf("measured %v, want all but two of %d", measured, len(want.Lines))
	}
	for i := range f.Lines {
		f.Lines[i].Number = 0
	}
	if d := cmp.Diff(want.Lines, f.Lines); d != "" {
		t.Errorf("lines differ from those of a run at once:\n%s", d)
	}
	// A line that is taken out comes back where it was.
	f.Lines = slices.Delete(f.Lines, 1, 2)
	if err := run(t, tn, f, func(*Line) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.Lines, f.Lines); d != "" {
		t.Errorf("lines differ after one was measured again:\n%s", d)
	}
}

func TestCheck(t *testing.T) {
	tn := tuner(t, jointIsBest)
	f := &File{Path: "f.tune", Settings: tn.Settings}
	f.CPU = "another CPU"
	if err := tn.Check(f); err == nil || !strings.Contains(err.Error(), `f.tune was measured with cpu "another CPU"`) {
		t.Errorf("another CPU: %v", err)
	}
	f.CPU, f.Exact = "a CPU", "yes"
	if err := tn.Check(f); err == nil || !strings.Contains(err.Error(), `f.tune was measured with exact "yes", this is "no"`) {
		t.Errorf("exact algorithms only: %v", err)
	}
	f.Exact, f.Threads = "no", ""
	if err := tn.Check(f); err == nil || !strings.Contains(err.Error(), `f.tune does not say with which threads it was measured, this is "2"`) {
		t.Errorf("no threads: %v", err)
	}
	f.Threads = "2"
	f.Lines = []Line{{Key: "1x1x1->1x1x1,1x1", Number: 9}}
	if err := tn.Check(f); err == nil || !strings.Contains(err.Error(), "f.tune:9: resnet8_cifar has no convolution 1x1x1") {
		t.Errorf("a foreign line: %v", err)
	}
}

func TestErrors(t *testing.T) {
	tn := tuner(t, func(*runtime.Layer) time.Duration { return 0 })
	if err := run(t, tn, &File{}, nil); err == nil || !strings.Contains(err.Error(), "3x32x32->16x32x32,3x3,pad=1: broken timer") {
		t.Errorf("error %v", err)
	}
	full := errors.New("disk full")
	if err := run(t, tuner(t, jointIsBest), &File{}, func(*Line) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}
