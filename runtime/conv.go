package runtime

import "unsafe"

// chunkBytes is how much input a task of a layer with PixelsFirst reads: a
// part of the L2 cache, so that all output channels find it there.
const chunkBytes = 192 << 10

// convGrid cuts a convolution into tasks, each a range of output rows (of all
// images in one count) by a range of output channel blocks.
func (l *Layer) convGrid(level Level, images, threads int) grid {
	height, _ := l.Rows()
	rows := images * height
	if l.PixelsFirst > 0 && images >= l.PixelsFirst {
		perRow := 4 * l.In.planes() * l.In.row() * l.Stride[0]
		chunk := max(1, chunkBytes/perRow)
		splits := max((rows+chunk-1)/chunk, min(rows, balance*threads))
		return grid{tasks: splits, splits: splits, group: l.Out.planes()}
	}
	group := l.Tiles[level].Blocks
	groups := (l.Out.planes() + group - 1) / group
	splits := 1
	if threads > 1 && groups < balance*threads {
		splits = min(rows, (balance*threads+groups-1)/groups)
	}
	return grid{tasks: groups * splits, splits: splits, group: group}
}

// balance is how many tasks each thread should get at least, so that one slow
// task does not leave the others waiting.
const balance = 4

func (w *lane) conv(l *Layer, thread, task int) {
	g := w.grid
	height, _ := l.Rows()
	rows := w.images * height
	split, from := task%g.splits, task/g.splits*g.group
	first, last := split*rows/g.splits, (split+1)*rows/g.splits
	to := min(from+g.group, l.Out.planes())
	for b := from; b < to; {
		n := l.Tiles[w.m.kernels.level].blocksOf(to - b)
		w.convRows(l, thread, b, n, first, last)
		b += n
	}
}

// convRows computes the output rows from first to last of n blocks of output
// channels, with a Depth a few rows at a time and for these a few input planes.
func (w *lane) convRows(l *Layer, thread, b, n, first, last int) {
	planes, depth, rows := l.In.planes()/l.Groups, l.Tiles[w.m.kernels.level].Depth, last-first
	if depth > 0 || l.Joined {
		rows = l.partRows(n)
	}
	if depth == 0 {
		depth = planes
	}
	for ; first < last; first += rows {
		p := convPart{b: b, n: n, first: first, last: min(first+rows, last)}
		scratch := w.scratch[thread*w.m.program.ThreadScratch:]
		if l.Joined {
			p.joined = scratch
		} else if depth < planes && l.addsInPlace() {
			w.saveResidual(l, &p, scratch)
		}
		for ; p.plane < planes; p.plane += depth {
			p.planes = min(depth, planes-p.plane)
			w.convPart(l, &w.threads[thread], &p)
		}
	}
}

// convPart is what some input planes, from one on, give the output rows from first
// to last of n blocks from b on.
type convPart struct {
	b, n, first, last int
	plane, planes     int
	// saved is a copy of the residual, [rows][blocks][width][16], if sums are to
	// take its place before it is added.
	saved []float32
	// joined is where output rows are computed that are Joined, in the same order.
	joined []float32
}

// partBytes is how much output goes with the weights of a Depth: what stays in the
// L1 cache beside them.
const partBytes = 16 << 10

// partRows is how many rows of n blocks that is.
func (l *Layer) partRows(n int) int {
	_, width := l.Rows()
	return max(1, partBytes/(4*block*n*width))
}

// addsInPlace reports whether the result takes the place of the residual.
func (l *Layer) addsInPlace() bool { return l.In2.Channels > 0 && l.In2.Offset == l.Out.Offset }

// partScratch is how many float32s of scratch memory each thread needs: for the
// residual of partRows, or for these where they are Joined.
func (l *Layer) partScratch() (size int) {
	_, width := l.Rows()
	for _, t := range l.Tiles {
		if t.Depth > 0 && l.addsInPlace() || l.Joined {
			size = max(size, partBytes/4, t.Blocks*width*block)
		}
	}
	return size
}

// saveResidual copies the residual of a part.
func (w *lane) saveResidual(l *Layer, p *convPart, to []float32) {
	res, row := &l.In2, l.Out.Width*block
	p.saved = to[:(p.last-p.first)*p.n*row]
	for r := p.first; r < p.last; r++ {
		at := w.base(*res, r/l.Out.Height) + p.b*res.plane() + (r%l.Out.Height+res.Halo)*res.row() + res.Halo*block
		for range p.n {
			copy(to[:row], w.arena[at:])
			to, at = to[row:], at+res.plane()
		}
	}
}

// convPart computes a part.  The first planes begin with the bias, others with the
// sums so far, and the last ones have the epilogue: every sum takes its products in
// the same order as if all planes came at once.
func (w *lane) convPart(l *Layer, t *thread, p *convPart) {
	in, out, res := &l.In, &l.Out, &l.In2
	tiles := l.Tiles[w.m.kernels.level]
	height, width := l.Rows()
	planes := in.planes() / l.Groups
	perPlane := l.weightFloats(l.Kernel[0] * l.Kernel[1] * in.Block * block)
	perBlock := planes * perPlane
	if l.Narrow > 0 {
		perBlock = l.weightFloats(l.Kernel[0] * l.Kernel[1] * l.Narrow * block)
	}
	a := &t.conv
	*a = convArgs{
		w:        &w.m.weights.floats[l.Weight+p.b*perBlock+p.plane*perPlane],
		blocks:   p.planes,
		kh:       l.Kernel[0],
		kw:       l.Kernel[1],
		inPlane:  4 * in.plane(),
		inRow:    4 * in.row() * l.Dilation[0],
		inCol:    4 * in.Block * l.Dilation[1],
		wBlock:   4 * perBlock,
		outPlane: 4 * out.plane(),
		resPlane: 4 * res.plane(),
	}
	if p.saved != nil {
		a.resPlane = 4 * width * block
	}
	if l.Joined {
		a.outPlane = 4 * width * block
	}
	if p.plane > 0 {
		a.flags = flagAccumulate
	} else if l.Bias >= 0 {
		a.bias = &w.m.weights.floats[l.Bias+p.b*block]
	}
	end := p.plane+p.planes == planes
	next := p.planes * perPlane // of this block
	if end {
		next = p.n*perBlock - p.plane*perPlane
	}
	a.askAhead(l, next, (p.last-p.first)*(tiles.CountA+tiles.CountB))
	if end && l.ReLU {
		a.flags |= flagReLU
	}
	first := p.b / (out.planes() / l.Groups) * planes // of the group
	for r := p.first; r < p.last; r++ {
		image, y := r/height, r%height
		i := w.base(*in, image) + (first+p.plane)*in.plane() +
			(y*l.Stride[0]-l.Padding[0]+in.Halo)*in.row() + (in.Halo-l.Padding[1])*in.Block
		var o, s []float32
		if l.Joined {
			o = p.joined[(r-p.first)*p.n*width*block:]
		} else {
			o = w.arena[w.base(*out, image)+p.b*out.plane()+(y+out.Halo)*out.row()+out.Halo*block:]
		}
		switch {
		case !end || res.Channels == 0:
		case p.saved != nil:
			s = p.saved[(r-p.first)*p.n*width*block:]
		default:
			s = w.arena[w.base(*res, image)+p.b*res.plane()+(y+res.Halo)*res.row()+res.Halo*block:]
		}
		w.convRow(l, a, p.n, w.arena[i:], o, s)
		if end && l.endsRows() {
			for k := range p.n {
				w.endRow(l, o[k*width*block:], image, p.b+k, y)
			}
		}
	}
}

// endsRows reports whether there is something to do when a row is computed: see endRow.
func (l *Layer) endsRows() bool { return l.Joined || l.clearsHalo() }

// endRow ends row y of a plane of the output: it brings Joined ones to where they belong, from
// where they were computed, and clears their halo.
func (w *lane) endRow(l *Layer, joined []float32, image, plane, y int) {
	height, _ := l.Rows()
	out, together := &l.Out, l.Out.Height/height
	to, size := w.arena[w.base(*out, image)+plane*out.plane():], out.Width*block
	for r := y * together; r < (y+1)*together; r++ {
		if l.Joined {
			copy(to[(r+out.Halo)*out.row()+out.Halo*block:], joined[:size])
			joined = joined[size:]
		}
		if l.clearsHalo() {
			clearHalo(to, *out, r)
		}
	}
}

// convRow computes a row of n blocks in tiles, with a residual if res is not nil.
func (w *lane) convRow(l *Layer, a *convArgs, n int, in, out, res []float32) {
	tiles := l.Tiles[w.m.kernels.level]
	kernels, step := &w.m.kernels.conv[l.ConvClass()][n], l.Stride[1]*l.In.Block
	x := 0
	for _, t := range [2]struct{ pixels, count int }{{tiles.A, tiles.CountA}, {tiles.B, tiles.CountB}} {
		calls := min(1, t.count)
		a.tiles = t.count
		if l.Stride[1] > 2 { // no kernel steps that far from pixel to pixel: one call each
			a.tiles, calls = 1, t.count
		}
		for range calls {
			a.in, a.out = &in[x*step], &out[x*block]
			if res != nil {
				a.res = &res[x*block]
			}
			callConv(kernels[t.pixels], a)
			x += t.pixels * a.tiles
		}
	}
}

// askAhead has the kernel ask for weights that lie that many float32s behind those at
// hand, while it computes so many tiles with the latter.
func (a *convArgs) askAhead(l *Layer, next, tiles int) {
	a.aheadStep = 0
	if tiles < 2 {
		return // weights that are used once come as one stream, which caches see by themselves
	}
	const channels, line = 8, 64 // as AVX2's convUnroll in asm
	lines := 4 * l.weightFloats(channels*block) / line
	a.ahead = uintptr(unsafe.Pointer(a.w)) + uintptr(4*next)
	a.aheadStep = line * ((lines + tiles - 1) / tiles)
}

// callConv calls a kernel.  Assembly is never preempted; this call is not
// inlined so that its stack check gives the scheduler and the garbage
// collector a point to stop at between kernels.
//
//go:noinline
func callConv(k convKernel, a *convArgs) { k(a) }

// clearHalo sets the zeros to the left and right of row y in a plane, and with
// the first and last row those above and below.
func clearHalo(plane []float32, b Buffer, y int) {
	h, row := b.Halo, b.row()
	at := (y + h) * row
	if n := h * b.Block; n < block { // few enough not to call for
		for x := 0; x < n; x++ {
			plane[at+x], plane[at+row-n+x] = 0, 0
		}
	} else {
		clear(plane[at : at+n])
		clear(plane[at+row-n : at+row])
	}
	if y == 0 {
		clear(plane[:h*row])
	}
	if y == b.Height-1 {
		clear(plane[(b.Height+h)*row : (b.Height+2*h)*row])
	}
}
