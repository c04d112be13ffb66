package runtime

// reorder copies one plane of an image into another layout or halo.  An input
// with the offset -1 is the caller's memory.
func (w *lane) reorder(l *Layer, image, plane int) {
	in, out := l.In, l.Out
	var src []float32
	if in.Offset < 0 {
		src = w.src[image*in.size():]
	} else {
		src = w.arena[w.base(in, image):]
	}
	dst := w.arena[w.base(out, image)+plane*out.plane():]
	for y := range out.Height {
		d := dst[(y+out.Halo)*out.row()+out.Halo*out.Block:][:out.Width*out.Block]
		for lane := range out.Block {
			c := plane*out.Block + lane
			if c >= in.Channels { // fill up the last block
				for x := range out.Width {
					d[x*out.Block+lane] = 0
				}
				continue
			}
			s := src[c/in.Block*in.plane()+(y+in.Halo)*in.row()+in.Halo*in.Block+c%in.Block:]
			if in.Block == 1 && out.Block == 1 {
				copy(d, s)
				continue
			}
			for x := range out.Width {
				d[x*out.Block+lane] = s[x*in.Block]
			}
		}
		if l.clearsHalo() {
			clearHalo(dst, out, y)
		}
	}
}

// unpack copies one image of a buffer to dst in NCHW order without a halo.
func unpack(dst, src []float32, b Buffer) {
	i := 0
	for c := range b.Channels {
		for y := range b.Height {
			s := src[c/b.Block*b.plane()+(y+b.Halo)*b.row()+b.Halo*b.Block+c%b.Block:]
			for x := range b.Width {
				dst[i] = s[x*b.Block]
				i++
			}
		}
	}
}
