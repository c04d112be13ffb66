package runtime

import "math"

// rowsOf tells how a plane is cut for the channel kernels: rows of pixels, or,
// where no buffer has a halo between its rows, pieces of all of them.  Sums in
// float32 stay short so, and are added up in float64.
func rowsOf(shape Buffer, others ...*Buffer) (rows, pixels int) {
	dense := shape.Halo == 0
	for _, b := range others {
		dense = dense && (b.Channels == 0 || b.Halo == 0)
	}
	if !dense {
		return shape.Height, shape.Width
	}
	n := shape.Height * shape.Width
	for rows = (n + sumPixels - 1) / sumPixels; n%rows != 0; rows++ {
	}
	return rows, n / rows
}

// sumPixels is the largest number of pixels that one call sums up in float32.
const sumPixels = 128

// pixelsAt is the first of the pixels of a piece of a plane, as rowsOf cuts it.
func (t *Trainer) pixelsAt(b *Buffer, image, plane, row, pixels int) *float32 {
	if b.Channels == 0 {
		return nil
	}
	at := t.w.base(*b, image) + plane*b.plane()
	if b.Halo == 0 {
		at += row * pixels * block
	} else {
		at += (row+b.Halo)*b.row() + b.Halo*block
	}
	return &t.w.arena[at]
}

// sumsAt are the two sums of the channels of one plane of an image.
func (t *Trainer) sumsAt(planes, image, plane int) *[2 * block]float64 {
	return (*[2 * block]float64)(t.sums[(image*planes+plane)*2*block:])
}

// batchNorm is, phase by phase: each plane's mean and sum of squares around
// it; those of all images (Chan, Golub and LeVeque, "Updating formulae and a
// pairwise algorithm for computing sample variances", 1979), always in the
// same order, and the factors of each channel; the normalized planes.
func (t *Trainer) batchNorm(r *TrainLayer, s *trainThread, phase, task int) {
	l := &r.Layer
	planes := l.In.planes()
	switch phase {
	case 0:
		t.moments(r, s, task/planes, task%planes)
	case 1:
		if t.evaluating {
			t.runningFactors(r, task)
		} else {
			t.normFactors(r, task)
		}
	case 2:
		if l.In2.Channels == 0 {
			t.w.eltwise(l, &t.w.threads[s.index], task/planes, task%planes)
			return
		}
		t.normalizeAdd(r, s, task/planes, task%planes)
	}
}

// moments gives mean and sum of squares around it of one plane.
func (t *Trainer) moments(r *TrainLayer, s *trainThread, image, plane int) {
	in := &r.Layer.In
	rows, pixels := rowsOf(*in)
	sums := t.sumsAt(in.planes(), image, plane)
	*sums = [2 * block]float64{}
	a, n := &s.channel, float64(pixels)
	var piece [2 * block]float64
	for row := range rows {
		// The first pixel as shift keeps the square of the mean small.
		x := t.pixelsAt(in, image, plane, row, pixels)
		*a = channelArgs{x: x, coef: x, out: &s.sums[0], pixels: pixels}
		callChannel(t.kernels.moments, a)
		for c, shift := range pixelAt(x, 0) {
			d := float64(s.sums[c]) / n
			piece[c], piece[block+c] = float64(shift)+d, float64(s.sums[block+c])-float64(d*float64(s.sums[c]))
		}
		joinMoments(sums, &piece, float64(n*float64(row)), n)
	}
}

// joinMoments joins the means and the sums of squares around them of n elements
// of each channel to those of count elements.
func joinMoments(sums, more *[2 * block]float64, count, n float64) {
	share := n / (count + n)
	between := count * share
	for c := range block {
		d := more[c] - sums[c]
		sums[c] += float64(d * share)
		sums[block+c] += more[block+c] + float64(float64(d*d)*between)
	}
}

// normFactors gives the statistics of the channels of a plane, over all images,
// and what to multiply and to add.
func (t *Trainer) normFactors(r *TrainLayer, plane int) {
	l := &r.Layer
	n := float64(l.In.Height * l.In.Width)
	var sums [2 * block]float64
	for image := range t.w.images {
		joinMoments(&sums, t.sumsAt(l.In.planes(), image, plane), float64(n*float64(image)), n)
	}
	for c := range block {
		mean, variance := sums[c], sums[block+c]/(n*float64(t.w.images))
		at := plane*block + c
		t.store[r.Mean+at], t.store[r.Var+at] = float32(mean), float32(variance)
		scale := float64(t.store[r.Gamma+at]) / math.Sqrt(variance+r.Eps)
		t.store[l.Weight+at] = float32(scale)
		t.store[l.Bias+at] = float32(float64(t.store[r.Beta+at]) - float64(mean*scale))
	}
}

// normalizeAdd is the last phase of a batch norm with a residual.
func (t *Trainer) normalizeAdd(r *TrainLayer, s *trainThread, image, plane int) {
	l := &r.Layer
	copy(s.coef[:block], t.store[l.Weight+plane*block:])
	copy(s.coef[block:2*block], t.store[l.Bias+plane*block:])
	rows, pixels := rowsOf(l.Out, &l.In, &l.In2)
	a := &s.channel
	for row := range rows {
		*a = channelArgs{
			x: t.pixelsAt(&l.In, image, plane, row, pixels), dy: t.pixelsAt(&l.In2, image, plane, row, pixels),
			out: t.pixelsAt(&l.Out, image, plane, row, pixels), coef: &s.coef[0], pixels: pixels,
		}
		if l.ReLU {
			a.flags = flagReLU
		}
		callChannel(t.kernels.normalize, a)
	}
	t.clearBorder(&l.Out, image, plane)
}

// clearBorder sets the halo of a plane to zero.
func (t *Trainer) clearBorder(b *Buffer, image, plane int) {
	if b.Halo > 0 {
		dst := t.plane(*b, image, plane)
		for y := range b.Height {
			clearHalo(dst, *b, y)
		}
	}
}

// runningAverage follows a batch's statistics; those of the variance are made
// unbiased.
func (t *Trainer) runningAverage(r *TrainLayer) {
	correction := 1.0
	if r.Samples > 0 {
		n := float64(r.Samples * t.w.images)
		correction = n / (n - 1)
	}
	running, batch := t.store[r.Param:][:r.Size], t.store[r.Grad:][:r.Size]
	for i, x := range batch {
		running[i] = float32(float64((1-r.Momentum)*float64(running[i])) + float64(r.Momentum*correction*float64(x)))
	}
}

// channelGrad is the gradient of a batch norm, phase by phase: the sums of dy
// and of dy*(x-mean) of each plane; those of all images, always in the same
// order, which are the gradients of beta and gamma, and the factors of each
// channel; and
//
//	dx = gamma/std * (dy - sum(dy)/n - (x-mean)/var*sum(dy*(x-mean))/n)
//
// Of an affine layer dx is scale*dy.
func (t *Trainer) channelGrad(r *TrainLayer, s *trainThread, phase, task int) {
	planes := r.Layer.In.planes()
	switch phase {
	case 0:
		t.gradSums(r, s, task/planes, task%planes)
	case 1:
		t.gradFactors(r, task)
	case 2:
		if r.Layer.Out.Channels > 0 {
			t.gradSweep(r, s, task/planes, task%planes)
		}
	}
}

func (t *Trainer) gradSums(r *TrainLayer, s *trainThread, image, plane int) {
	l := &r.Layer
	rows, pixels := rowsOf(l.In, &l.In2, &r.Mask)
	sums := t.sumsAt(l.In.planes(), image, plane)
	*sums = [2 * block]float64{}
	flags := t.loadMean(r, s, plane)
	a := &s.channel
	for row := range rows {
		*a = channelArgs{
			x: t.pixelsAt(&l.In2, image, plane, row, pixels), dy: t.pixelsAt(&l.In, image, plane, row, pixels),
			mask: t.pixelsAt(&r.Mask, image, plane, row, pixels), out: &s.sums[0], coef: &s.coef[3*block], pixels: pixels, flags: flags,
		}
		if a.x == nil {
			a.x = a.dy // a bias has no other operand, and its second sum is of no use
		}
		callChannel(t.kernels.gradSums, a)
		for i, v := range s.sums {
			sums[i] += float64(v)
		}
	}
}

// loadMean puts the means of a plane's channels into a row of s.coef, and what
// tells where the ReLU clamped into the next ones.  It gives the kernel's flags.
func (t *Trainer) loadMean(r *TrainLayer, s *trainThread, plane int) (flags int) {
	clear(s.coef[3*block:])
	if !r.Affine && r.Op == TrainChannelGrad {
		copy(s.coef[3*block:], t.store[r.Mean+plane*block:][:block])
	}
	if !r.FromInput {
		return 0
	}
	copy(s.coef[4*block:], t.store[r.MaskScale+plane*block:][:block])
	copy(s.coef[5*block:], t.store[r.MaskBias+plane*block:][:block])
	return flagFromX
}

// totals are the sums over all images of a plane's sums.
func (t *Trainer) totals(planes, plane int) (sums [2 * block]float64) {
	for image := range t.w.images {
		for i, v := range t.sumsAt(planes, image, plane) {
			sums[i] += v
		}
	}
	return sums
}

func (t *Trainer) gradFactors(r *TrainLayer, plane int) {
	planes := r.Layer.In.planes()
	n := float64(r.Layer.In.Height * r.Layer.In.Width * t.w.images)
	sums := t.totals(planes, plane)
	for c := range block {
		at := plane*block + c
		dy, dyx := sums[c], sums[block+c]
		gamma, inverse := float64(t.store[r.Gamma+at]), 1.0
		b, k := 0.0, 0.0
		if !r.Affine {
			inverse = 1 / math.Sqrt(float64(t.store[r.Var+at])+r.Eps)
			b, k = -gamma*inverse*inverse*inverse*dyx/n, -gamma*inverse*dy/n
		}
		t.store[r.DBeta+at], t.store[r.DGamma+at] = float32(dy), float32(dyx*inverse)
		w := r.Layer.Weight + plane*3*block + c
		t.store[w], t.store[w+block], t.store[w+2*block] = float32(gamma*inverse), float32(b), float32(k)
	}
}

func (t *Trainer) gradSweep(r *TrainLayer, s *trainThread, image, plane int) {
	l := &r.Layer
	flags := t.loadMean(r, s, plane)
	copy(s.coef[:3*block], t.store[l.Weight+plane*3*block:])
	rows, pixels := rowsOf(l.Out, &l.In, &l.In2, &r.Mask)
	a := &s.channel
	for row := range rows {
		*a = channelArgs{
			x: t.pixelsAt(&l.In2, image, plane, row, pixels), dy: t.pixelsAt(&l.In, image, plane, row, pixels),
			mask: t.pixelsAt(&r.Mask, image, plane, row, pixels), out: t.pixelsAt(&l.Out, image, plane, row, pixels),
			coef: &s.coef[0], pixels: pixels, flags: flags,
		}
		callChannel(t.kernels.gradSweep, a)
	}
	t.clearBorder(&l.Out, image, plane)
}

// biasGrad is the sum of dy over all pixels and images.
func (t *Trainer) biasGrad(r *TrainLayer, s *trainThread, phase, task int) {
	planes := r.Layer.In.planes()
	if phase == 0 {
		t.gradSums(r, s, task/planes, task%planes)
		return
	}
	sums := t.totals(planes, task)
	for c := range block {
		t.store[r.Grad+task*block+c] = float32(sums[c])
	}
}

func (t *Trainer) reluGrad(r *TrainLayer, s *trainThread, image, plane int) {
	l := &r.Layer
	rows, pixels := rowsOf(l.Out, &l.In, &l.In2)
	a := &s.channel
	for row := range rows {
		*a = channelArgs{
			dy: t.pixelsAt(&l.In, image, plane, row, pixels), mask: t.pixelsAt(&l.In2, image, plane, row, pixels),
			out: t.pixelsAt(&l.Out, image, plane, row, pixels), pixels: pixels,
		}
		callChannel(t.kernels.maskGrad, a)
	}
	t.clearBorder(&l.Out, image, plane)
}

// callChannel is a point where the goroutine can be preempted; see callConv.
//
//go:noinline
func callChannel(k channelKernel, a *channelArgs) { k(a) }
