package runtime

import "unsafe"

// The twins of Winograd's transforms that only training needs.  They round
// products and sums apart, also where Go would fuse them, and so give the bits of
// the assembly: levels without a kernel of their own use them.

func winogradWeightGeneric(a *winogradArgs, m int) {
	n := m + 2
	var rows [6][3]float32
	for t := range a.tiles * block {
		tap := func(k int) float32 { return *(*float32)(unsafe.Add(unsafe.Pointer(a.in), k*a.row+4*t)) }
		for x := range 3 {
			for y, v := range timesG([3]float32{tap(x), tap(3 + x), tap(6 + x)}, m) {
				rows[y][x] = v
			}
		}
		for y := range n {
			for x, v := range timesG(rows[y], m) {
				if x < n {
					*(*float32)(unsafe.Add(unsafe.Pointer(a.out), (y*n+x)*a.matrix+4*t)) = v
				}
			}
		}
	}
}

// timesG is G g, for the matrix G of F(m×m, 3×3) of Lavin and Gray; of m 2 only
// the first four elements count.
func timesG(g [3]float32, m int) [6]float32 {
	if m == 2 {
		s, u := float32((g[0]+g[2])*0.5), float32(g[1]*0.5)
		return [6]float32{g[0], s + u, s - u, g[2]}
	}
	s, t, u := g[0]+g[2], float32(g[0]*(1./24))+float32(g[2]*(1./6)), float32(g[1]*(1./12))
	return [6]float32{g[0] * (1. / 4), (s + g[1]) * (-1. / 6), (s - g[1]) * (-1. / 6), t + u, t - u, g[2]}
}

func winogradGradInGeneric(a *winogradArgs, m int) {
	n := m + 2
	for t := range a.tiles {
		for c := range block {
			var rows [6][4]float32
			for x := range m {
				var d [4]float32
				for y := range m {
					d[y] = pixelAt(a.in, y*a.row+(m*t+x)*4*block)[c]
				}
				for y, v := range timesA(d, m) {
					rows[y][x] = v
				}
			}
			for y := range n {
				for x, v := range timesA(rows[y], m) {
					if x < n {
						pixelAt(a.out, (n*y+x)*a.matrix+t*4*block)[c] = v
					}
				}
			}
		}
	}
}

// timesA is A d, for the matrix A of F(m×m, 3×3); of m 2 only the first two, and
// four, elements count, and the last has the other sign.
func timesA(d [4]float32, m int) [6]float32 {
	if m == 2 {
		return [6]float32{d[0], d[0] + d[1], d[0] - d[1], d[1]}
	}
	even, odd := d[0]+d[2], d[1]+d[3]
	even4, odd4 := d[0]+float32(4*d[2]), d[1]+float32(4*d[3])
	return [6]float32{d[0], even + odd, even - odd, even4 + float32(2*odd4), even4 - float32(2*odd4), d[3]}
}

func winogradGradOutGeneric(a *winogradArgs, m int) {
	n := m + 2
	for t := range a.tiles {
		for c := range block {
			var rows [3][6]float32
			for x := range n {
				var u [6]float32
				for y := range n {
					u[y] = pixelAt(a.in, (n*y+x)*a.matrix+t*4*block)[c]
				}
				for y, v := range foldG(u, m) {
					rows[y][x] = v
				}
			}
			for y := range rows {
				for x, v := range foldG(rows[y], m) {
					pixelAt(a.out, (3*y+x)*a.row+t*4*block)[c] = v
				}
			}
		}
	}
}

// foldG is Gᵀ u, for the matrix G of F(m×m, 3×3); of m 2 only the first four
// elements count, and the last has the other sign.
func foldG(u [6]float32, m int) [3]float32 {
	if m == 2 {
		s, d := float32((u[1]+u[2])*0.5), float32((u[1]-u[2])*0.5)
		return [3]float32{s + u[0], d, s - u[3]}
	}
	s, t := u[2]+u[1], u[3]+u[4]
	first := float32((float32(t*(1./4)) - s) * (1. / 6))
	middle := float32((float32((u[3]-u[4])*(1./2)) + (u[2] - u[1])) * (1. / 6))
	last := float32((t - s) * (1. / 6))
	return [3]float32{float32(u[0]*(1./4)) + first, middle, last + u[5]}
}
