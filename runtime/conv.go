package runtime

// chunkBytes is how much input a task of a layer with PixelsFirst reads: a
// part of the L2 cache, so that all output channels find it there.
const chunkBytes = 192 << 10

// convGrid cuts a convolution into tasks, each a range of output rows (of all
// images in one count) by a range of output channel blocks.
func (l *Layer) convGrid(level Level, images, threads int) grid {
	rows := images * l.Out.Height
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

func (w *lane) conv(l *Layer, t *thread, task int) {
	g := w.grid
	rows := w.images * l.Out.Height
	split, from := task%g.splits, task/g.splits*g.group
	first, last := split*rows/g.splits, (split+1)*rows/g.splits
	to := min(from+g.group, l.Out.planes())
	for b := from; b < to; {
		n := l.Tiles[w.m.kernels.level].blocksOf(to - b)
		w.convRows(l, t, b, n, first, last)
		b += n
	}
}

// convRows computes the output rows from first to last of n blocks of output channels.
func (w *lane) convRows(l *Layer, t *thread, b, n, first, last int) {
	in, out, res := &l.In, &l.Out, &l.In2
	tiles := l.Tiles[w.m.kernels.level]
	kernels := &w.m.kernels.conv[l.ConvClass()][n]
	planes := in.planes() / l.Groups
	perBlock := planes * l.Kernel[0] * l.Kernel[1] * in.Block * block
	if l.Narrow > 0 {
		perBlock = l.Kernel[0] * l.Kernel[1] * l.Narrow * block
	}
	perBlock = l.weightFloats(perBlock)
	a := &t.conv
	*a = convArgs{
		w:        &w.m.weights.floats[l.Weight+b*perBlock],
		blocks:   planes,
		kh:       l.Kernel[0],
		kw:       l.Kernel[1],
		inPlane:  4 * in.plane(),
		inRow:    4 * in.row() * l.Dilation[0],
		inCol:    4 * in.Block * l.Dilation[1],
		wBlock:   4 * perBlock,
		outPlane: 4 * out.plane(),
		resPlane: 4 * res.plane(),
	}
	if l.Bias >= 0 {
		a.bias = &w.m.weights.floats[l.Bias+b*block]
	}
	if l.ReLU {
		a.flags = flagReLU
	}
	group := b / (out.planes() / l.Groups)
	for r := first; r < last; r++ {
		image, y := r/out.Height, r%out.Height
		i := w.base(*in, image) + group*planes*in.plane() +
			(y*l.Stride[0]-l.Padding[0]+in.Halo)*in.row() + (in.Halo-l.Padding[1])*in.Block
		o := w.base(*out, image) + b*out.plane() + (y+out.Halo)*out.row() + out.Halo*block
		s := -1
		if res.Channels > 0 {
			s = w.base(*res, image) + b*res.plane() + (y+res.Halo)*res.row() + res.Halo*block
		}
		step := l.Stride[1] * in.Block
		if tiles.CountA > 0 {
			w.convTiles(a, kernels[tiles.A], i, o, s, tiles.A, tiles.CountA, l.Stride[1], step)
		}
		if tiles.CountB > 0 {
			x := tiles.A * tiles.CountA
			if s >= 0 {
				s += x * block
			}
			w.convTiles(a, kernels[tiles.B], i+x*step, o+x*block, s, tiles.B, tiles.CountB, l.Stride[1], step)
		}
		if l.clearsHalo() {
			for k := b; k < b+n; k++ {
				clearHalo(w.arena[w.base(*out, image)+k*out.plane():], *out, y)
			}
		}
	}
}

// convTiles computes count tiles from the arena index i of their input on.
func (w *lane) convTiles(a *convArgs, k convKernel, i, o, s, pixels, count, stride, step int) {
	a.tiles = count
	calls := 1
	if stride > 2 { // no kernel steps that far from pixel to pixel: one call each
		a.tiles, calls = 1, count
	}
	for range calls {
		a.in, a.out = &w.arena[i], &w.arena[o]
		if s >= 0 {
			a.res = &w.arena[s]
			s += pixels * block
		}
		callConv(k, a)
		i += pixels * step
		o += pixels * block
	}
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
