package runtime

// winogradChunk is a range of tile rows, of all images in one count, with the
// scratch memory for them: matrices of [planes][tiles][16].
type winogradChunk struct {
	first, last int
	height      int // tile rows of an image
	columns     int // tiles of a row that lie inside
	tiles       int
	products    int
	v, m        []float32 // transformed input, products
	sizeV       int       // float32s from one matrix to the next
	sizeM       int
	// Tiles that reach beyond the output give it nothing of the last row or
	// column of a tile, so nothing needs the products that only those take: the
	// last row's, or column's, of a product's elements.  Tiles of the last
	// column of images, if it is such a one, stand before those inside, behind
	// which are those of the last row, and of both, where all products find theirs
	// one behind another.
	right, inside, bottom int
}

func (l *Layer) chunk(first, last int, scratch []float32) winogradChunk {
	c := winogradChunk{
		first: first, last: last,
		height: l.tileRows(), columns: l.Out.Width / l.Winograd, tiles: (last - first) * l.tileColumns(),
	}
	rows := last - first // of tiles that lie inside, from top to bottom
	if l.Out.Height%l.Winograd > 0 {
		rows -= last/c.height - first/c.height
	}
	if l.Out.Width%l.Winograd > 0 {
		c.right = rows
	}
	c.inside = rows*l.tileColumns() - c.right
	c.bottom = (last - first - rows) * c.columns
	elements, products, _ := l.WinogradElements()
	c.products = products
	// One more cache line between matrices: at powers of two they would
	// compete for the same few lines of the cache.
	c.sizeV = l.In.planes()*c.tiles*block + block
	c.sizeM = l.Out.planes()*c.tiles*block + block
	c.v = scratch[:elements*c.sizeV]
	c.m = scratch[len(c.v):][:products*c.sizeM]
	return c
}

// overwrite makes products take the place of their elements, so that a chunk needs half
// the cache.  That is right where one call of a kernel, which writes a tile's
// products when it has read all of its input, computes all blocks that the thread does.
func (c *winogradChunk) overwrite(l *Layer) {
	if !l.polyphase() && l.In.planes() == l.Out.planes() {
		c.m = c.v
	}
}

// tileRun is some tiles of a row, one behind another: the first one's column,
// and its place in the chunk.
type tileRun struct{ column, place, tiles int }

// runs gives the tiles of tile row r, of which y are above in its image, that lie
// inside and, apart, the last one if it reaches beyond the output; of none of these tiles is 0.
func (l *Layer) runs(c *winogradChunk, r, y int) [2]tileRun {
	if c.inside == c.tiles {
		return [2]tileRun{{place: (r - c.first) * c.columns, tiles: c.columns}}
	}
	runs := [2]tileRun{{tiles: c.columns}, {column: c.columns, tiles: l.tileColumns() - c.columns}}
	below := 0 // last rows of images before r
	if l.Out.Height%l.Winograd > 0 {
		below = r/c.height - c.first/c.height
		if y == c.height-1 {
			runs[0].place = c.right + c.inside + below*c.columns
			runs[1].place = c.right + c.inside + c.bottom + below
			return runs
		}
	}
	k := r - c.first - below
	runs[0].place, runs[1].place = c.right+k*c.columns, k
	return runs
}

// needed is the range of the tiles that need a product, by its place.
func (l *Layer) needed(c *winogradChunk, place int) (from, to int) {
	if c.inside == c.tiles {
		return 0, c.tiles
	}
	n := l.Winograd + 2
	if l.polyphase() {
		n = polyphaseProducts
	}
	to = c.tiles
	if place/n == n-1 {
		to -= c.tiles - c.right - c.inside
	}
	if place%n == n-1 {
		from = c.right
		to = min(to, c.right+c.inside+c.bottom)
	}
	return from, to
}

// WinogradScratch is how many float32s of scratch memory the layer needs.
func (l *Layer) WinogradScratch() int {
	if l.Stem() {
		return l.stemRows(min(l.chunkRows(l.Chunk), l.Out.Height)) * l.stemRow()
	}
	elements, products, _ := l.WinogradElements()
	tiles := l.chunkRows(l.Chunk) * l.tileColumns()
	return block * (elements*(l.In.planes()*tiles+1) + products*(l.Out.planes()*tiles+1))
}
