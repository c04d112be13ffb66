package runtime

import "math"

// eltwise computes one plane of an elementwise layer, row by row, or in one
// call where no halo lies between the rows.
func (w *lane) eltwise(l *Layer, t *thread, image, plane int) {
	a, out := &t.eltwise, &l.Out
	*a = eltwiseArgs{}
	kernel := w.m.kernels.relu
	switch l.Op {
	case OpAdd:
		kernel = w.m.kernels.add
	case OpAffine:
		kernel = w.m.kernels.affine
		a.scale = &w.m.weights.floats[l.Weight+plane*block]
		a.bias = &w.m.weights.floats[l.Bias+plane*block]
	}
	if l.ReLU {
		a.flags = flagReLU
	}
	rows, pixels := out.Height, out.Width
	if l.In.Halo == 0 && l.In2.Halo == 0 && out.Halo == 0 {
		rows, pixels = 1, rows*pixels
	}
	a.pixels = pixels
	for y := range rows {
		a.a = w.at(l.In, image, plane, y)
		if l.Op == OpAdd {
			a.b = w.at(l.In2, image, plane, y)
		}
		a.out = w.at(*out, image, plane, y)
		callEltwise(kernel, a)
		if l.clearsHalo() {
			clearHalo(w.arena[w.base(*out, image)+plane*out.plane():], *out, y)
		}
	}
}

// at is the first pixel of a row.
func (w *lane) at(b Buffer, image, plane, y int) *float32 {
	return &w.arena[w.base(b, image)+plane*b.plane()+(y+b.Halo)*b.row()+b.Halo*b.Block]
}

// callEltwise is a point where the goroutine can be preempted; see callConv.
//
//go:noinline
func callEltwise(k eltwiseKernel, a *eltwiseArgs) { k(a) }

// softmax normalizes the channels of every pixel of an image, in float64,
// after subtracting the largest so that no exponential overflows.
func (w *lane) softmax(l *Layer, image int) {
	in, out := &l.In, &l.Out
	for y := range out.Height {
		for x := range out.Width {
			value := func(b *Buffer, c int) *float32 {
				return &w.arena[w.base(*b, image)+c/block*b.plane()+(y+b.Halo)*b.row()+(x+b.Halo)*block+c%block]
			}
			largest, sum := math.Inf(-1), 0.0
			for c := range in.Channels {
				largest = math.Max(largest, float64(*value(in, c)))
			}
			for c := range in.Channels {
				sum += math.Exp(float64(*value(in, c)) - largest)
			}
			for c := range out.planes() * block {
				v := float32(0)
				if c < in.Channels {
					v = float32(math.Exp(float64(*value(in, c))-largest) / sum)
				}
				*value(out, c) = v
			}
		}
		for plane := range out.planes() {
			clearHalo(w.arena[w.base(*out, image)+plane*out.plane():], *out, y)
		}
	}
}
