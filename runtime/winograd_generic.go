package runtime

// The matrices of Lavin and Gray's F(2x2, 3x3) and F(4x4, 3x3) by m: rows of B
// transposed, which transforms input, and of A transposed, which transforms output.
var (
	winogradB = [maxWinograd + 1][][]float32{
		2: {
			{1, 0, -1, 0},
			{0, 1, 1, 0},
			{0, -1, 1, 0},
			{0, 1, 0, -1},
		},
		4: {
			{4, 0, -5, 0, 1, 0},
			{0, -4, -4, 1, 1, 0},
			{0, 4, -4, -1, 1, 0},
			{0, -2, -1, 2, 1, 0},
			{0, 2, -1, -2, 1, 0},
			{0, 4, 0, -5, 0, 1},
		},
	}
	winogradA = [maxWinograd + 1][][]float32{
		2: {
			{1, 1, 1, 0},
			{0, 1, -1, -1},
		},
		4: {
			{1, 1, 1, 1, 1, 0},
			{0, 1, -1, 2, -2, 0},
			{0, 1, 1, 4, 4, 0},
			{0, 1, -1, 8, -8, 1},
		},
	}
)

// winogradInGeneric is the pure-Go twin of the input transforms.
func winogradInGeneric(m int) winogradKernel {
	n := m + 2
	return func(a *winogradArgs) {
		var d, half, v [6][6][block]float32
		for t := range a.tiles {
			for y := range n {
				for x := range n {
					d[y][x] = *pixelAt(a.in, y*a.row+(t*m+x)*4*block)
				}
			}
			winogradSandwich(winogradB[m], &d, &half, &v, n)
			for i := range n * n {
				*pixelAt(a.out, i*a.matrix+t*4*block) = v[i/n][i%n]
			}
		}
	}
}

// winogradOutGeneric is the pure-Go twin of the output transforms.
func winogradOutGeneric(m int) winogradKernel {
	n := m + 2
	return func(a *winogradArgs) {
		var d, half, v [6][6][block]float32
		for t := range a.tiles {
			for i := range n * n {
				d[i/n][i%n] = *pixelAt(a.in, i*a.matrix+t*4*block)
			}
			winogradSandwich(winogradA[m], &d, &half, &v, n)
			for y := range min(m, a.rows) {
				for x := range min(m, a.cols-t*m) {
					sum := &v[y][x]
					if a.bias != nil {
						for c, b := range pixelAt(a.bias, 0) {
							sum[c] += b
						}
					}
					if a.res != nil {
						for c, r := range pixelAt(a.res, y*a.resRow+(t*m+x)*4*block) {
							sum[c] += r
						}
					}
					if a.flags&flagReLU != 0 {
						clamp(sum)
					}
					*pixelAt(a.out, y*a.row+(t*m+x)*4*block) = *sum
				}
			}
		}
	}
}

// winogradSandwich computes v = matrix * d * matrixᵀ in every channel; d is n×n.
func winogradSandwich(matrix [][]float32, d, half, v *[6][6][block]float32, n int) {
	for i, row := range matrix {
		for x := range n {
			half[i][x] = [block]float32{}
			for k, f := range row {
				accumulate(&half[i][x], f, &d[k][x])
			}
		}
	}
	for i := range matrix {
		for j, row := range matrix {
			v[i][j] = [block]float32{}
			for k, f := range row {
				accumulate(&v[i][j], f, &half[i][k])
			}
		}
	}
}

// accumulate adds f*x to sum.  Zeros of the matrices are skipped: they say that
// an element takes no part, even one that is infinite.
func accumulate(sum *[block]float32, f float32, x *[block]float32) {
	if f == 0 {
		return
	}
	for c := range sum {
		sum[c] += f * x[c]
	}
}
