package runtime

import "unsafe"

// gradTiles is about how many tiles of a plane's Winograd transform are
// multiplied at a time: transforms of four planes each of x and dy, and the sums,
// stay in an L2 cache.
const gradTiles = 64

// winogradGrad is the sizes of the scratch memory for a weight gradient.
type winogradGrad struct {
	columns, rows, most int // tiles of a row, rows of tiles of an image, rows at a time
	v, m, u             int // transformed x and dy, sums
	edge                int // rows of x behind which there is a row of zeros
}

const winogradGradMatrices = 16 // of F(2×2, 3×3)

func (r *TrainLayer) winogradGrad() (g winogradGrad) {
	outTile, inTile := r.gradTile()
	dy := &r.Layer.In
	g.columns, g.rows = (dy.Width+1)/2, (dy.Height+1)/2
	g.most = max(1, gradTiles/g.columns)
	// A cache line more than the matrices take: see chunk.
	g.v = (inTile*g.most*g.columns + 1) * block
	g.m = (outTile*g.most*g.columns + 1) * block
	g.u = inTile * outTile * block * block
	if dy.Height%2 > 0 {
		g.edge = 4*r.Layer.In2.row() + block
	}
	return g
}

// winogradGradScratch is [TrainLayer.GradScratch] for Winograd's algorithm.
func (r *TrainLayer) winogradGradScratch() int {
	g := r.winogradGrad()
	return winogradGradMatrices*(g.v+g.m+g.u) + g.edge
}

// weightGradWinograd is the gradient of a 3×3 weight between some planes of dy,
// from o on, and of x, from i on, over some images: of tiles of 2×2 pixels of dy
// it is Gᵀ [Σ (Bᵀ x B) ⊙ (A dy Aᵀ)] G, the transpose of F(2×2, 3×3) (Lavin and
// Gray, arXiv 1509.09308), with 16 products where 36 are by definition.  Where dy
// has an odd size, tiles reach into its halo, whose zeros make nothing of what x
// has there.
func (t *Trainer) weightGradWinograd(r *TrainLayer, s *trainThread, acc func(o, i int) []float32, o, i, first, last int) {
	g, l := r.winogradGrad(), &r.Layer
	outTile, inTile := r.gradTile()
	scratch := t.w.scratch[s.index*t.program.ThreadScratch:]
	v, m, u := scratch[:winogradGradMatrices*g.v], scratch[winogradGradMatrices*g.v:], scratch[winogradGradMatrices*(g.v+g.m):]
	edge := u[winogradGradMatrices*g.u:][:g.edge]
	clear(u[:winogradGradMatrices*g.u])
	clear(edge)
	x, dy := &l.In2, &l.In
	xAt := func(image, plane, row int) []float32 {
		return t.w.arena[t.w.base(*x, image)+plane*x.plane()+(2*row-l.Padding[0]+x.Halo)*x.row()+(x.Halo-l.Padding[1])*block:]
	}
	gradPieces(g.rows, g.most, first, last, func(p, next gradPiece) {
		rows := p.to - p.from
		tiles := p.images * rows * g.columns
		for n := range p.images * rows {
			image, row := p.image+n/rows, p.from+n%rows
			a := &s.wino
			*a = winogradArgs{tiles: g.columns, matrix: 4 * g.v, row: 4 * x.row()}
			for k := range inTile {
				in := xAt(image, i+k, row)
				if 2*row+1 == dy.Height { // the fourth row is beyond the halo
					copy(edge[:3*x.row()], in)
					in = edge
				}
				a.in, a.out = &in[0], &v[(k*tiles+n*g.columns)*block]
				callWinograd(t.w.m.kernels.winogradIn[2], a)
			}
			*a = winogradArgs{tiles: g.columns, matrix: 4 * g.m, row: 4 * dy.row()}
			for j := range outTile {
				a.in, a.out = t.w.at(*dy, image, o+j, 2*row), &m[(j*tiles+n*g.columns)*block]
				callWinograd(t.kernels.winogradGradIn, a)
			}
		}
		nextRows := 2 * (next.to - next.from)
		xNext := gradAhead{&xAt(next.image, i, next.from)[0], inTile, next.images, 4 * x.plane(), 4 * t.program.Arena, 4 * (nextRows + 2) * x.row(), 0}
		dyNext := gradAhead{t.w.at(*dy, next.image, o, 2*next.from), outTile, next.images, 4 * dy.plane(), 4 * t.program.Arena, 4 * nextRows * dy.row(), 0}
		for e := range winogradGradMatrices {
			t.winogradGradProducts(s, v[e*g.v:], m[e*g.m:], u[e*g.u:], tiles, outTile, inTile, &xNext, &dyNext)
		}
	})
	for j := range outTile {
		for k := range inTile {
			s.wino = winogradArgs{
				in: &u[(j*inTile+k)*block*block], matrix: 4 * g.u, tiles: block,
				out: &acc(o+j, i+k)[0], row: 4 * block * block,
			}
			callWinograd(t.kernels.winogradGradOut, &s.wino)
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
