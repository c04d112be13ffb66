package measure

import (
	"slices"
	"time"
)

// turn is the number of timed runs of an engine before it is the next one's
// turn, if they do not take less than turnTime together; up to turnMost do then.
// What runs a fraction of a millisecond needs many runs until the threads of the
// engine before it are out of its way.
const (
	turn     = 5
	turnMost = 50
	turnTime = 30 * time.Millisecond
)

// Steps is how often [Run] and [RunTraining] call their step function.
const Steps = 20

// takeTurns times the engines in turn, c.Count runs of each and on until c.Time
// is over, and sorts the times.
func takeTurns[E Timed](engines []E, timings []Timing, c Config, step func()) error {
	begin, steps := time.Now(), 0
	// The first turn, which is counted as well, tells how long a run takes.
	for done, n := 0, min(turn, c.Count); n > 0; {
		for i, e := range engines {
			t, err := e.Time(n)
			if err != nil {
				return err
			}
			timings[i].Times = append(timings[i].Times, t...)
		}
		done += n
		elapsed := time.Since(begin)
		for part := progress(done, elapsed, c); steps < int(part*Steps); steps++ {
			step()
		}
		n = turnMost
		if own := slices.Min(timings[0].Times); own > turnTime/turnMost {
			n = max(turn, int(turnTime/own))
		}
		if elapsed >= c.Time {
			n = min(n, c.Count-done)
		}
	}
	for i := range timings {
		t := &timings[i]
		slices.Sort(t.Times)
		t.Min, t.Median = t.Times.Min(), t.Times.Median()
	}
	return nil
}

// progress is the part of the work that is done, up to 1.
func progress(done int, elapsed time.Duration, c Config) float64 {
	part := min(1, float64(done)/float64(c.Count))
	if c.Time > 0 {
		part = min(part, float64(elapsed)/float64(c.Time))
	}
	return part
}
