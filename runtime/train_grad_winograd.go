package runtime

import "unsafe"

// gradTiles is about how many tiles of a plane's Winograd transform are multiplied
// at a time, of F(4×4, 3×3) with at most gradBytes of transforms of x and dy: with
// the sums these stay in an L2 cache.
const (
	gradTiles = 64
	gradBytes = 256 << 10
)

// winogradGrad is the sizes of the scratch memory for a weight gradient.
type winogradGrad struct {
	matrices            int
	columns, rows, most int // tiles of a row, rows of tiles of an image, rows at a time
	v, m, u             int // transformed x and dy, sums
	// Of tiles that do not divide the planes the last row may reach beyond the halos.
	// Then it is copied, so many rows as there are, before zeros: of x, and of dy
	// if its halo does not do; 0 for none.
	xRows, dyRows int
	xEdge, dyEdge int // size of the copies
}

func (r *TrainLayer) winogradGrad() (g winogradGrad) {
	outTile, inTile := r.gradTile()
	l, dy, x := &r.Layer, &r.Layer.In, &r.Layer.In2
	m := l.Winograd
	g.matrices = (m + 2) * (m + 2)
	g.columns, g.rows = (dy.Width+m-1)/m, (dy.Height+m-1)/m
	tiles := gradTiles
	if m > 2 {
		tiles = min(tiles, gradBytes/(4*block*g.matrices*(outTile+inTile)))
	}
	g.most = max(1, tiles/g.columns)
	// A cache line more than the matrices take: see chunk.
	g.v = (inTile*g.most*g.columns + 1) * block
	g.m = (outTile*g.most*g.columns + 1) * block
	g.u = inTile * outTile * block * block
	if dy.Height%m+dy.Width%m > 0 {
		first := (g.rows - 1) * m
		g.xRows = min(m+2, x.Height+x.Halo-(first-l.Padding[0]))
		g.xEdge = (m+2)*x.row() + m*block
		if dy.Height+dy.Halo < first+m {
			g.dyRows = dy.Height + dy.Halo - first
			g.dyEdge = m*dy.row() + m*block
		}
	}
	return g
}

// GradHalo reports whether a weight's gradient finds the zeros beside dy that
// complete its tiles of m by m pixels.
func GradHalo(dy Buffer, m int) bool {
	return (dy.Width+m-1)/m*m-dy.Width <= 2*dy.Halo && (dy.Halo > 0 || dy.Height%m == 0)
}

// winogradGradScratch is [TrainLayer.GradScratch] for Winograd's algorithm.
func (r *TrainLayer) winogradGradScratch() int {
	g := r.winogradGrad()
	return g.matrices*(g.v+g.m+g.u) + g.xEdge + g.dyEdge
}

// weightGradWinograd is the gradient of a 3×3 weight between some planes of dy,
// from o on, and of x, from i on, over some images: of tiles of m×m pixels of dy
// it is Gᵀ [Σ (Bᵀ x B) ⊙ (A dy Aᵀ)] G, the transpose of F(m×m, 3×3) (Lavin and
// Gray, arXiv 1509.09308), with 16 products where 36 are by definition, or 36 where
// 144 are.  Where tiles do not divide dy they reach into its halo, whose zeros make
// nothing of what x has there.
func (t *Trainer) weightGradWinograd(r *TrainLayer, s *trainThread, acc func(o, i int) []float32, o, i, first, last int) {
	g, l := r.winogradGrad(), &r.Layer
	m := l.Winograd
	outTile, inTile := r.gradTile()
	scratch := t.w.scratch[s.index*t.program.ThreadScratch:]
	take := func(n int) (part []float32) {
		part, scratch = scratch[:n], scratch[n:]
		return part
	}
	v, d, u := take(g.matrices*g.v), take(g.matrices*g.m), take(g.matrices*g.u)
	xEdge, dyEdge := take(g.xEdge), take(g.dyEdge)
	clear(u)
	clear(xEdge)
	clear(dyEdge)
	x, dy := &l.In2, &l.In
	xAt := func(image, plane, row int) []float32 {
		return t.w.arena[t.w.base(*x, image)+plane*x.plane()+(m*row-l.Padding[0]+x.Halo)*x.row()+(x.Halo-l.Padding[1])*block:]
	}
	dyAt := func(image, plane, row int) []float32 {
		return t.w.arena[t.w.base(*dy, image)+plane*dy.plane()+(m*row+dy.Halo)*dy.row()+dy.Halo*block:]
	}
	// edge gives a row of tiles, or a copy of so many of its rows, which begin at a
	// pixel, if it is the last one and reaches too far.
	edge := func(row int, from, copied []float32, rows int, b *Buffer, pixel int) *float32 {
		if rows == 0 || row < g.rows-1 {
			return &from[0]
		}
		copy(copied[:rows*b.row()-pixel*block], from)
		return &copied[0]
	}
	gradPieces(g.rows, g.most, first, last, func(p, next gradPiece) {
		rows := p.to - p.from
		tiles := p.images * rows * g.columns
		for n := range p.images * rows {
			image, row := p.image+n/rows, p.from+n%rows
			a := &s.wino
			*a = winogradArgs{tiles: g.columns, matrix: 4 * g.v, row: 4 * x.row()}
			for k := range inTile {
				a.in, a.out = edge(row, xAt(image, i+k, row), xEdge, g.xRows, x, x.Halo-l.Padding[1]), &v[(k*tiles+n*g.columns)*block]
				callWinograd(t.w.m.kernels.winogradIn[m], a)
			}
			*a = winogradArgs{tiles: g.columns, matrix: 4 * g.m, row: 4 * dy.row()}
			for j := range outTile {
				a.in, a.out = edge(row, dyAt(image, o+j, row), dyEdge, g.dyRows, dy, dy.Halo), &d[(j*tiles+n*g.columns)*block]
				callWinograd(t.kernels.winogradGradIn[m], a)
			}
		}
		nextRows := m * (next.to - next.from)
		xNext := gradAhead{&xAt(next.image, i, next.from)[0], inTile, next.images, 4 * x.plane(), 4 * t.program.Arena, 4 * (nextRows + 2) * x.row(), 0}
		dyNext := gradAhead{&dyAt(next.image, o, next.from)[0], outTile, next.images, 4 * dy.plane(), 4 * t.program.Arena, 4 * nextRows * dy.row(), 0}
		for e := range g.matrices {
			t.winogradGradProducts(s, v[e*g.v:], d[e*g.m:], u[e*g.u:], tiles, outTile, inTile, &xNext, &dyNext)
		}
	})
	for j := range outTile {
		for k := range inTile {
			s.wino = winogradArgs{
				in: &u[(j*inTile+k)*block*block], matrix: 4 * g.u, tiles: block,
				out: &acc(o+j, i+k)[0], row: 4 * block * block,
			}
			callWinograd(t.kernels.winogradGradOut[m], &s.wino)
		}
	}
}

// gradAhead is what a thread reads next: so many bytes of some planes of some images.
type gradAhead struct {
	first          *float32
	planes, images int
	plane, image   int // bytes from one to the next
	bytes          int
	part           int // that calls have not asked for yet
}

// take is how many bytes lie between p and the next part of that size; 0 behind
// the last one.
func (g *gradAhead) take(p *float32, size int) int {
	parts := (g.bytes + size - 1) / size
	n, part := g.part/parts, g.part%parts
	if n >= g.planes*g.images {
		return 0
	}
	g.part++
	at := uintptr(unsafe.Pointer(g.first)) - uintptr(unsafe.Pointer(p))
	return int(at) + n/g.planes*g.image + n%g.planes*g.plane + part*size
}

// winogradGradProducts adds the products of one matrix of the transforms; calls
// ask for parts of what comes next.
func (t *Trainer) winogradGradProducts(s *trainThread, v, m, u []float32, tiles, outTile, inTile int, xNext, dyNext *gradAhead) {
	const pixel = 4 * block
	for j := 0; j < outTile; {
		planes, kernel := 1, t.kernels.weightGrad[block]
		if t.kernels.weightGradPair != nil && j+1 < outTile {
			planes, kernel = 2, t.kernels.weightGradPair
		}
		for k := range inTile {
			a := &s.grad
			*a = weightGradArgs{
				x: &v[k*tiles*block], dy: &m[j*tiles*block], acc: &u[(j*inTile+k)*block*block],
				rows: 1, pixels: tiles, xStep: pixel, dyStep: pixel,
				dyPlane: tiles * pixel, accPlane: inTile * block * pixel,
			}
			a.xAhead, a.dyAhead = xNext.take(a.x, tiles*pixel), dyNext.take(a.dy, tiles*pixel)
			callWeightGrad(kernel, a)
		}
		j += planes
	}
}
