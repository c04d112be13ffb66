package runtime

// A 7x7 convolution with stride 2 of an image's planes has few channels to sum
// over, and many pixels.  Along a row it is the sum of two without stride, of
// every other pixel each: taps 0, 2, 4 and 6 of one phase, and 1, 3 and 5 of the
// other one.  Winograd's F(4, 4) computes four pixels of the first from seven
// products, at the points 0, 1, -1, 2, -2, 1/2 and infinity; of the second, whose
// filter is one of four taps with a last one of 0, the same points but infinity
// suffice.  So both go to the same seven sums, over rows, planes and phases, which
// stay in registers until they are transformed back: 13 multiply-adds for a row of a
// filter and four pixels, instead of 28.
//
// The transforms, of a phase's pixels d with e0 = d1-d0/2, e1 = d2-d1/2 and so on,
// of weights w, and back from the sums m, are
//
//	0     e4-e2 + 4(e0-e2)               -w0/2
//	±1    (e4-4e2) ± (e3-4e1)            -(w0+w1+w2+w3)/3, (w0-w1+w2-w3)/9
//	±2    (e4-e2) ± 2(e3-e1)             (w0+2w1+4w2+8w3)/36, -(w0-2w1+4w2-8w3)/60
//	1/2   d5-d3 - 4(d3-d1)               (8w0+4w1+2w2+w3)/90
//	∞     e5-e3 - 4(e3-e1)               w3
//
//	y0 = m0+(m1+m2)+(m3+m4)+8m5          y1 = (m1-m2)+2(m3-m4)+4m5
//	y2 = (m1+m2)+4(m3+m4)+2m5            y3 = (m1-m2)+8(m3-m4)+m5+m6
//
// Rows are cut into groups of four tiles, 16 pixels; the last one ends with the
// row and computes some pixels again where that is not a multiple of 16.
// Transformed input lies as [row][group][plane][13 elements][4 tiles], and
// weights as [out/16][kernel row][plane][13 elements][16 out].
//
// Stem reports whether the layer is computed so.
func (l *Layer) Stem() bool { return l.Winograd > 0 && l.In.Block == 1 }

// stemRow is how many float32s a row of transformed input takes.
func (l *Layer) stemRow() int {
	return (l.Out.Width + stemGroup - 1) / stemGroup * l.In.Channels * stemFloats
}

// stemRows is how many rows of input so many rows of output are computed from.
func (l *Layer) stemRows(rows int) int { return (rows-1)*l.Stride[0] + l.Kernel[0] }

// stem computes the output rows from first up to last, of all images in one count,
// of the blocks of output channels from one up to another.
func (w *lane) stem(l *Layer, t *thread, first, last, from, to int, v []float32) {
	for first < last {
		image, y := first/l.Out.Height, first%l.Out.Height
		rows := min(last-first, l.Out.Height-y)
		w.stemIn(l, t, image, y, rows, v)
		for plane := from; plane < to; plane++ {
			w.stemOut(l, t, image, plane, y, rows, v)
		}
		first += rows
	}
}

// stemIn transforms the input of some rows.
func (w *lane) stemIn(l *Layer, t *thread, image, y, rows int, v []float32) {
	in, a, kernel := &l.In, &t.wino, w.m.kernels.stemIn
	group := l.In.Channels * stemFloats
	*a = winogradArgs{matrix: 4 * group}
	for row := range l.stemRows(rows) {
		for plane := range in.Channels {
			i := w.base(*in, image) + plane*in.plane() +
				(y*l.Stride[0]-l.Padding[0]+row+in.Halo)*in.row() + in.Halo - l.Padding[1]
			for _, run := range l.stemRuns() {
				if a.tiles = run.tiles; a.tiles > 0 {
					a.in = &w.arena[i+run.column*l.Stride[1]]
					a.out = &v[row*l.stemRow()+run.place*group+plane*stemFloats]
					callWinograd(kernel, a)
				}
			}
		}
	}
}

// stemOut computes one plane of output channels of some rows.
func (w *lane) stemOut(l *Layer, t *thread, image, plane, y, rows int, v []float32) {
	out, a, kernel := &l.Out, &t.conv, w.m.kernels.stem
	group := l.In.Channels * stemFloats
	*a = convArgs{
		w:       &w.m.weights.floats[l.Weight+plane*l.Kernel[0]*l.In.Channels*stemProducts*block],
		blocks:  l.In.Channels,
		kh:      l.Kernel[0],
		inPlane: 4 * group,
		inRow:   4 * l.stemRow(),
	}
	if l.Bias >= 0 {
		a.bias = &w.m.weights.floats[l.Bias+plane*block]
	}
	if l.ReLU {
		a.flags = flagReLU
	}
	for row := range rows {
		o := w.base(*out, image) + plane*out.plane() + (y+row+out.Halo)*out.row() + out.Halo*block
		for _, run := range l.stemRuns() {
			if a.tiles = run.tiles; a.tiles > 0 {
				a.in = &v[row*l.Stride[0]*l.stemRow()+run.place*group]
				a.out = &w.arena[o+run.column*block]
				callConv(kernel, a)
			}
		}
		if l.clearsHalo() {
			clearHalo(w.arena[w.base(*out, image)+plane*out.plane():], *out, y+row)
		}
	}
}

// stemRuns gives the groups of a row that follow each other and, apart, the last
// one if it does not: the first pixel, the first group's place, and how many they are.
func (l *Layer) stemRuns() [2]tileRun {
	n, width := l.Out.Width/stemGroup, l.Out.Width
	return [2]tileRun{{tiles: n}, {column: width - stemGroup, place: n, tiles: min(width%stemGroup, 1)}}
}
