package runtime

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

var benchSink [64]struct {
	x float64
	_ [120]byte
}

// compute passes the time of n steps of a chain of dependent operations.
func compute(thread, n int) {
	x := benchSink[thread].x
	for range n {
		x = x*0.999 + 1
	}
	benchSink[thread].x = x
}

// stepsFor returns how many steps take about d.
func stepsFor(d time.Duration) int {
	const n = 1 << 20
	best := time.Hour
	for range 5 {
		start := time.Now()
		compute(0, n)
		best = min(best, time.Since(start))
	}
	return int(float64(n) * float64(d) / float64(best))
}

// BenchmarkForkJoin computes two halves, one after the other, on the pool in
// one and in eight pieces a half, and by starting a goroutine for one of them.
func BenchmarkForkJoin(b *testing.B) {
	for _, half := range []time.Duration{2, 10, 50, 200} {
		half *= time.Microsecond
		steps := stepsFor(half)
		bench := func(name string, f func()) {
			b.Run(fmt.Sprintf("half=%v/%s", half, name), func(b *testing.B) {
				for b.Loop() {
					f()
				}
			})
		}
		bench("serial", func() { compute(0, steps); compute(0, steps) })
		bench("goroutine", func() {
			var wg sync.WaitGroup
			wg.Go(func() { compute(1, steps) })
			compute(0, steps)
			wg.Wait()
		})
		for _, pieces := range []int{1, 8} {
			p := newPool(2)
			team := p.newTeam()
			if err := team.acquire(0); err != nil {
				b.Fatal(err)
			}
			do := func(thread, from, to int) { compute(thread, steps*(to-from)/pieces) }
			bench(fmt.Sprintf("pool%d", pieces), func() { team.run(2*pieces, 1, do) })
			team.release()
			p.close()
		}
	}
}
