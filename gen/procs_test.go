package gen

import (
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"sync"
	"testing"

	"github.com/resnetc/resnetc/gen/resnet20_cifar"
)

// TestProcs runs several workspaces at once, with fewer threads of the scheduler
// than the model asks for and with more, and wants the same bits always.
func TestProcs(t *testing.T) {
	batches, counts := []int{1, 2, 7, 33}, []int{1, 2, 16} // large batches are divided among the threads
	if testing.Short() {
		batches, counts = []int{1, 2, 3}, []int{1, 16}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	type job struct{ src, want []float32 }
	var jobs []job
	alone := newModel(t, 1)
	for _, batch := range batches {
		j := job{src: make([]float32, batch*3*32*32), want: make([]float32, batch*alone.Classes())}
		for i := range j.src {
			j.src[i] = 2*rng.Float32() - 1
		}
		if err := alone.NewWorkspace(batch).Run(j.want, j.src); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, j)
	}
	defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(0))
	for _, procs := range counts {
		goruntime.GOMAXPROCS(procs)
		for _, threads := range counts[1:] {
			t.Run(fmt.Sprintf("procs=%d/threads=%d", procs, threads), func(t *testing.T) {
				m := newModel(t, threads)
				var all sync.WaitGroup
				for i, j := range jobs {
					for range 2 { // workspaces of each size
						all.Go(func() {
							w, got := m.NewWorkspace(batches[i]), make([]float32, len(j.want))
							for range 2 {
								clear(got)
								if err := w.Run(got, j.src); err != nil {
									t.Error(err)
								} else if !slices.Equal(got, j.want) {
									t.Errorf("a batch of %d gives other logits than alone on one thread", batches[i])
								}
							}
						})
					}
				}
				all.Wait()
			})
		}
	}
}

func newModel(t *testing.T, threads int) *resnet20_cifar.Model {
	t.Helper()
	m, err := resnet20_cifar.New(resnet20_cifar.WithThreads(threads))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}
