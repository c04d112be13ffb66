package runtime

import "math"

// eachLogit calls f for every class of an image, with its logit and its share
// of the target, and the logarithm of the sum of all exponentials.
func (t *Trainer) eachLogit(r *TrainLayer, image int, f func(c int, logit, logSum, target float64)) {
	in := &r.Layer.In
	x := t.w.arena[t.w.base(*in, image):][:in.Channels]
	largest, sum := math.Inf(-1), 0.0
	for _, v := range x {
		largest = math.Max(largest, float64(v))
	}
	for _, v := range x {
		sum += math.Exp(float64(v) - largest)
	}
	logSum := largest + math.Log(sum)
	for c, v := range x {
		target := r.Smoothing / float64(len(x))
		if c == int(t.labels[image]) {
			target += 1 - r.Smoothing
		}
		f(c, float64(v), logSum, target)
	}
}

// loss is the cross-entropy, the mean over the images.
func (t *Trainer) loss(r *TrainLayer) {
	loss := 0.0
	for image := range t.w.images {
		t.eachLogit(r, image, func(_ int, logit, logSum, target float64) {
			if target != 0 { // 0 times an infinite logarithm is 0
				loss += float64(target * (logSum - logit))
			}
		})
	}
	t.store[r.Param] = float32(loss / float64(t.w.images))
}

// lossGrad is (softmax(logits)-target)/images.
func (t *Trainer) lossGrad(r *TrainLayer, image int) {
	dst := t.w.arena[t.w.base(r.Layer.Out, image):][:r.Layer.Out.size()]
	clear(dst)
	n := float64(t.w.images)
	t.eachLogit(r, image, func(c int, logit, logSum, target float64) {
		dst[c] = float32((math.Exp(logit-logSum) - target) / n)
	})
}

// softmaxGrad is y*(dy-sum(dy*y)), the sum over the channels of a pixel.
func (t *Trainer) softmaxGrad(r *TrainLayer, image int) {
	dy, y, out := &r.Layer.In, &r.Layer.In2, &r.Layer.Out
	value := func(b *Buffer, c, row, x int) *float32 {
		return &t.w.arena[t.w.base(*b, image)+c/block*b.plane()+(row+b.Halo)*b.row()+(x+b.Halo)*block+c%block]
	}
	for row := range out.Height {
		for x := range out.Width {
			sum := 0.0
			for c := range out.Channels {
				sum += float64(float64(*value(dy, c, row, x)) * float64(*value(y, c, row, x)))
			}
			for c := range out.planes() * block {
				v := float32(0)
				if c < out.Channels {
					v = float32(float64(*value(y, c, row, x)) * (float64(*value(dy, c, row, x)) - sum))
				}
				*value(out, c, row, x) = v
			}
		}
	}
	for plane := range out.planes() {
		t.clearBorder(out, image, plane)
	}
}
