package runtime

// gradTiles is about how many tiles of a plane's Winograd transform are
// multiplied at a time: transforms of two planes each of x and dy, and the sums,
// stay in an L2 cache.
const gradTiles = 64

// winogradGrad is the sizes of the scratch memory for a weight gradient.
type winogradGrad struct {
	columns, rows, most int // tiles of a row, rows of tiles of an image, rows at a time
	v, m, u             int // transformed x and dy, sums
}

const winogradGradMatrices = 16 // of F(2×2, 3×3)

func (r *TrainLayer) winogradGrad() (g winogradGrad) {
	outTile, inTile := r.gradTile()
	g.columns, g.rows = r.Layer.In.Width/2, r.Layer.In.Height/2
	g.most = max(1, gradTiles/g.columns)
	// A cache line more than the matrices take: see chunk.
	g.v = (inTile*g.most*g.columns + 1) * block
	g.m = (outTile*g.most*g.columns + 1) * block
	g.u = inTile * outTile * block * block
	return g
}

// winogradGradScratch is [TrainLayer.GradScratch] for Winograd's algorithm.
func (r *TrainLayer) winogradGradScratch() int {
	g := r.winogradGrad()
	return winogradGradMatrices * (g.v + g.m + g.u)
}

// weightGradWinograd is the gradient of a 3×3 weight between some planes of dy,
// from o on, and of x, from i on, over some images: of tiles of 2×2 pixels of dy
// it is Gᵀ [Σ (Bᵀ x B) ⊙ (A dy Aᵀ)] G, the transpose of F(2×2, 3×3) (Lavin and
// Gray, arXiv 1509.09308), with 16 products where 36 are by definition.
func (t *Trainer) weightGradWinograd(r *TrainLayer, s *trainThread, acc func(o, i int) []float32, o, i, first, last int) {
	g, l := r.winogradGrad(), &r.Layer
	outTile, inTile := r.gradTile()
	scratch := t.w.scratch[s.index*t.program.ThreadScratch:]
	v, m, u := scratch[:winogradGradMatrices*g.v], scratch[winogradGradMatrices*g.v:], scratch[winogradGradMatrices*(g.v+g.m):]
	clear(u[:winogradGradMatrices*g.u])
	for from := first * g.rows; from < last*g.rows; from += g.most {
		to := min(from+g.most, last*g.rows)
		tiles := (to - from) * g.columns
		for row := from; row < to; row++ {
			image, y := row/g.rows, row%g.rows*2
			at := (row - from) * g.columns
			a := &s.wino
			*a = winogradArgs{tiles: g.columns, matrix: 4 * g.v, row: 4 * l.In2.row()}
			for k := range inTile {
				in := &l.In2
				a.in = &t.w.arena[t.w.base(*in, image)+(i+k)*in.plane()+(y-l.Padding[0]+in.Halo)*in.row()+(in.Halo-l.Padding[1])*block]
				a.out = &v[(k*tiles+at)*block]
				callWinograd(t.w.m.kernels.winogradIn[2], a)
			}
			*a = winogradArgs{tiles: g.columns, matrix: 4 * g.m, row: 4 * l.In.row()}
			for j := range outTile {
				a.in, a.out = t.w.at(l.In, image, o+j, y), &m[(j*tiles+at)*block]
				callWinograd(t.kernels.winogradGradIn, a)
			}
		}
		for e := range winogradGradMatrices {
			t.winogradGradProducts(s, v[e*g.v:], m[e*g.m:], u[e*g.u:], tiles, outTile, inTile)
		}
	}
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

// winogradGradProducts adds the products of one matrix of the transforms.
func (t *Trainer) winogradGradProducts(s *trainThread, v, m, u []float32, tiles, outTile, inTile int) {
	const pixel = 4 * block
	for k := range inTile {
		for j := 0; j < outTile; j++ {
			s.grad = weightGradArgs{
				x: &v[k*tiles*block], dy: &m[j*tiles*block], acc: &u[(j*inTile+k)*block*block],
				rows: 1, pixels: tiles, xStep: pixel, dyStep: pixel,
				dyPlane: tiles * pixel, accPlane: inTile * block * pixel,
			}
			kernel := t.kernels.weightGrad[block]
			if t.kernels.weightGradPair != nil && j+1 < outTile {
				kernel = t.kernels.weightGradPair
				j++
			}
			callWeightGrad(kernel, &s.grad)
		}
	}
}
