package runtime

// points reports whether the row is the gradient of a 1×1 weight, of planes of
// more than one pixel.
func (r *TrainLayer) points() bool {
	l := &r.Layer
	return r.Op == TrainWeightGrad && l.Kernel == [2]int{1, 1} && r.Slot.InBlock == block && l.In.Height*l.In.Width*l.In2.Height*l.In2.Width > 1
}

// pointPlanes is where a gradient of a 1×1 weight finds pixels, all those of a
// plane side by side.
type pointPlanes struct {
	memory              []float32
	first, image, plane int // the first image's, from one to the next
}

func (p *pointPlanes) at(image, plane, pixel int) int {
	return p.first + image*p.image + plane*p.plane + pixel*block
}

// gatherDY and gatherX report whether the pixels of dy, or those of x that meet
// them, are to be put side by side first.
func (r *TrainLayer) gatherDY() bool { return r.points() && r.Layer.In.Halo > 0 }

func (r *TrainLayer) gatherX() bool {
	l := &r.Layer
	dense := l.In2.Halo == 0 && l.Stride == [2]int{1, 1} && l.Padding == [2]int{} && l.In.Height == l.In2.Height && l.In.Width == l.In2.Width
	return r.points() && !dense
}

// gathered is how many float32s pixels of so many images take that are put side by side.
func (r *TrainLayer) gathered(images int) (dy, x int) {
	each := images * r.Layer.In.Height * r.Layer.In.Width * block
	if r.gatherDY() {
		dy = each * r.Layer.In.planes()
	}
	if r.gatherX() {
		x = each * r.Layer.In2.planes()
	}
	return dy, x
}

// pointPlanes is where the pixels of dy and x are, gathered or not.
func (t *Trainer) pointPlanes(r *TrainLayer) (dy, x pointPlanes) {
	l := &r.Layer
	dense := func(b *Buffer) pointPlanes {
		return pointPlanes{t.w.arena, b.Offset, t.program.Arena, b.plane()}
	}
	pixels := l.In.Height * l.In.Width * block
	gathered := func(memory []float32, b *Buffer) pointPlanes {
		return pointPlanes{memory, 0, b.planes() * pixels, pixels}
	}
	dy, x = dense(&l.In), dense(&l.In2)
	n, _ := r.gathered(t.w.images)
	if r.gatherDY() {
		dy = gathered(t.partial, &l.In)
	}
	if r.gatherX() {
		x = gathered(t.partial[n:], &l.In2)
	}
	return dy, x
}

// gatherPoints puts the pixels of a plane of an image of dy or x side by side.
func (t *Trainer) gatherPoints(r *TrainLayer, task int) {
	l := &r.Layer
	dy, x := t.pointPlanes(r)
	image, plane := task/(l.In.planes()+l.In2.planes()), task%(l.In.planes()+l.In2.planes())
	to, from, stride, padding := &dy, &l.In, [2]int{1, 1}, [2]int{}
	wanted := r.gatherDY()
	if plane >= l.In.planes() {
		plane -= l.In.planes()
		to, from, stride, padding = &x, &l.In2, l.Stride, l.Padding
		wanted = r.gatherX()
	}
	if !wanted {
		return
	}
	dst := to.memory[to.at(image, plane, 0):]
	src := t.plane(*from, image, plane)[(from.Halo-padding[0])*from.row()+(from.Halo-padding[1])*block:]
	for y := range l.In.Height {
		row := src[y*stride[0]*from.row():]
		for i := range l.In.Width {
			*(*[block]float32)(dst[(y*l.In.Width+i)*block:]) = *(*[block]float32)(row[i*stride[1]*block:])
		}
	}
}

// weightGradPoints is the gradient of a 1×1 weight between some planes of dy, from
// o on, and of x, from i on, over some images.
func (t *Trainer) weightGradPoints(r *TrainLayer, s *trainThread, acc func(o, i int) []float32, o, i, first, last int) {
	l := &r.Layer
	outTile, inTile := r.gradTile()
	out, in := r.gradUnits()
	plane := o/(out/l.Groups)*in + i
	dy, x := t.pointPlanes(r)
	a := &s.grad
	gradPieces(l.In.Height*l.In.Width, gradPoints, first, last, func(p, next gradPiece) {
		*a = weightGradArgs{
			rows: p.images, pixels: p.to - p.from, xStep: 4 * block, dyStep: 4 * block, xRow: 4 * x.image, dyRow: 4 * dy.image,
			dyPlane: 4 * dy.plane, accPlane: 4 * block * block * in,
		}
		for j, calls := 0, 0; j < outTile; {
			planes, kernel := 1, t.kernels.weightGrad[block]
			if t.kernels.weightGradPair != nil && j+1 < outTile {
				planes, kernel = 2, t.kernels.weightGradPair
			}
			for k := range inTile {
				dyAt, xAt := dy.at(p.image, o+j, p.from), x.at(p.image, plane+k, p.from)
				// Each call asks for a plane of the next piece, while there are some.
				a.dyAhead, a.xAhead = 0, 0
				if calls < outTile {
					a.dyAhead = 4 * (dy.at(next.image, o+calls, next.from) - dyAt)
				}
				if calls < inTile {
					a.xAhead = 4 * (x.at(next.image, plane+calls, next.from) - xAt)
				}
				calls++
				a.dy, a.x, a.acc = &dy.memory[dyAt], &x.memory[xAt], &acc(o+j, i+k)[0]
				callWeightGrad(kernel, a)
			}
			j += planes
		}
	})
}
