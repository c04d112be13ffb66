package runtime

// strassenProducts computes all of a part.  With the residual R, the ReLU left
// out and the bias in the first sums of each half of the channels:
//
//	X = A11 B11               C11 = R11 + A12 B21 + X
//	X += S2 T2                Y = S3 T3 + X
//	Z = S1 T1                 C21 = R21 + A22 T4 + Y
//	C22 = R22 + (Y + Z)       X += Z
//	C12 = R12 + S4 B22 + X
//
// where S1 = A21+A22, S2 = S1-A11, S3 = A11-A21 and S4 = A12-S2.  This is the
// order of the weights.
func (w *lane) strassenProducts(l *Layer, t *thread, s *strassenPart) {
	half := l.Out.planes() / 2
	w.strassenResidual(l, s)
	w.strassenProduct(l, t, s, 0, quarter11, sumX, none, 0)
	w.strassenProduct(l, t, s, 1, quarter21, quarter11, sumX, none)
	w.strassenProduct(l, t, s, 2, quarterT2, sumX, sumX, none)
	w.strassenProduct(l, t, s, 3, quarterT3, sumY, sumX, half)
	w.strassenProduct(l, t, s, 4, quarterT4, quarter21, sumY, none)
	w.strassenProduct(l, t, s, 5, quarterT1, sumZ, none, none)
	w.strassenSums(l, t, s)
	w.strassenProduct(l, t, s, 6, quarter22, quarter12, sumX, none)
}

// The matrices of sums, where a quarter of the output could stand, and none.
const (
	sumX = quarter22 + 1 + iota
	sumY
	sumZ
	sumJoined // a quarter of the output, where that is Joined
	none      = -1
)

// place gives the plane and the row of the output where row y of block b of a part
// lies in a quarter of it.
func (s *strassenPart) place(l *Layer, quarter, b, y int) (plane, row int) {
	return quarter/2*l.Out.planes()/2 + s.from + b, quarter%2*l.In.Height/2 + s.first + y
}

// strassenPlace is row y of block b of a part, in a quarter of the output or a matrix of sums.
func (w *lane) strassenPlace(l *Layer, s *strassenPart, quarter, b, y int) []float32 {
	out := &l.Out
	if quarter < sumX && l.Joined {
		quarter = sumJoined
	}
	if quarter >= sumX {
		rows := s.last - s.first
		return s.sums[(((quarter-sumX)*(s.to-s.from)+b)*rows+y)*l.In.Width*block:]
	}
	plane, row := s.place(l, quarter, b, y)
	return w.arena[w.base(*out, s.image)+plane*out.plane()+(row+out.Halo)*out.row()+out.Halo*block:]
}

// strassenWeight is where the weights of product i for block b of the output lie: those
// of two blocks together, or of the last one, product after product.
func (l *Layer) strassenWeight(i, b int) int {
	planes, pair := l.In.planes()/2, b&^1
	return (7*pair + i*min(2, l.Out.planes()/2-pair) + b - pair) * planes * block * block
}

// strassenProduct computes product i of a part, of a quarter of the input or a combination,
// into a quarter of the output, where it adds to the residual, or into a matrix of
// sums, and adds another matrix of sums, or the same, and the bias from a block on.
func (w *lane) strassenProduct(l *Layer, t *thread, s *strassenPart, i, in, to, plus, bias int) {
	for b := s.from; b < s.to; b += s.blocks {
		w.strassenTile(l, t, s, b, i, in, to, plus, bias)
	}
	if to < sumX {
		w.strassenEnd(l, s, to)
	}
}

// strassenTile is strassenProduct for a tile of output channels, from block b on, with
// a Depth for a few input planes after the other.
func (w *lane) strassenTile(l *Layer, t *thread, s *strassenPart, b, i, in, to, plus, bias int) {
	tiles := l.Tiles[w.m.kernels.level]
	planes, rows := l.In.planes()/2, s.last-s.first
	weight, next := l.strassenWeight(i, b), l.strassenWeight(i+1, s.from)
	if b+s.blocks < s.to {
		next = l.strassenWeight(i, b+s.blocks)
	}
	a := &t.conv
	*a = convArgs{
		kh:       1,
		kw:       1,
		inPlane:  4 * l.In.plane(),
		wBlock:   4 * planes * block * block,
		outPlane: 4 * l.Out.plane(),
		resPlane: 4 * rows * l.In.Width * block,
	}
	memory, at := s.combined, (in-quarterT1)*s.matrix(l)+(s.first-s.row)*l.In.row()
	if in < quarterT1 {
		memory, at = w.arena, w.base(l.In, s.image)+in/2*planes*l.In.plane()+(l.In.Halo+in%2*l.In.Height/2+s.first)*l.In.row()
	} else {
		a.inPlane = 4 * s.held * l.In.row()
	}
	if bias >= 0 && l.Bias >= 0 {
		a.bias = &w.m.weights.floats[l.Bias+(bias+b)*block]
	}
	accumulate := to == plus
	if to < sumX {
		accumulate = l.In2.Channels > 0
	}
	if to >= sumX || l.Joined {
		a.outPlane = a.resPlane
	}
	if accumulate {
		a.flags = flagAccumulate
	}
	depth := tiles.Depth
	if depth == 0 {
		depth = planes
	}
	for plane := 0; plane < planes; plane += depth {
		end := plane+depth >= planes
		a.w = &w.m.weights.floats[l.Weight+weight+plane*block*block]
		a.blocks = min(depth, planes-plane)
		if plane > 0 {
			a.flags = flagAccumulate
		}
		if end && to < sumX && l.ReLU {
			a.flags |= flagReLU
		}
		ahead := depth * block * block
		if end {
			ahead = next - weight - plane*block*block
		}
		a.askAhead(l, ahead, rows*(tiles.CountA+tiles.CountB))
		for y := range rows {
			out := w.strassenPlace(l, s, to, b-s.from, y)
			var res []float32
			if end && plus >= 0 && plus != to {
				res = w.strassenPlace(l, s, plus, b-s.from, y)
			}
			from := at + plane*a.inPlane/4 + y*l.In.row() + l.In.Halo*block
			w.convRow(l, a, s.blocks, memory[from:], out, res)
		}
	}
}

// strassenSums computes C22, and the last sum X.
func (w *lane) strassenSums(l *Layer, t *thread, s *strassenPart) {
	add, a, rows, width := w.m.kernels.add, &t.eltwise, s.last-s.first, l.In.Width
	at := func(m, b, r int) *float32 { return &w.strassenPlace(l, s, m, b, r)[0] }
	*a = eltwiseArgs{a: at(sumX, 0, 0), b: at(sumZ, 0, 0), out: at(sumX, 0, 0), pixels: (s.to - s.from) * rows * width}
	callEltwise(add, a)
	residual := l.In2.Channels > 0
	if residual {
		*a = eltwiseArgs{a: at(sumY, 0, 0), b: at(sumZ, 0, 0), out: at(sumY, 0, 0), pixels: (s.to - s.from) * rows * width}
		callEltwise(add, a)
	}
	*a = eltwiseArgs{pixels: width}
	if l.ReLU {
		a.flags = flagReLU
	}
	for b := range s.to - s.from {
		for r := range rows {
			a.a, a.b, a.out = at(sumY, b, r), at(sumZ, b, r), at(quarter22, b, r)
			if residual {
				a.b = a.out
			}
			callEltwise(add, a)
		}
	}
	w.strassenEnd(l, s, quarter22)
}

// strassenResidual brings the residual to where the output will be.
func (w *lane) strassenResidual(l *Layer, s *strassenPart) {
	out, res := &l.Out, &l.In2
	if res.Channels == 0 || res.Offset == out.Offset {
		return
	}
	for quarter := range 4 {
		for b := range s.to - s.from {
			for y := range s.last - s.first {
				plane, row := s.place(l, quarter, b, y)
				at := w.base(*res, s.image) + plane*res.plane() + (row+res.Halo)*res.row() + res.Halo*block
				copy(w.strassenPlace(l, s, quarter, b, y)[:out.Width*block], w.arena[at:])
			}
		}
	}
}

// strassenEnd ends the rows of a part of a quarter of the output.
func (w *lane) strassenEnd(l *Layer, s *strassenPart, quarter int) {
	if !l.endsRows() {
		return
	}
	for b := range s.to - s.from {
		for y := range s.last - s.first {
			plane, row := s.place(l, quarter, b, y)
			w.endRow(l, w.strassenPlace(l, s, quarter, b, y), s.image, plane, row)
		}
	}
}
