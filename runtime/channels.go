package runtime

// channels fills one plane of 16 channels from the channels of other buffers:
// concat, and subsample with channels of zeros before and after.
func (w *lane) channels(l *Layer, image, plane int) {
	out := &l.Out
	dst := w.arena[w.base(*out, image)+plane*out.plane():]
	first := plane * block
	if first < l.Before || first+block > l.Before+l.operandChannels() {
		clear(dst[:out.plane()]) // some channels of the plane come from no operand
	}
	l.eachOperand(func(in *Buffer, from int) {
		src := w.arena[w.base(*in, image):]
		// The channels of this operand within the plane, in runs that do not
		// cross a block of the source.
		for c := max(first, from); c < min(first+block, from+in.Channels); {
			s := c - from
			n := min(block-s%block, min(first+block, from+in.Channels)-c)
			copyLanes(dst[c-first:], *out, src[s/block*in.plane()+s%block:], *in, l.Stride, n)
			c += n
		}
	})
	if l.clearsHalo() {
		for y := range out.Height {
			clearHalo(dst, *out, y)
		}
	}
}

// eachOperand calls f with every operand and the output channel that it starts at.
func (l *Layer) eachOperand(f func(in *Buffer, from int)) {
	from := l.Before
	f(&l.In, from)
	from += l.In.Channels
	for i := range l.More {
		f(&l.More[i], from)
		from += l.More[i].Channels
	}
}

// copyLanes copies n channels of every stride-th pixel.
func copyLanes(dst []float32, out Buffer, src []float32, in Buffer, stride [2]int, n int) {
	for y := range out.Height {
		d := dst[(y+out.Halo)*out.row()+out.Halo*block:]
		s := src[(y*stride[0]+in.Halo)*in.row()+in.Halo*block:]
		for x := range out.Width {
			copy(d[x*block:x*block+n], s[x*stride[1]*block:x*stride[1]*block+n])
		}
	}
}

// operandChannels is the number of channels of all operands together.
func (l *Layer) operandChannels() int {
	n := l.In.Channels
	for _, b := range l.More {
		n += b.Channels
	}
	return n
}
