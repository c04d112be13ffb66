package runtime

// winogradPhase is what the tasks of a Winograd layer do at the moment.
type winogradPhase uint8

const (
	winogradFused    winogradPhase = iota // a task is a chunk, from input to output
	winogradInput                         // a task is a plane of input channels
	winogradMultiply                      // a task is a product by a group of output blocks
	winogradOutput                        // a task is a plane of output channels
)

// winograd computes a 3x3 convolution with stride 1 by Winograd's algorithm
// (Lavin and Gray, arXiv 1509.09308): tiles of input pixels are transformed,
// each of the (m+2)² elements of the transform is a matrix product of its own,
// [tiles × in] by [in × out], and the products are transformed back.  With
// stride 2 it is another variant, of other matrices: see winogradTerm.
//
// Small layers go through all three steps chunk by chunk in each thread's own
// cache.  Layers with large weights do each step with all threads together, so
// that every weight is read once.
func (w *lane) winograd(l *Layer) {
	if l.Fused {
		w.grid = l.fusedGrid(w.m.kernels.level, w.images, w.size())
		w.run(w.grid.tasks)
		return
	}
	_, products, _ := l.WinogradElements()
	group := l.Tiles[w.m.kernels.level].Blocks
	groups := (l.Out.planes() + group - 1) / group
	if split := (productTasks*w.size() + products - 1) / products; split < groups {
		group *= (groups + split - 1) / split
		groups = (l.Out.planes() + group - 1) / group
	}
	rows, chunk := w.images*l.tileRows(), l.chunkRows(l.Chunk)
	for first := 0; first < rows; first += chunk {
		last := min(rows, first+chunk)
		w.grid = grid{phase: winogradInput, first: first, last: last}
		w.run(l.In.planes())
		w.grid = grid{phase: winogradMultiply, first: first, last: last, splits: groups, group: group}
		w.run(products * groups)
		w.grid = grid{phase: winogradOutput, first: first, last: last}
		w.run(l.Out.planes())
	}
}

// bareBytes is the largest weight, in bytes, whose products kernels had better compute
// without asking for anything before its turn, once a thread has brought it to its L2
// cache: asking while it does so, ResNet-56's layers of 32 channels take 0.78 of the time.
const bareBytes = 256 << 10

// productTasks is how many tasks each thread gets of the products of a chunk:
// enough to share them evenly, and few, since each is only microseconds long.
const productTasks = 24

// fusedGrid cuts a Fused layer into tasks, each a chunk from input to output, by
// a range of output blocks.
//
// Threads take rows of tiles of their own, and each reads all weights.  Where
// these are much more than all tiles are, threads transform all of those, each
// for itself, and take output blocks of their own with their weights.
func (l *Layer) fusedGrid(level Level, images, threads int) grid {
	rows, chunk := images*l.tileRows(), l.chunkRows(l.FusedChunk(level))
	splits := 1
	if threads > 1 && rows <= chunk && l.FusedByBlocks(images) {
		splits = min(threads, l.Out.planes())
		threads = 1
	}
	tasks := min(rows, ((rows+chunk-1)/chunk+threads-1)/threads*threads)
	return grid{tasks: tasks * splits, splits: splits, phase: winogradFused}
}

// FusedByBlocks reports whether threads share a Fused layer's output blocks, for so many
// images: where the weights are at least eight times as large as the tiles' transforms.
func (l *Layer) FusedByBlocks(images int) bool {
	return l.Fused && 8*images*l.tileRows()*l.tileColumns() <= l.Out.Channels
}

// FusedChunk is the Chunk of a Fused layer with the kernels of a level.
func (l *Layer) FusedChunk(level Level) int {
	if c := l.Tiles[level].Chunk; c > 0 {
		return c
	}
	return l.Chunk
}

// chunkRows is how many rows of tiles a chunk of so many tiles has.
func (l *Layer) chunkRows(chunk int) int { return max(1, chunk/l.tileColumns()) }

// tileRows and tileColumns count the tiles of one image.
func (l *Layer) tileRows() int {
	if l.Stem() {
		return l.Out.Height
	}
	return (l.Out.Height + l.Winograd - 1) / l.Winograd
}

func (l *Layer) tileColumns() int { return (l.Out.Width + l.Winograd - 1) / l.Winograd }

// WinogradElements counts the elements of a tile's transforms, of the input and
// of the products, and the weights that are stored for a pair of channels.
func (l *Layer) WinogradElements() (in, products, weights int) {
	if l.polyphase() {
		return polyphaseElements * polyphaseElements, polyphaseProducts * polyphaseProducts, 16
	}
	n := (l.Winograd + 2) * (l.Winograd + 2)
	return n, n, n
}

func (w *lane) winogradTask(l *Layer, thread, task int) {
	g, t := w.grid, &w.threads[thread]
	if g.phase == winogradFused {
		rows, tasks := w.images*l.tileRows(), g.tasks/g.splits
		split := task % g.splits
		from, to := split*l.Out.planes()/g.splits, (split+1)*l.Out.planes()/g.splits
		task /= g.splits
		first, last, scratch := task*rows/tasks, (task+1)*rows/tasks, w.scratch[thread*w.m.program.ThreadScratch:]
		if l.Stem() {
			w.stem(l, t, first, last, from, to, scratch)
			return
		}
		c := l.chunk(first, last, scratch)
		if l.Tiles[w.m.kernels.level].blocksOf(to-from) == to-from {
			c.overwrite(l)
		}
		for plane := range l.In.planes() {
			w.winogradIn(l, t, &c, plane)
		}
		w.winogradMultiply(l, t, &c, 0, c.products, from, to)
		for plane := from; plane < to; plane++ {
			w.winogradOut(l, t, &c, plane)
		}
		return
	}
	c := l.chunk(g.first, g.last, w.scratch)
	switch g.phase {
	case winogradInput:
		w.winogradIn(l, t, &c, task)
	case winogradMultiply:
		from := task % g.splits * g.group
		w.winogradMultiply(l, t, &c, task/g.splits, task/g.splits+1, from, min(from+g.group, l.Out.planes()))
	case winogradOutput:
		w.winogradOut(l, t, &c, task)
	}
}

// winogradIn transforms one plane of input channels.
func (w *lane) winogradIn(l *Layer, t *thread, c *winogradChunk, plane int) {
	in, a, kernel := &l.In, &t.wino, w.m.kernels.winogradIn[l.Winograd]
	if l.polyphase() {
		kernel = w.m.kernels.polyphaseIn
	}
	*a = winogradArgs{matrix: 4 * c.sizeV, row: 4 * in.row()}
	step := l.Winograd * l.Stride[0]
	image, y := c.first/c.height, c.first%c.height
	i := w.base(*in, image) + plane*in.plane() + (in.Halo-l.Padding[0])*in.row() + (in.Halo-l.Padding[1])*block
	for r := c.first; r < c.last; r++ {
		at := i + y*step*in.row()
		for _, run := range l.runs(c, r, y) {
			if a.tiles = run.tiles; a.tiles > 0 {
				a.in, a.out = &w.arena[at+run.column*step*block], &c.v[(plane*c.tiles+run.place)*block]
				callWinograd(kernel, a)
			}
		}
		if y++; y == c.height {
			y, i = 0, i+w.m.program.Arena
		}
	}
}

// winogradMultiply computes the products from one up to another for the output
// blocks from one up to another.  Each is a 1x1 convolution of a row of tiles, or the
// sum of two, whose input channels are those of one element or of several, one after another.
func (w *lane) winogradMultiply(l *Layer, t *thread, c *winogradChunk, product, end, from, to int) {
	tile := l.Tiles[w.m.kernels.level]
	class := &w.m.kernels.conv[l.ConvClass()]
	planes := l.In.planes()
	matrix := l.weightFloats(planes * block * block) // of one output block
	a := &t.conv
	*a = convArgs{
		kh: planes, kw: 1,
		inPlane:  4 * c.sizeV,
		inRow:    4 * block * c.tiles,
		outPlane: 4 * block * c.tiles,
	}
	tiles, s := c.tiles, Split(c.tiles, tile.A)
	bare := 4*matrix*l.Out.planes()*(end-product) <= bareBytes && t.read == l
	t.read = l
	alike := c.inside == c.tiles && !l.polyphase()
	if alike && !bare && s.CountA == 1 && s.CountB == 0 && tile.blocksOf(to-from) < to-from {
		w.winogradStream(l, t, c, product, end, from, to)
		return
	}
	if end-product > 1 && alike && (bare || s.CountB == 0) {
		// All products are alike, and one call for tiles of a size computes them.
		a.products, a.blocks, a.wBlock, a.wNext = end-product, 1, 4*matrix, 4*matrix*l.Out.planes()
		a.flags = flagNear
		if bare {
			a.flags |= flagBare
		}
		for b := from; b < to; {
			n := tile.blocksOf(to - b)
			a.w = &w.m.weights.floats[l.Weight+matrix*(product*l.Out.planes()+b)]
			if !bare {
				a.askAhead(l, matrix*l.Out.planes(), s.CountA)
			}
			v, m := c.v[product*c.sizeV:], c.m[product*c.sizeM+b*tiles*block:]
			for _, t := range [2]struct{ pixels, count int }{{s.A, s.CountA}, {s.B, s.CountB}} {
				if t.count == 0 {
					continue
				}
				step := t.pixels * t.count * block
				a.in, a.out, a.tiles = &v[0], &m[0], t.count
				a.inNext, a.outNext = 4*(c.sizeV-step), 4*(c.sizeM-step)
				callConv(class[n][t.pixels], a)
				v, m = v[step:], m[step:]
			}
			b += n
		}
		return
	}
	for ; product < end; product++ {
		terms, sum := l.winogradTerms(product)
		first, last := l.needed(c, sum)
		if first == last {
			continue
		}
		if last-first != tiles {
			tiles = last - first
			s = Split(tiles, tile.A)
		}
		x := s.A * s.CountA * block
		for b := from; b < to; {
			n := tile.blocksOf(to - b)
			m := c.m[sum*c.sizeM+(b*c.tiles+first)*block:]
			a.flags = flagNear
			for i := range terms {
				term := &terms[i]
				if term.elements == 0 {
					break
				}
				a.blocks, a.wBlock = term.elements, 4*matrix*term.of
				a.w = &w.m.weights.floats[l.Weight+matrix*(term.weights*l.Out.planes()+b*term.of+term.first)]
				v := c.v[term.element*c.sizeV+first*block:]
				a.askAhead(l, n*matrix*term.of, s.CountA+s.CountB)
				a.in, a.out, a.tiles = &v[0], &m[0], s.CountA
				callConv(class[n][s.A], a)
				if s.CountB > 0 {
					a.in, a.out, a.tiles = &v[x], &m[x], s.CountB
					callConv(class[n][s.B], a)
				}
				a.flags |= flagAccumulate
			}
			b += n
		}
	}
}

// winogradStream is winogradMultiply of several calls for a single tile, which uses each
// weight once: product after product in the order in which the weights lie, so that they
// come as one stream, and a call goes through the output blocks.  ResNet-20's layers of 8x8
// pixels take 0.9 of the time in which block after block goes through the products.
func (w *lane) winogradStream(l *Layer, t *thread, c *winogradChunk, product, end, from, to int) {
	tile, a := l.Tiles[w.m.kernels.level], &t.conv
	matrix, step := l.weightFloats(l.In.planes()*block*block), c.tiles*block
	a.blocks, a.tiles, a.flags = 1, 1, flagNear
	a.wBlock, a.inNext = 4*matrix, -4*step
	for ; product < end; product++ {
		a.in = &c.v[product*c.sizeV]
		for b := from; b < to; {
			n := tile.blocksOf(to - b)
			a.products = (to - b) / n
			a.w, a.wNext = &w.m.weights.floats[l.Weight+matrix*(product*l.Out.planes()+b)], 4*matrix*n
			a.out, a.outNext = &c.m[product*c.sizeM+b*step], 4*step*(n-1)
			callConv(w.m.kernels.conv[l.ConvClass()][n][c.tiles], a)
			b += n * a.products
		}
	}
}

// winogradOut transforms one plane of products back, with the epilogue of the convolution.
func (w *lane) winogradOut(l *Layer, t *thread, c *winogradChunk, plane int) {
	out, res, a, kernel := &l.Out, &l.In2, &t.wino, w.m.kernels.winogradOut[l.Winograd]
	if l.polyphase() {
		kernel = w.m.kernels.polyphaseOut
	}
	*a = winogradArgs{matrix: 4 * c.sizeM, row: 4 * out.row(), resRow: 4 * res.row()}
	if l.Bias >= 0 {
		a.bias = &w.m.weights.floats[l.Bias+plane*block]
	}
	if l.ReLU {
		a.flags = flagReLU
	}
	image, row := c.first/c.height, c.first%c.height
	for r := c.first; r < c.last; r++ {
		y := row * l.Winograd
		o := w.base(*out, image) + plane*out.plane() + (y+out.Halo)*out.row() + out.Halo*block
		s := w.base(*res, image) + plane*res.plane() + (y+res.Halo)*res.row() + res.Halo*block
		a.rows = min(l.Winograd, out.Height-y)
		for _, run := range l.runs(c, r, row) {
			x := run.column * l.Winograd
			if a.tiles, a.cols = run.tiles, out.Width-x; a.tiles > 0 {
				a.in, a.out = &c.m[(plane*c.tiles+run.place)*block], &w.arena[o+x*block]
				if res.Channels > 0 {
					a.res = &w.arena[s+x*block]
				}
				callWinograd(kernel, a)
			}
		}
		if l.clearsHalo() {
			for k := range a.rows {
				clearHalo(w.arena[w.base(*out, image)+plane*out.plane():], *out, y+k)
			}
		}
		if row++; row == c.height {
			row, image = 0, image+1
		}
	}
}

// callWinograd is a point where the goroutine can be preempted; see callConv.
//
//go:noinline
func callWinograd(k winogradKernel, a *winogradArgs) { k(a) }
