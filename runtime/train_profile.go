package runtime

import "time"

// Profile gives the time of each row of the steps so far, those of
// [Trainer.Evaluate] left out.  The first call takes a moment to measure the
// machine's peak.
func (t *Trainer) Profile() Profile {
	p := t.program
	layers := make([]LayerProfile, len(p.Layers))
	for i := range p.Layers {
		r, all := &p.Layers[i], t.w.times[i]
		op := r.Op.String()
		if r.Op == TrainForward {
			op = r.Layer.Op.String()
		}
		layers[i] = LayerProfile{
			Name:     r.Layer.Name,
			Op:       op,
			Duration: all.elapsed,
			Runs:     all.runs,
			MACs:     r.Layer.MACs * all.images,
			Bytes:    r.storeBytes()*all.runs + (r.Layer.ImageBytes()+4*r.Mask.elements())*all.images,
		}
	}
	return Profile{Name: p.Name, Kernels: t.w.m.kernels.level, Layers: layers, Peak: t.w.m.peak()}
}

// ResetProfile forgets the times of earlier steps.
func (t *Trainer) ResetProfile() { clear(t.w.times) }

// storeBytes is what a row moves of weights, their gradients and the
// optimizer's state, each once.
func (r *TrainLayer) storeBytes() int {
	n := 0
	switch r.Op {
	case TrainForward:
		return r.Layer.weightBytes()
	case TrainWeightGrad:
		n = r.Slot.Stored()
	case TrainTurn, TrainTransform:
		n = r.Slot.Stored()
		packed := n
		if m := r.Layer.Winograd; m > 0 {
			packed = n / 9 * (m + 2) * (m + 2)
		}
		n += packed
	case TrainSum:
		n = 3 * r.Size
	case TrainSGD, TrainAdamW:
		n = 3 * r.Size // parameter, read and written, and gradient
		for _, kept := range []int{r.First, r.Second} {
			if kept >= 0 {
				n += 2 * r.Size
			}
		}
	case TrainGradNorm:
		for i := range r.Parts {
			n += r.Parts[i].Stored()
		}
	}
	return 4 * n
}

// measure adds the time since a moment to that of row i, and gives the time at
// which the next row begins.
func (t *Trainer) measure(i int, since time.Time) time.Time {
	now := time.Now()
	t.w.times[i].add(layerTime{now.Sub(since), 1, t.w.images})
	return now
}
