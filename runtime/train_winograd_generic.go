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

func winogradGradInGeneric(a *winogradArgs) {
	for t := range a.tiles {
		d := func(y, x int) *[block]float32 { return pixelAt(a.in, y*a.row+(2*t+x)*4*block) }
		d00, d01, d10, d11 := d(0, 0), d(0, 1), d(1, 0), d(1, 1)
		for c := range block {
			left := [4]float32{d00[c], d00[c] + d10[c], d00[c] - d10[c], d10[c]}
			right := [4]float32{d01[c], d01[c] + d11[c], d01[c] - d11[c], d11[c]}
			for y, l := range left {
				for x, v := range [4]float32{l, l + right[y], l - right[y], right[y]} {
					pixelAt(a.out, (4*y+x)*a.matrix+t*4*block)[c] = v
				}
			}
		}
	}
}

func winogradGradOutGeneric(a *winogradArgs) {
	fold := func(u [4]float32) [3]float32 {
		s, d := float32((u[1]+u[2])*0.5), float32((u[1]-u[2])*0.5)
		return [3]float32{s + u[0], d, s - u[3]}
	}
	for t := range a.tiles {
		for c := range block {
			var rows [3][4]float32
			for x := range 4 {
				var u [4]float32
				for y := range u {
					u[y] = pixelAt(a.in, (4*y+x)*a.matrix+t*4*block)[c]
				}
				for y, v := range fold(u) {
					rows[y][x] = v
				}
			}
			for y := range rows {
				for x, v := range fold(rows[y]) {
					pixelAt(a.out, (3*y+x)*a.row+t*4*block)[c] = v
				}
			}
		}
	}
}
