package peers

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkEngines times every engine on one image, in turn, and reports for
// each the fastest and the median run in milliseconds:
//
//	go test -run '^$' -bench Engines/model=resnet50 -benchtime 10x ./cmd/resnetc/peers
//
// One iteration is a series of 5 runs of each engine.
func BenchmarkEngines(b *testing.B) {
	for _, model := range []string{"resnet18", "resnet50"} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("model=%s/threads=%d", model, threads), func(b *testing.B) { benchmark(b, model, threads) })
		}
	}
}

func benchmark(b *testing.B, model string, threads int) {
	path := export(b, zooGraph(b, model), 1)
	var running []*Peer
	for _, e := range engines(b) {
		p, err := Start(b.Context(), e.Name, path, 1, threads)
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		running = append(running, p)
	}
	times := make([][]time.Duration, len(running))
	for b.Loop() {
		for i, p := range running {
			t, err := p.Time(5)
			if err != nil {
				b.Fatal(err)
			}
			times[i] = append(times[i], t...)
		}
	}
	b.ReportMetric(0, "ns/op") // the sum over engines says nothing
	for i, p := range running {
		slices.Sort(times[i])
		b.ReportMetric(times[i][0].Seconds()*1e3, p.name+"-min-ms")
		b.ReportMetric(times[i][len(times[i])/2].Seconds()*1e3, p.name+"-median-ms")
		if s, err := p.Stats(); err != nil {
			b.Error(err)
		} else {
			b.Logf("%s: start-up %v, first run %v, conversion %v, peak memory %d MiB", p.name,
				s.Startup.Round(time.Millisecond), s.First.Round(time.Millisecond), s.Convert.Round(time.Millisecond), s.PeakRSS>>20)
		}
	}
}
