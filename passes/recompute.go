package passes

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

// recompute makes a training step fit into o.Memory: of the way to the loss it
// keeps some values for the way back and computes the others again there (Chen,
// Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost",
// arXiv 1604.06174), with the least time of recomputation that a cost model
// finds.  Every value has the same bits as before.
//
// The model knows sizes, but not what results lie in the place of operands, or
// how well buffers pack; so it is asked for plans until the real figure comes
// close to what there is.
func recompute(g *ir.Graph, o Options) error {
	if o.Memory == 0 || !isTraining(g) {
		return nil
	}
	s := newStepGraph(g)
	if s == nil {
		return nil
	}
	images := int64(max(1, o.Batch))
	limit := int((o.Memory - o.FixedMemory) / 4 / images)
	bufs := buffers(g)
	most := lowerBound(bufs)
	if most <= limit && arenaWithin(bufs, limit) {
		return nil
	}
	p := newPlanner(s)
	// arena is what a plan really takes; with try it is compared with the limit.
	arena := func(list []segment) int {
		undo := s.recompute(p.keep(list))
		defer undo()
		return lowerBound(buffers(g))
	}
	var best []segment
	target := limit // becomes less if buffers do not pack that well
	for range 4 {
		if best = p.search(target, most, arena); best == nil {
			break
		}
		undo := s.recompute(p.keep(best))
		if arenaWithin(buffers(g), limit) {
			return nil
		}
		undo()
		target -= limit / 50
	}
	least := p.least(most, arena)
	return o.tooLittle(images, least)
}

// arenaWithin reports whether the buffers can be placed within a limit.
func arenaWithin(bufs []*buffer, limit int) bool {
	_, arena := place(bufs)
	return arena <= limit
}

// search asks the model for plans under several budgets, and gives that of the
// largest whose real arena is within the limit; nil if there is none.
func (p *planner) search(limit, most int, arena func([]segment) int) (best []segment) {
	low, high := 0, most
	budget := limit // as if the model were right
	for range 12 {
		if budget <= low || budget >= high {
			budget = low + (high-low)/2
		}
		if high-low <= most/500 || budget <= 0 {
			break
		}
		list := p.segments(budget)
		if list == nil {
			low, budget = budget, 0
			continue
		}
		real := arena(list)
		if real <= limit {
			best, low = list, budget
			if real > limit-limit/100 {
				break
			}
		} else {
			high = budget
		}
		budget = int(float64(budget) * float64(limit) / float64(real))
	}
	return best
}

// least is the arena of the plan with the smallest budget that the model can meet.
func (p *planner) least(most int, arena func([]segment) int) int {
	low, high, list := 0, most, []segment(nil)
	for high-low > most/1000+1 {
		budget := low + (high-low)/2
		if l := p.segments(budget); l != nil {
			list, high = l, budget
		} else {
			low = budget
		}
	}
	if list == nil {
		return most
	}
	return min(most, arena(list))
}

// tooLittle is the error for a limit that no plan meets, given the smallest
// arena of one image.
func (o *Options) tooLittle(images int64, arena int) error {
	need := o.FixedMemory + 4*images*int64(arena)
	fits := (o.Memory - o.FixedMemory) / 4 / int64(arena)
	advice := "raise the limit"
	if fits > 0 {
		advice += fmt.Sprintf(", or take batches of at most %d", fits)
	}
	return fmt.Errorf("the memory limit is %s, and a step of %d images takes at least %s: %s for the parameters and what comes with them, and %s for each image, with all recomputation that is of use; %s",
		megabytes(o.Memory), images, megabytes(need), megabytes(o.FixedMemory), megabytes(4*int64(arena)), advice)
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
