package runtime

// window pools one plane of an image.  Windows are clipped at the border: the
// pixels in the middle of a row share one kernel call, those whose window is
// clipped at the left or right get one each.
func (w *lane) window(l *Layer, t *thread, image, plane int) {
	in, out := &l.In, &l.Out
	src := w.arena[w.base(*in, image)+plane*in.plane():]
	dst := w.arena[w.base(*out, image)+plane*out.plane():]
	kernel := w.m.kernels.maxPool
	if l.Op == OpAvgPool {
		kernel = w.m.kernels.sumPool
	}
	a := &t.pool
	a.inRow, a.inStep = 4*in.row(), 4*block*l.Stride[1]
	for y := range out.Height {
		top, kh, padH := clip(y*l.Stride[0]-l.Padding[0], l.Kernel[0], in.Height, l.PadEnd[0])
		a.kh = kh
		for x := 0; x < out.Width; x += a.pixels {
			left, kw, padW := clip(x*l.Stride[1]-l.Padding[1], l.Kernel[1], in.Width, l.PadEnd[1])
			a.kw, a.pixels = kw, 1
			if kw == l.Kernel[1] { // and so are the next windows, up to the right border
				a.pixels = min(out.Width-x, (in.Width-left-kw)/l.Stride[1]+1)
			}
			a.scale = 1 / float32(kh*kw)
			if l.CountPad {
				a.scale = 1 / float32(padH*padW)
			}
			a.in = &src[(top+in.Halo)*in.row()+(left+in.Halo)*block]
			a.out = &dst[(y+out.Halo)*out.row()+(x+out.Halo)*block]
			callPool(kernel, a)
		}
		if l.clearsHalo() {
			clearHalo(dst, *out, y)
		}
	}
}

// clip gives the part of a window from start that lies within size, and the
// window's length with the padding in front and padding end behind counted.
func clip(start, kernel, size, end int) (from, length, padded int) {
	to := start + kernel
	padded = min(to, size+end) - start
	from = max(start, 0)
	return from, min(to, size) - from, padded
}

// callPool is a point where the goroutine can be preempted; see callConv.
//
//go:noinline
func callPool(k poolKernel, a *poolArgs) { k(a) }
