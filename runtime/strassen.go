package runtime

// strassen computes a 1x1 convolution by a level of Strassen's algorithm in
// Winograd's form, of 7 products for 8 (Strassen, "Gaussian Elimination is not
// Optimal", 1969; Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed.,
// section 23.1).
//
// A 1x1 convolution is a product of a matrix of weights A by one of pixels B.  A is
// cut in halves by output and by input channels, B by input channels and by
// rows, upper and lower ones of an image, so that the result does not depend on
// the batch.  Combinations of A's quarters are packed, those of B's are made here.
// Sums of products are made where kernels begin and end.
func (w *lane) strassen(l *Layer) {
	w.grid = l.strassenGrid(w.m.kernels.level, w.images, w.size())
	w.run(w.grid.tasks)
}

// strassenGrid cuts the layer into tasks, each some rows of both halves of an
// image by some of the output channels.  A task of part of the rows reads all
// weights, and one of part of the channels combines all the input.
func (l *Layer) strassenGrid(level Level, images, threads int) grid {
	rows, groups := l.In.Height/2, l.Out.planes()/2/l.Tiles[level].Blocks
	splits := (rows + l.strassenRows() - 1) / l.strassenRows()
	if l.Out.Channels <= 8*rows*l.In.Width { // weights are less to read than pixels to combine
		for splits < rows && images*splits%threads > 0 {
			splits++
		}
	}
	parts := min(groups, (threads+images*splits-1)/(images*splits))
	return grid{tasks: images * splits * parts, splits: splits, parts: parts}
}

// The quarters of B and of the result, and what is made of B's, in the order in
// which they lie in scratch memory.
const (
	quarter11 = iota // of B: the first half of the channels, the upper rows
	quarter12        // the lower rows
	quarter21
	quarter22
	quarterT1 // B12-B11
	quarterT2 // B22-T1
	quarterT3 // B22-B12
	quarterT4 // B21-T2
)

// strassenBytes is how much of the input and its combinations a task may go
// through for each part of the output channels.  It is all of 1024 channels of 14x14 pixels:
// with half as much weights are read twice, which takes up to 3 % longer on a Zen 3.
const strassenBytes = 1600 << 10

// strassenRow is the size of a row of a quarter of the input, in all its planes.
func (l *Layer) strassenRow() int { return l.In.planes() / 2 * l.In.row() }

// strassenRows is how many rows of a half a task takes at most, but for one more.
func (l *Layer) strassenRows() int {
	return min(l.In.Height/2, max(1, strassenBytes/(4*7*l.strassenRow())))
}

// strassenScratch is how many float32s of scratch memory each thread needs.
func (l *Layer) strassenScratch() int {
	rows := min(l.In.Height/2, l.strassenRows()+1)
	sums := max(strassenSums/4, l.strassenSum(rows, strassenBlocks))
	if l.Joined {
		sums += sums / 3 // a quarter of the output
	}
	return 4*(rows*l.strassenRow()+block) + sums
}

// strassenBlocks is the most blocks of a tile.
const strassenBlocks = 2

// strassenSums is how many bytes of sums a part may have where it goes product after
// product over several tiles of output channels, that each reads its input from the
// L2 cache: what of this is left by the sums and the weights of a tile.
const strassenSums = 192 << 10

// strassenSum is how many float32s the sums of so many rows and blocks are.
func (l *Layer) strassenSum(rows, blocks int) int { return 3 * blocks * rows * l.In.Width * block }

// strassenSpan is how many tiles, of so many rows and blocks, a part has.
func (l *Layer) strassenSpan(rows, blocks int) int {
	return max(1, strassenSums/4/l.strassenSum(rows, blocks))
}

// strassenPart is what a task computes at a time: some rows of each half of an
// image, in some blocks of each half of the output channels, a tile of blocks after the other.
type strassenPart struct {
	image, first, last int
	from, to, blocks   int
	// The combinations that the task has made, of rows from one on, each
	// [planes][held][row], and three matrices of sums, [to-from][rows][width][16], behind
	// which is a quarter of the output where that is Joined.
	row, held      int
	combined, sums []float32
}

// matrix is the size of a combination.
func (s *strassenPart) matrix(l *Layer) int { return s.held*l.strassenRow() + block }

func (w *lane) strassenTask(l *Layer, t *thread, thread, task int) {
	g, rows, blocks := w.grid, l.In.Height/2, l.Tiles[w.m.kernels.level].Blocks
	part, split, image := task%g.parts, task/g.parts%g.splits, task/g.parts/g.splits
	// Rows that do not divide belong to one task in some parts, and to its
	// neighbour in others: both combine them.
	s := strassenPart{image: image, blocks: blocks, row: split * rows / g.splits}
	s.held = ((split+1)*rows+g.splits-1)/g.splits - s.row
	scratch := w.scratch[thread*w.m.program.ThreadScratch:]
	s.combined, s.sums = scratch, scratch[4*s.matrix(l):]
	w.strassenCombine(l, t, &s)
	groups, span := l.Out.planes()/2/blocks, l.strassenSpan(s.held, blocks)
	first, last := part*groups/g.parts, (part+1)*groups/g.parts
	if rows%g.splits > 0 { // enough parts for neighbours to take turns
		span = max(1, min(span, (last-first)/g.splits))
	}
	for turn := 0; first < last; turn++ {
		next := min(first+span, last)
		s.from, s.to = first*blocks, next*blocks
		s.first = (split*rows + turn%g.splits) / g.splits
		s.last = ((split+1)*rows + turn%g.splits) / g.splits
		w.strassenProducts(l, t, &s)
		first = next
	}
}

// strassenCombine makes the four combinations of the input.
func (w *lane) strassenCombine(l *Layer, t *thread, s *strassenPart) {
	in, a, size := &l.In, &t.strassen, s.held*l.In.row()
	*a = strassenArgs{
		pixels: size / block,
		rows:   4 * l.In.Height / 2 * in.row(),
		planes: 4 * (in.planes() / 2) * in.plane(),
		matrix: 4 * s.matrix(l),
	}
	for plane := range in.planes() / 2 {
		a.in = &w.arena[w.base(*in, s.image)+plane*in.plane()+(in.Halo+s.row)*in.row()]
		a.out = &s.combined[plane*size]
		callStrassen(w.m.kernels.strassenIn, a)
	}
}

// callStrassen is a point where the goroutine can be preempted; see callConv.
//
//go:noinline
func callStrassen(k strassenKernel, a *strassenArgs) { k(a) }
