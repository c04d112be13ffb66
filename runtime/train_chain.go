package runtime

import "time"

// A chain is several rows that a task computes for a few images, one row after
// another, so that each row finds in the cache what the row before it wrote.
// Computed row by row, for all images, it would come from memory.  Chains change
// no bit: they leave the order of the rows that an image goes through as it is.
//
// A batch norm and its gradient are phases: sums of each image, factors from
// those of all images, a sweep over each image.  So chains begin with a sweep
// and end with the next sums:
//
//	sweep of a batch norm, convolution, sums of the next batch norm
//	sweep of a batch norm's gradient, gradient of a convolution's input, sums of the next

// stage is a row, or the phase of a row, that a chain computes.
type stage struct{ row, phase int }

// link is what chains have to do with a row.
type link struct {
	by   int  // row where a chain begins that does phases of this one; -1 for none
	all  bool // all of them, and not only the first
	pack int  // row that packs weights for the chain below, before it; -1 for none

	chain  []stage // begins with the row's last phase; nil for none
	bytes  int     // of an image in the largest activation
	active bool    // in the step at hand
}

// chainBytes is about how much a stage should write for the images of one task:
// with what it reads that fits into an L2 cache.
const chainBytes = 256 << 10

// chainTasks is how many tasks a chain should have for each thread, so that one
// that is late does not keep the others waiting for long.
const chainTasks = 4

// A chain has no convolution that uses a weight for less than chainReuse pixels
// of chainImages images: its time would be that of reading weights again for
// each task.
const (
	chainReuse  = 128
	chainImages = 4
)

// chains finds the chains of a program.
func (p *TrainProgram) chains() []link {
	links := make([]link, len(p.Layers))
	for i := range links {
		links[i].by, links[i].pack = -1, -1
	}
	for i := range links {
		if r := &p.Layers[i]; !links[i].all && r.perImage(r.lastPhase()) {
			p.chainFrom(links, i)
		}
	}
	return links
}

// chainFrom finds the chain that begins with the last phase of a row: the next
// rows, up to the first that needs something of all images.  It overtakes rows
// that read no result of its own, and whose operands it does not change.
func (p *TrainProgram) chainFrom(links []link, first int) {
	l := &links[first]
	chain, pack := []stage{{first, p.Layers[first].lastPhase()}}, -1
	overtaken := false // a row that reads the arena
search:
	for i := first + 1; i < len(p.Layers); i++ {
		r := &p.Layers[i]
		switch {
		case r.Op == TrainRunningAverage:
		case r.Op == TrainWeightGrad:
			overtaken = true
		case r.Op == TrainTurn || r.Op == TrainTransform:
			// All packed weights lie in one place, and a chain has it once.
			if overtaken || pack >= 0 || p.Layers[first].Layer.Weight == r.Layer.Weight || i+1 == len(p.Layers) || !p.Layers[i+1].perImage(0) {
				break search
			}
			pack = i
		case !overtaken && r.onlyPhase() && r.perImage(r.lastPhase()):
			chain = append(chain, stage{i, r.lastPhase()})
		case !r.onlyPhase() && r.perImage(0):
			chain = append(chain, stage{i, 0})
			break search
		default:
			break search
		}
	}
	if len(chain) == 1 {
		return
	}
	l.chain, l.pack = chain, pack
	if pack >= 0 {
		links[pack].by, links[pack].all = first, true
	}
	for k, s := range chain {
		r := &p.Layers[s.row]
		l.bytes = max(l.bytes, 4*r.Layer.In.elements(), 4*r.Layer.Out.elements())
		if k > 0 {
			links[s.row].by, links[s.row].all = first, r.onlyPhase()
		}
	}
}

// lastPhase is the number of a row's last phase, if it can be part of a chain.
func (r *TrainLayer) lastPhase() int {
	if r.Op == TrainBatchNorm || r.Op == TrainChannelGrad {
		return 2
	}
	return 0
}

// onlyPhase says that the row has no phase but the last one.
func (r *TrainLayer) onlyPhase() bool { return r.lastPhase() == 0 || r.Repeated }

// perImage says that a phase computes each image for itself, in tasks that are
// the planes of the images, and can be part of a chain.
func (r *TrainLayer) perImage(phase int) bool {
	l := &r.Layer
	switch r.Op {
	case TrainBatchNorm:
		return phase != 1
	case TrainChannelGrad:
		return phase == 0 || phase == 2 && l.Out.Channels > 0
	case TrainReLUGrad, TrainMaxPoolGrad, TrainAvgPoolGrad, TrainSpread, TrainSlice, TrainDrop:
		return true
	case TrainForward:
		if l.Op != OpConv {
			return true
		}
		images := max(1, min(chainImages, chainBytes/(4*max(l.In.elements(), l.Out.elements()))))
		return images*l.Out.Height*l.Out.Width >= chainReuse && (l.Winograd == 0 || l.Fused)
	}
	return false
}

// useChains decides about the chains of a step with so many images: those on
// activations that no cache holds are of use, where all threads find work.
func (t *Trainer) useChains(images int) {
	threads := t.w.team.size
	fit := images%threads == 0 || images >= chainTasks*threads
	for i := range t.links {
		l := &t.links[i]
		l.active = fit && l.chain != nil && images*l.bytes >= t.program.ChainBytes
	}
}

// runRow does a row, or what chains before it have left, and the chain that
// begins there.  It gives the time that it added to that of other rows.
func (t *Trainer) runRow(i int) (others time.Duration) {
	r, l := &t.program.Layers[i], &t.links[i]
	from := 0
	if l.by >= 0 && t.links[l.by].active {
		if l.all {
			return 0
		}
		from = 1
	}
	if !l.active {
		t.runPhases(r, from, phases)
		return 0
	}
	t.runPhases(r, from, r.lastPhase())
	if l.pack >= 0 {
		start := time.Now()
		t.runLayer(&t.program.Layers[l.pack])
		others = t.credit(l.pack, time.Since(start))
	}
	return others + t.runChain(l)
}

// credit adds to the time of a row.
func (t *Trainer) credit(row int, d time.Duration) time.Duration {
	t.w.times[row].elapsed += d
	return d
}

// runChain does a chain.  Its time is shared among the rows as that of all
// threads was.
func (t *Trainer) runChain(l *link) (others time.Duration) {
	images := t.w.images
	t.chain, t.group = l, max(1, min(chainBytes/l.bytes, images/(chainTasks*t.w.team.size)))
	start := time.Now()
	t.w.team.run((images+t.group-1)/t.group, 1, t.chainBody)
	elapsed := time.Since(start)
	total := time.Duration(0)
	for i := range t.scratch {
		for _, d := range t.scratch[i].spent[:len(l.chain)] {
			total += d
		}
	}
	for k, st := range l.chain {
		mine := time.Duration(0)
		for i := range t.scratch {
			mine += t.scratch[i].spent[k]
			t.scratch[i].spent[k] = 0
		}
		if k > 0 {
			others += t.credit(st.row, time.Duration(float64(elapsed)*float64(mine)/float64(max(total, 1))))
		}
	}
	return others
}

// chainRange does tasks of the chain at hand.
func (t *Trainer) chainRange(thread, from, to int) {
	s := &t.scratch[thread]
	for task := from; task < to; task++ {
		first := task * t.group
		n := min(t.group, t.w.images-first)
		at := time.Now()
		for k, st := range t.chain.chain {
			t.runStage(s, st, first, n)
			now := time.Now()
			s.spent[k] += now.Sub(at)
			at = now
		}
	}
}

// runStage does a stage for n images.
func (t *Trainer) runStage(s *trainThread, st stage, first, n int) {
	r := &t.program.Layers[st.row]
	if r.Op == TrainForward {
		s.lane.see(t.w.src, first, n)
		s.lane.compute(&r.Layer)
		s.lane.src = nil
		return
	}
	planes := r.Layer.Out.planes()
	if st.phase == 0 && r.lastPhase() > 0 {
		planes = r.Layer.In.planes() // which may be all that it has
	}
	for task := first * planes; task < (first+n)*planes; task++ {
		t.task(r, s, st.phase, task)
	}
}
