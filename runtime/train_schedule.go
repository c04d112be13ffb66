package runtime

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Schedule gives the learning rate of every step.  All lengths are in steps,
// from the first one, step 0, on.
type Schedule struct {
	// Kind is "constant", "step" (times Gamma every Every steps), "multi-step"
	// (times Gamma at each of Milestones), "cosine" (from LR to Min at Total;
	// Loshchilov, Hutter, "SGDR", without restarts) or "one-cycle" (Smith,
	// Topin, "Super-Convergence", with PyTorch's OneCycleLR and its cosines:
	// from LR/25 up to LR after 30% of Total, then down to LR/250000).
	Kind       string  `json:"kind"`
	LR         float64 `json:"lr"` // the largest rate
	Every      int     `json:"every,omitempty"`
	Milestones []int   `json:"milestones,omitempty"`
	Gamma      float64 `json:"gamma,omitempty"`
	Total      int     `json:"total,omitempty"`
	Min        float64 `json:"min,omitempty"`
	// Warmup is the number of steps in which the rate rises in a straight line
	// from WarmupFrom times what it would be; not for one-cycle.  A cosine
	// begins after it; milestones count from step 0.
	Warmup     int     `json:"warmup,omitempty"`
	WarmupFrom float64 `json:"warmup_from,omitempty"`
}

// OneCycleLR's defaults.
const (
	oneCycleRise  = 0.3
	oneCycleStart = 25
	oneCycleEnd   = 1e4 // below the start
)

// ScheduleKinds are the values of Schedule.Kind.
func ScheduleKinds() []string {
	return []string{"constant", "step", "multi-step", "cosine", "one-cycle"}
}

// At is the learning rate of a step.
func (s Schedule) At(step int) float32 {
	rate := s.LR
	switch s.Kind {
	case "step":
		rate *= math.Pow(s.Gamma, float64(step/s.Every))
	case "multi-step":
		for _, m := range s.Milestones {
			if step >= m {
				rate *= s.Gamma
			}
		}
	case "cosine":
		rate = anneal(s.LR, s.Min, float64(step-s.Warmup)/float64(max(1, s.Total-s.Warmup)))
	case "one-cycle":
		top := float64(oneCycleRise*float64(s.Total)) - 1
		start := s.LR / oneCycleStart
		if at := float64(step); at <= top {
			return float32(anneal(start, s.LR, at/top))
		}
		return float32(anneal(s.LR, start/oneCycleEnd, (float64(step)-top)/(float64(s.Total-1)-top)))
	}
	if step < s.Warmup {
		rate *= s.WarmupFrom + float64((1-s.WarmupFrom)*float64(step))/float64(s.Warmup)
	}
	return float32(rate)
}

// anneal goes from one value to another along half a cosine, and stays there.
func anneal(from, to, part float64) float64 {
	part = min(max(part, 0), 1)
	return to + float64((from-to)/2*(1+math.Cos(math.Pi*part)))
}

func (s Schedule) check() error {
	switch {
	case !slices.Contains(ScheduleKinds(), s.Kind):
		return fmt.Errorf("schedule %q, want one of %s", s.Kind, strings.Join(ScheduleKinds(), ", "))
	case !(s.LR > 0) || math.IsInf(s.LR, 0):
		return fmt.Errorf("learning rate %v, want one above 0", s.LR)
	case s.Kind == "step" && s.Every < 1:
		return fmt.Errorf("schedule step: the rate falls every %d steps, want at least 1", s.Every)
	case s.Kind == "multi-step" && !slices.IsSorted(s.Milestones):
		return fmt.Errorf("schedule multi-step: milestones %v, want them in order", s.Milestones)
	case (s.Kind == "step" || s.Kind == "multi-step") && !(s.Gamma > 0 && s.Gamma <= 1):
		return fmt.Errorf("schedule %s: factor %v, want one above 0 and up to 1", s.Kind, s.Gamma)
	case (s.Kind == "cosine" || s.Kind == "one-cycle") && s.Total < 1:
		return fmt.Errorf("schedule %s: %d steps in all, want at least 1", s.Kind, s.Total)
	case s.Kind == "one-cycle" && s.Total < 4:
		return fmt.Errorf("schedule one-cycle: %d steps in all, too few to rise and fall", s.Total)
	case s.Kind == "one-cycle" && s.Warmup > 0:
		return fmt.Errorf("schedule one-cycle: it rises by itself, leave the warm-up (%d steps) out", s.Warmup)
	case s.Min < 0 || s.Min > s.LR:
		return fmt.Errorf("schedule: smallest rate %v, want one from 0 to %v", s.Min, s.LR)
	case s.Warmup < 0 || s.WarmupFrom < 0 || s.WarmupFrom > 1:
		return fmt.Errorf("schedule: warm-up of %d steps from %v, want 0 or more from a factor between 0 and 1", s.Warmup, s.WarmupFrom)
	}
	return nil
}
