package runtime

// turn packs the taps of a weight for the convolution that computes the input's
// gradient: [in/16][out/16][taps, the last one first][16 out][16 in]; for
// Winograd's algorithm (m+2)² matrices of [in/16][out/16][16 out][16 in].
func (t *Trainer) turn(r *TrainLayer, s *trainThread, plane int) {
	w, g := &r.Slot, &r.Turn
	out, in, taps := w.weightShape()
	out /= w.Merged
	group := plane / in
	const matrix = block * block
	if r.Layer.Winograd > 0 {
		for o := range out {
			from := w.Offset + (o*in+plane)*taps*matrix
			for k := range taps {
				transpose(s.turned[k*matrix:][:matrix], t.store[from+k*matrix:][:matrix])
			}
			t.transformBlock(r, s, &s.turned[(taps-1)*matrix], -4*matrix, plane*out+o)
		}
		return
	}
	kw := 1
	if len(w.Shape) == 4 {
		kw = w.Shape[3]
	}
	dst := t.store[r.Layer.Weight+plane*out*g.Count[0]*g.Count[1]*matrix:]
	for o := range out {
		from := w.Offset + ((group*out+o)*in+plane%in)*taps*matrix
		for y := range g.Count[0] {
			for x := range g.Count[1] {
				ky := g.First[0] + (g.Count[0]-1-y)*g.Step[0]
				kx := g.First[1] + (g.Count[1]-1-x)*g.Step[1]
				transpose(dst[:matrix], t.store[from+(ky*kw+kx)*matrix:][:matrix])
				dst = dst[matrix:]
			}
		}
	}
}

// transpose swaps rows and columns of a 16×16 matrix.
func transpose(dst, src []float32) {
	d, s := (*[block * block]float32)(dst), (*[block * block]float32)(src)
	for y := range block {
		for x := range block {
			d[x*block+y] = s[y*block+x]
		}
	}
}

// transform packs the weights of an input plane, for all output planes, for
// Winograd's algorithm.
func (t *Trainer) transform(r *TrainLayer, s *trainThread, plane int) {
	out, in, taps := r.Slot.weightShape()
	for o := range out {
		pair := o*in + plane
		t.transformBlock(r, s, &t.store[r.Slot.Offset+pair*taps*block*block], 4*block*block, pair)
	}
}

// transformBlock transforms the weights between two blocks of channels, whose
// first tap lies at in, the next ones step bytes apart.  They are the blocks of
// that number in each of the matrices.
func (t *Trainer) transformBlock(r *TrainLayer, s *trainThread, in *float32, step, number int) {
	out, planes, _ := r.Slot.weightShape()
	s.wino = winogradArgs{
		in: in, row: step, tiles: block,
		out: &t.store[r.Layer.Weight+number*block*block], matrix: 4 * out * planes * block * block,
	}
	callWinograd(t.kernels.winogradWeight[r.Layer.Winograd], &s.wino)
}
