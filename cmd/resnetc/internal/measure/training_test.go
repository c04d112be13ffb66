package measure

import (
	"math"
	"strings"
	"testing"
	"time"
)

// steady is a trainer whose losses are given.
type steady struct {
	losses []float32
	steps  int
}

func (s *steady) Step([]float32, []int32) (float32, error) {
	s.steps++
	return s.losses[s.steps-1], nil
}
func (s *steady) Time(n int) ([]time.Duration, error) { return make([]time.Duration, n), nil }
func (s *steady) Stats() (Stats, error)               { return Stats{}, nil }
func (s *steady) Close() error                        { return nil }

// TestCompareLosses wants no timing of trainers that do not take the same steps.
func TestCompareLosses(t *testing.T) {
	own := []float32{2, 1.9, 1.8}
	for _, c := range []struct {
		losses []float32
		want   string // in the error; "" for none
	}{
		{[]float32{2.0001, 1.91, 1.85}, ""},
		{[]float32{2.001, 1.9, 1.8}, "step 0: the generated trainer's loss is 2, that of pytorch 2.001: 0.0005 of it off, want at most 0.0001"},
		{[]float32{2, 2, 1.8}, "step 1: "},
		{[]float32{2, 1.9, float32(math.NaN())}, "step 2: "},
	} {
		r := Result{Config: Config{Batch: 2, Versus: []Opponent{{Name: "pytorch"}}}, Engines: make([]Timing, 2)}
		err := compareLosses([]Trainer{&steady{losses: own}, &steady{losses: c.losses}}, [3]int{1, 2, 2}, 10, &r)
		if c.want == "" && (err != nil || !(r.Engines[1].Difference > 0.02)) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: error %v, difference %v, want %q", c.losses, err, r.Engines[1].Difference, c.want)
		}
	}
}

// paced is an engine whose runs all take as long, by its own clock.
type paced struct {
	*steady
	run   time.Duration
	turns []int
}

func (p *paced) Time(n int) ([]time.Duration, error) {
	p.turns = append(p.turns, n)
	times := make([]time.Duration, n)
	for i := range times {
		times[i] = p.run
	}
	return times, nil
}

// TestTurns wants the runs that were asked for, in turns that grow for short runs only.
func TestTurns(t *testing.T) {
	for _, c := range []struct {
		run   time.Duration
		count int
		want  []int
	}{
		{time.Second, 12, []int{5, 5, 2}},
		{3 * time.Millisecond, 25, []int{5, 10, 10}},
		{time.Microsecond, 100, []int{5, 50, 45}},
		{time.Second, 1, []int{1}},
	} {
		a, b, steps := &paced{run: c.run}, &paced{run: 2 * c.run}, 0
		timings := make([]Timing, 2)
		if err := takeTurns([]*paced{a, b}, timings, Config{Count: c.count}, func() { steps++ }); err != nil {
			t.Fatal(err)
		}
		if len(a.turns) != len(c.want) || len(b.turns) != len(c.want) || len(timings[1].Times) != c.count || timings[1].Median != 2*c.run || steps != Steps {
			t.Errorf("%v: turns %v and %v, %d times, median %v, %d steps; want turns %v", c.run, a.turns, b.turns, len(timings[1].Times), timings[1].Median, steps, c.want)
			continue
		}
		for i, n := range c.want {
			if a.turns[i] != n {
				t.Errorf("%v: turns %v, want %v", c.run, a.turns, c.want)
			}
		}
	}
	// Time goes on after the count.
	a := &paced{run: time.Second}
	if err := takeTurns([]*paced{a}, make([]Timing, 1), Config{Count: 1, Time: 20 * time.Millisecond}, func() {}); err != nil || len(a.turns) < 2 {
		t.Errorf("turns %v, error %v, want many", a.turns, err)
	}
}
