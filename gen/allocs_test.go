package gen

import (
	"runtime"
	"testing"

	"github.com/resnetc/resnetc/gen/resnet20_cifar"
)

// TestAllocations wants runs on two threads to allocate nothing, from the second
// on: the first one starts a goroutine.  The packages' own tests count with
// testing.AllocsPerRun, beside which there is one thread only.
func TestAllocations(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, level := range resnet20_cifar.Levels() {
		if level == resnet20_cifar.PureGo && testing.Short() {
			continue
		}
		m, err := resnet20_cifar.New(resnet20_cifar.WithThreads(2), resnet20_cifar.WithKernels(level))
		if err != nil {
			t.Fatal(err)
		}
		const batch, runs = 2, 20
		const most = runs / 2 // of Go itself, for goroutines that wait: less than one a run
		w, src, dst := m.NewWorkspace(batch), make([]float32, batch*3*32*32), make([]float32, batch*m.Classes())
		run := func() {
			if err := w.Run(dst, src); err != nil {
				t.Fatal(err)
			}
		}
		run()
		var before, after runtime.MemStats
		least := ^uint64(0)
		for attempt := 0; attempt < 5 && least > most; attempt++ {
			runtime.ReadMemStats(&before)
			for range runs {
				run()
			}
			runtime.ReadMemStats(&after)
			least = min(least, after.Mallocs-before.Mallocs)
		}
		if least > most {
			t.Errorf("%v: %d allocations in %d runs on %d threads, want none a run", level, least, runs, m.Threads())
		}
		if m.Threads() != 2 {
			t.Errorf("%v: %d threads, want 2", level, m.Threads())
		}
		m.Close()
	}
}
