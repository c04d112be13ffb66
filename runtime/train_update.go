package runtime

import "math"

// updateChunk is how many elements of a parameter a task updates.
const updateChunk = 16 << 10

// part is the piece of a tensor in the store that a task updates.
func (t *Trainer) part(r *TrainLayer, offset, task int) []float32 {
	from := task * updateChunk
	return t.store[offset+from : offset+min(from+updateChunk, r.Size)]
}

// gradScale is the factor of all gradients.
func (t *Trainer) gradScale(r *TrainLayer) float32 {
	if r.Scale >= 0 {
		return t.store[r.Scale]
	}
	return 1
}

// sgd is torch.optim.SGD.
func (t *Trainer) sgd(r *TrainLayer, task int) {
	param, grad := t.part(r, r.Param, task), t.part(r, r.Grad, task)
	scale, decay, momentum, rate := t.gradScale(r), float32(r.Decay), float32(r.Momentum), t.rate
	if r.First < 0 {
		for i, p := range param {
			param[i] = p - float32(rate*(float32(scale*grad[i])+float32(decay*p)))
		}
		return
	}
	velocity := t.part(r, r.First, task)[:len(param)]
	grad = grad[:len(param)]
	for i, p := range param {
		g := float32(scale*grad[i]) + float32(decay*p)
		v := float32(momentum*velocity[i]) + g
		velocity[i] = v
		if r.Nesterov {
			v = g + float32(momentum*v)
		}
		param[i] = p - float32(rate*v)
	}
}

// adamW is torch.optim.AdamW (arXiv 1711.05101).
func (t *Trainer) adamW(r *TrainLayer, task int) {
	param, grad := t.part(r, r.Param, task), t.part(r, r.Grad, task)
	first, second := t.part(r, r.First, task), t.part(r, r.Second, task)
	n := float64(t.step) + 1
	rate := float64(t.rate)
	size, root := rate/(1-math.Pow(r.Beta1, n)), math.Sqrt(1-math.Pow(r.Beta2, n))
	scale := float64(t.gradScale(r))
	for i, p := range param {
		g := scale * float64(grad[i])
		m := float64(r.Beta1*float64(first[i])) + float64((1-r.Beta1)*g)
		v := float64(r.Beta2*float64(second[i])) + float64((1-r.Beta2)*g*g)
		first[i], second[i] = float32(m), float32(v)
		x := float64(p)
		x -= float64(rate * r.Decay * x)
		param[i] = float32(x - float64(size*m)/(math.Sqrt(v)/root+r.Eps))
	}
}

// sum adds two gradients of one parameter.
func (t *Trainer) sum(r *TrainLayer, task int) {
	out, a, b := t.part(r, r.Param, task), t.part(r, r.First, task), t.part(r, r.Second, task)
	for i := range out {
		out[i] = a[i] + b[i]
	}
}

// gradNorm is the norm of all gradients, in Param, and the factor that clips it
// to Decay, in Scale (arXiv 1211.5063).
func (t *Trainer) gradNorm(r *TrainLayer) {
	squares := 0.0
	for i := range r.Parts {
		for _, x := range t.store[r.Parts[i].Offset:][:r.Parts[i].Stored()] {
			squares += float64(float64(x) * float64(x))
		}
	}
	norm := math.Sqrt(squares)
	t.store[r.Param] = float32(norm)
	t.store[r.Scale] = float32(math.Min(1, r.Decay/(norm+1e-6)))
}
