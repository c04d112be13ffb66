package runtime

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestProfileTable(t *testing.T) {
	p := Profile{
		Name:    "net",
		Kernels: AVX2,
		Peak:    100,
		Layers: []LayerProfile{
			{Name: "conv1", Op: "conv2d", Duration: 3 * time.Millisecond, Runs: 2, MACs: 75e6, Bytes: 6e6},
			{Name: "layer1.0.conv1", Op: "max_pool", Duration: time.Millisecond, Runs: 2, Bytes: 1e6},
		},
	}
	var b strings.Builder
	if err := p.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	want := `net, avx2 kernels, 2 runs
      µs      %  GFLOP/s  % of peak  GB/s        op  layer
  1500.0   75.0     50.0         50   2.0    conv2d  conv1
   500.0   25.0      0.0              1.0  max_pool  layer1.0.conv1
  2000.0  100.0     37.5         38   1.8            total
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if len(p.Layers) != 2 {
		t.Errorf("printing has added to the layers: %d", len(p.Layers))
	}
}

func TestProfileWithoutRuns(t *testing.T) {
	p := Profile{Name: "net", Layers: []LayerProfile{{Name: "conv1", Op: "conv2d", MACs: 10}}}
	var b strings.Builder
	if err := p.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
		t.Errorf("division by zero:\n%s", b.String())
	}
	if p.PeakShare(p.Layers[0]) != 0 {
		t.Error("a share of an unknown peak")
	}
}

type brokenWriter struct{ after int }

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.after--; w.after < 0 {
		return 0, errDiskFull
	}
	return len(b), nil
}

var errDiskFull = errors.New("disk full")

func TestProfileTellsWriteErrors(t *testing.T) {
	p := Profile{Layers: []LayerProfile{{Name: "conv1"}}}
	for after := range 2 {
		if err := p.WriteTable(&brokenWriter{after}); !errors.Is(err, errDiskFull) {
			t.Errorf("writer that breaks after %d writes: %v", after, err)
		}
	}
}

// The peak comes from the kernels at hand, each of which is tried; a set with no
// kernel that could be measured has none.
func TestMeasurePeak(t *testing.T) {
	if got := measurePeak(&kernelSet{}, 2); got != 0 {
		t.Errorf("no kernels, but a peak of %v GFLOP/s", got)
	}
	calls := map[[2]int]int{}
	set := &kernelSet{}
	for _, tile := range [][2]int{{1, 2}, {2, 3}, {4, 1}} {
		set.conv[convBlockedS1][tile[0]][tile[1]] = func(a *convArgs) {
			calls[tile]++
			convGeneric(a, convBlockedS1, tile[0], tile[1])
		}
	}
	if got := measurePeak(set, 2); got <= 0 || got > 1e5 {
		t.Errorf("peak of %v GFLOP/s", got)
	}
	if len(calls) != 3 {
		t.Errorf("three kernels, but calls of %v", calls)
	}
}
