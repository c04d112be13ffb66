package runtime

// gradPoints is about how many pixels of dy a weight gradient goes over, tap after
// tap, before it turns to the next planes or pixels: with x or a second plane of
// dy they fit an L1 cache.
const gradPoints = 128

// gradUnits is how many pieces a weight's gradient has that tasks compute
// apart, if its images are not cut: pairs of an output and an input plane.
func (r *TrainLayer) gradUnits() (outPlanes, inUnits int) {
	o, i, _ := r.Slot.weightShape()
	if r.Slot.InBlock == 1 {
		i = 1 // all planes of a stem
	}
	return o, i
}

// gradEnough is how many tasks a weight's gradient should have at least.
const gradEnough = 16

// gradTile is how many output and input planes a task goes over together, so
// that a piece of dy or x, once in the cache, serves several blocks of the
// gradient.  The planes belong to one group of the convolution.
func (r *TrainLayer) gradTile() (outTile, inTile int) {
	out, in := r.gradUnits()
	if r.Slot.InBlock == 1 {
		return 1, 1
	}
	most := 4
	if _, _, taps := r.Slot.weightShape(); taps > 1 && r.Layer.Winograd == 0 {
		most = 2 // each tap is a use too, and has a block of its own
	}
	if r.Layer.Winograd > 2 {
		most = 2 // sums of 36 matrices are for more than an L2 cache holds
	}
	fit := func(planes int) int {
		n := most
		for planes%n != 0 {
			n /= 2
		}
		return n
	}
	return fit(out / r.Layer.Groups), fit(in)
}

// gradChunks is into how many parts so many images are cut, whose sums are
// added up afterwards.  It depends on nothing but the layer and the batch, for
// the order of the sums does.
func (r *TrainLayer) gradChunks(images int) int {
	out, in := r.gradUnits()
	outTile, inTile := r.gradTile()
	return max(1, min(images, gradEnough*outTile*inTile/(out*in)))
}

// GradScratch is how many float32s each thread needs to itself for a weight
// gradient.
func (r *TrainLayer) GradScratch() int {
	if r.Layer.Winograd > 0 {
		return r.winogradGradScratch()
	}
	return 0
}

// The phases of a weight gradient.
const (
	gradGather   = iota // pixels of 1×1 weights that do not lie side by side
	gradProducts        // over a chunk of the images, for a tile of pairs of planes
	gradSum             // of the chunks, always in the same order
	gradPhases
)

// gradTasks is the number of tasks of the phase at hand.
func (t *Trainer) gradTasks(r *TrainLayer) int {
	t.chunks = r.gradChunks(t.w.images)
	switch {
	case t.phase == gradGather:
		return t.w.images * (r.Layer.In.planes() + r.Layer.In2.planes())
	case t.phase == gradProducts:
		out, in := r.gradUnits()
		outTile, inTile := r.gradTile()
		return t.chunks * (out / outTile) * (in / inTile)
	case r.Slot.Groups > r.Slot.Merged:
		return 1
	case t.chunks > 1:
		return (r.Slot.Stored() + updateChunk - 1) / updateChunk
	}
	return 0
}

// weightGrad is a task of a weight's gradient.
func (t *Trainer) weightGrad(r *TrainLayer, s *trainThread, task int) {
	grad := t.store[r.Slot.Offset:][:r.Slot.Stored()]
	switch t.phase {
	case gradGather:
		t.gatherPoints(r, task)
	case gradProducts:
		t.weightGradTile(r, s, task)
	case gradSum:
		from, to := task*updateChunk, min((task+1)*updateChunk, len(grad))
		if r.Slot.Groups > r.Slot.Merged {
			to = len(grad)
		}
		for chunk := range t.chunks {
			if part := t.chunkGrad(r, chunk)[from:to]; chunk == 0 {
				copy(grad[from:to], part)
			} else {
				for i, x := range part {
					grad[from+i] += x
				}
			}
		}
		r.Slot.clearBetween(grad)
	}
}

// chunkGrad is where the gradient over a chunk of the images goes.
func (t *Trainer) chunkGrad(r *TrainLayer, chunk int) []float32 {
	size := r.Slot.Stored()
	if t.chunks == 1 {
		return t.store[r.Slot.Offset:][:size]
	}
	dy, x := r.gathered(t.w.images)
	return t.partial[dy+x+chunk*size:][:size]
}

// weightGradTile is the gradient over a chunk of the images for a tile of pairs
// of planes.
func (t *Trainer) weightGradTile(r *TrainLayer, s *trainThread, task int) {
	out, in := r.gradUnits()
	outTile, inTile := r.gradTile()
	tiles := (out / outTile) * (in / inTile)
	tile, chunk := task%tiles, task/tiles
	o, i := tile/(in/inTile)*outTile, tile%(in/inTile)*inTile
	grad := t.chunkGrad(r, chunk)
	size := len(grad) / (out * in)
	acc := func(o, i int) []float32 { return grad[(o*in+i)*size:][:size] }
	for j := range outTile {
		for k := range inTile {
			clear(acc(o+j, i+k))
		}
	}
	first, last := chunk*t.w.images/t.chunks, (chunk+1)*t.w.images/t.chunks
	l := &r.Layer
	switch {
	case l.In.Height*l.In.Width*l.In2.Height*l.In2.Width == 1 && l.Kernel == [2]int{1, 1}:
		for j := range outTile {
			for k := range inTile {
				t.weightGradVectors(l, s, acc(o+j, i+k), o+j, i+k, first, last)
			}
		}
	case r.points():
		t.weightGradPoints(r, s, acc, o, i, first, last)
	case l.Winograd > 0:
		t.weightGradWinograd(r, s, acc, o, i, first, last)
	case r.Slot.InBlock == 1:
		rows := max(1, 2*gradPoints/l.In.Width) // no second plane
		gradPieces(l.In.Height, min(rows, l.In.Height), first, last, func(p, _ gradPiece) { t.weightGradPlanar(l, s, acc(o, 0), o, p) })
	default:
		plane := o/(out/l.Groups)*in + i
		rows := max(1, gradPoints/l.In.Width)
		gradPieces(l.In.Height, min(rows, l.In.Height), first, last, func(p, next gradPiece) {
			for k := range inTile {
				for j := 0; j < outTile; {
					j += t.weightGradBlocked(l, s, acc(o+j, i+k), o+j, plane+k, min(2, outTile-j), 4*size*in, p, next)
				}
			}
		})
	}
}

// gradPiece is the pixels, or rows, from one up to another of some images.
type gradPiece struct{ image, images, from, to int }

// gradPieces cuts n pixels, or rows, of each of some images into even pieces of at
// most that many, of several images if those are small, and calls f for each, with
// the one that comes next.
func gradPieces(n, most, first, last int, f func(p, next gradPiece)) {
	each := max(1, most/n)         // images
	parts := (n + most - 1) / most // of an image
	at := func(i int) gradPiece {
		image, part := first+i/parts*each, i%parts
		return gradPiece{image, min(each, last-image), part * n / parts, (part + 1) * n / parts}
	}
	pieces := (last - first + each - 1) / each * parts
	for i := range pieces {
		f(at(i), at(min(i+1, pieces-1)))
	}
}

// weightGradBlocked adds, tap by tap or by several taps, the products of some
// rows of dy, plane o, with a plane of x; of up to two planes of dy if that is
// faster, whose sums are accPlane bytes apart.  It returns how many there were.
func (t *Trainer) weightGradBlocked(l *Layer, s *trainThread, acc []float32, o, plane, planes, accPlane int, p, next gradPiece) int {
	dy, x := &l.In, &l.In2
	a := &s.grad
	*a = weightGradArgs{
		dy: t.w.at(*dy, p.image, o, p.from), rows: p.to - p.from, pixels: dy.Width,
		xStep: 4 * block * l.Stride[1], xRow: 4 * x.row() * l.Stride[0], dyStep: 4 * block, dyRow: 4 * dy.row(),
		dyPlane: 4 * dy.plane(), accPlane: accPlane,
	}
	kernel, together := t.kernels.weightGrad[block], 1
	switch {
	case t.kernels.weightGradTaps != nil && l.Kernel[1] == 3 && l.Stride[1] == 1 && l.Dilation[1] == 1:
		kernel, together, planes = t.kernels.weightGradTaps, 3, 1
	case t.kernels.weightGradPair != nil && planes == 2:
		kernel = t.kernels.weightGradPair
	default:
		planes = 1
	}
	row := func(p gradPiece, ky int) int {
		y := p.from*l.Stride[0] + ky*l.Dilation[0] - l.Padding[0] + x.Halo
		return t.w.base(*x, p.image) + plane*x.plane() + y*x.row() + (x.Halo-l.Padding[1])*block
	}
	// With each tap kernels ask for what it meets next.
	a.xAhead = 4 * (row(next, 0) - row(p, 0))
	dyAhead := 4 * ((next.image-p.image)*t.program.Arena + (next.from-p.from)*dy.row())
	for ky := range l.Kernel[0] {
		for kx := 0; kx < l.Kernel[1]; kx += together {
			a.x = &t.w.arena[row(p, ky)+kx*l.Dilation[1]*block]
			a.acc = &acc[(ky*l.Kernel[1]+kx)*block*block]
			a.dyAhead = dyAhead + kx%planes*a.dyPlane
			callWeightGrad(kernel, a)
		}
	}
	return planes
}

// weightGradPlanar is the same for all planes of a planar x: neighbouring taps
// of a row take the place of neighbouring channels.
func (t *Trainer) weightGradPlanar(l *Layer, s *trainThread, acc []float32, o int, p gradPiece) {
	dy, x := &l.In, &l.In2
	a := &s.grad
	*a = weightGradArgs{
		dy: t.w.at(*dy, p.image, o, p.from), rows: p.to - p.from, pixels: dy.Width,
		xStep: 4 * l.Stride[1], xRow: 4 * x.row() * l.Stride[0], dyStep: 4 * block, dyRow: 4 * dy.row(),
	}
	together := min(l.Kernel[1], block)
	if l.Dilation[1] > 1 {
		together = 1
	}
	for c := range x.Channels {
		start := t.w.base(*x, p.image) + c*x.plane() + x.Halo - l.Padding[1]
		for ky := range l.Kernel[0] {
			row := start + (p.from*l.Stride[0]+ky*l.Dilation[0]-l.Padding[0]+x.Halo)*x.row()
			for kx := 0; kx < l.Kernel[1]; kx += together {
				a.x = &t.w.arena[row+kx*l.Dilation[1]]
				a.acc = &acc[((c*l.Kernel[0]+ky)*l.Kernel[1]+kx)*block]
				callWeightGrad(t.kernels.weightGrad[min(together, l.Kernel[1]-kx)], a)
			}
		}
	}
}

// weightGradVectors is the same where an image has one pixel: the images are
// the pixels of a row.
func (t *Trainer) weightGradVectors(l *Layer, s *trainThread, acc []float32, o, i, first, last int) {
	s.grad = weightGradArgs{
		x: t.w.at(l.In2, first, i, 0), dy: t.w.at(l.In, first, o, 0), acc: &acc[0], rows: 1, pixels: last - first,
		xStep: 4 * t.program.Arena, dyStep: 4 * t.program.Arena,
	}
	callWeightGrad(t.kernels.weightGrad[block], &s.grad)
}

// callWeightGrad is a point where the goroutine can be preempted; see callConv.
//
//go:noinline
func callWeightGrad(k weightGradKernel, a *weightGradArgs) { k(a) }

// spread sets pixel (y, x) of a plane from the buffer that has the turn there,
// More[y%stride*stride+x%stride], or to zero where there is none.
func (t *Trainer) spread(r *TrainLayer, image, plane int) {
	l := &r.Layer
	out := &l.Out
	dst := t.plane(*out, image, plane)
	clear(dst)
	for i := range l.More {
		in := &l.More[i]
		if in.Channels == 0 {
			continue
		}
		src := t.plane(*in, image, plane)
		for y := range in.Height {
			d := dst[(i/l.Stride[1]+y*l.Stride[0]+out.Halo)*out.row()+(i%l.Stride[1]+out.Halo)*block:]
			s := src[(y+in.Halo)*in.row()+in.Halo*block:]
			for x := range in.Width {
				*(*[block]float32)(d[x*l.Stride[1]*block:]) = *(*[block]float32)(s[x*block:])
			}
		}
	}
}

// slice copies the channels of a plane from those of In, from Layer.Before on.
func (t *Trainer) slice(r *TrainLayer, image, plane int) {
	l := &r.Layer
	dst := t.plane(l.Out, image, plane)
	clear(dst)
	first := plane * block
	for c := first; c < min(first+block, l.Out.Channels); {
		from := c + l.Before
		n := min(block-from%block, min(first+block, l.Out.Channels)-c)
		copyLanes(dst[c-first:], l.Out, t.plane(l.In, image, from/block)[from%block:], l.In, [2]int{1, 1}, n)
		c += n
	}
}
