package gen

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/resnetc/resnetc/gen/resnet20_cifar"
)

// TestPauses wants garbage collections to stop the world quickly while a model
// runs: assembly cannot be preempted, so no kernel call may be long and none
// may follow the last without a point to stop at.  The machine may be busy with
// other work, which delays a stop too, so plain Go in the place of the model is
// measured in turn, and one good round is enough.
func TestPauses(t *testing.T) {
	m, err := resnet20_cifar.New()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const batch = 64
	src := make([]float32, batch*3*32*32)
	model := func() func() {
		w, dst := m.NewWorkspace(batch), make([]float32, batch*m.Classes())
		return func() {
			if err := w.Run(dst, src); err != nil {
				t.Error(err)
			}
		}
	}
	plain := func() func() {
		x := make([]float32, len(src))
		return func() {
			for i := range x {
				x[0] += x[i]
			}
		}
	}
	const enough = 10 * time.Millisecond
	for range 10 {
		beside, alone := worstBeside(model), worstBeside(plain)
		t.Logf("worst pause beside the model %v, beside plain Go %v", beside, alone)
		if beside <= max(enough, 2*alone) {
			return
		}
	}
	t.Errorf("every round had a pause above %v and above twice that of plain Go", enough)
}

// worstBeside is the longest pause of some collections beside two goroutines,
// each of which calls a function of its own over and over.
func worstBeside(work func() func()) time.Duration {
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for f := work(); !stop.Load(); {
				f()
			}
		})
	}
	before := pauses()
	for range 10 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	worst := worstPause(before, pauses())
	stop.Store(true)
	wg.Wait()
	return worst
}

// pauses is the histogram of all times that the world was stopped for garbage
// collections, the waiting for goroutines to stop included.
func pauses() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// worstPause is the longest pause between two histograms, to the next higher
// boundary of a bucket.
func worstPause(before, after *metrics.Float64Histogram) time.Duration {
	worst := 0.0
	for i, n := range after.Counts {
		if n > before.Counts[i] {
			worst = after.Buckets[i+1]
		}
	}
	return time.Duration(worst * float64(time.Second))
}
