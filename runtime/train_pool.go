package runtime

// maxPoolGrad sends each dy to one element of its window.  As in [lane.window]
// the windows in the middle of a row share a call.
func (t *Trainer) maxPoolGrad(r *TrainLayer, s *trainThread, image, plane int) {
	l := &r.Layer
	dy, in, out := &l.In, &l.In2, &l.Out
	grad, x, dx := t.plane(*dy, image, plane), t.plane(*in, image, plane), t.plane(*out, image, plane)
	a := &s.pool
	*a = maxPoolGradArgs{xRow: 4 * in.row(), dxRow: 4 * out.row(), step: 4 * block * l.Stride[1]}
	cleared := 0 // just before sums need it, it is in the cache then
	for y := range dy.Height {
		top, kh, _ := clip(y*l.Stride[0]-l.Padding[0], l.Kernel[0], in.Height, 0)
		if next := (top + kh + out.Halo) * out.row(); next > cleared {
			clear(dx[cleared:next])
			cleared = next
		}
		a.kh = kh
		for col := 0; col < dy.Width; col += a.pixels {
			left, kw, _ := clip(col*l.Stride[1]-l.Padding[1], l.Kernel[1], in.Width, 0)
			a.kw, a.pixels = kw, 1
			if kw == l.Kernel[1] {
				a.pixels = min(dy.Width-col, (in.Width-left-kw)/l.Stride[1]+1)
			}
			a.x = &x[(top+in.Halo)*in.row()+(left+in.Halo)*block]
			a.dx = &dx[(top+out.Halo)*out.row()+(left+out.Halo)*block]
			a.dy = &grad[(y+dy.Halo)*dy.row()+(col+dy.Halo)*block]
			callMaxPoolGrad(t.kernels.maxPoolGrad, a)
		}
	}
	clear(dx[cleared:])
}

// callMaxPoolGrad is a point where the goroutine can be preempted; see callConv.
//
//go:noinline
func callMaxPoolGrad(k maxPoolGradKernel, a *maxPoolGradArgs) { k(a) }

// avgPoolGrad shares each dy among the elements of its window.
func (t *Trainer) avgPoolGrad(r *TrainLayer, image, plane int) {
	l := &r.Layer
	dy, out := &l.In, &l.Out
	grad, dx := t.plane(*dy, image, plane), t.plane(*out, image, plane)
	clear(dx)
	for y := range dy.Height {
		top, kh, padH := clip(y*l.Stride[0]-l.Padding[0], l.Kernel[0], out.Height, l.PadEnd[0])
		for x := range dy.Width {
			left, kw, padW := clip(x*l.Stride[1]-l.Padding[1], l.Kernel[1], out.Width, l.PadEnd[1])
			scale := 1 / float32(kh*kw)
			if l.CountPad {
				scale = 1 / float32(padH*padW)
			}
			g := *(*[block]float32)(grad[(y+dy.Halo)*dy.row()+(x+dy.Halo)*block:])
			for c := range g {
				g[c] *= scale
			}
			for j := range kh {
				for k := range kw {
					d := (*[block]float32)(dx[(top+j+out.Halo)*out.row()+(left+k+out.Halo)*block:])
					for c, v := range g {
						d[c] += v
					}
				}
			}
		}
	}
}

// drop sets elements to zero at random, and scales the rest, as package ir of
// the compiler defines it: by the seed, the step, the stream and the index.
func (t *Trainer) drop(r *TrainLayer, image, plane int) {
	l := &r.Layer
	in, out := &l.In, &l.Out
	src, dst := t.plane(*in, image, plane), t.plane(*out, image, plane)
	integer := func(x int32) uint64 { return uint64(int64(x)) }
	key := mix64(mix64(mix64(integer(t.seed)+golden64)+integer(t.step)+golden64) + uint64(int64(r.Stream)) + golden64)
	limit, scale := r.P*(1<<24), float32(1/(1-r.P))
	if t.evaluating {
		limit, scale = 0, 1
	}
	run := r.Run
	if run == 0 {
		run = out.elements()
	}
	first := t.rank * t.w.images // of those of all ranks
	for y := range out.Height {
		for x := range out.Width {
			s := src[(y+in.Halo)*in.row()+(x+in.Halo)*block:]
			d := dst[(y+out.Halo)*out.row()+(x+out.Halo)*block:]
			for lane := range block {
				c := plane*block + lane
				i := (((first+image)*out.Channels+c)*out.Height+y)*out.Width + x
				if v := s[lane]; c < out.Channels && float64(mix64(key+uint64(i/run+1)*golden64)>>40) >= limit {
					d[lane] = v * scale
				} else {
					d[lane] = 0
				}
			}
		}
	}
	t.clearBorder(out, image, plane)
}
