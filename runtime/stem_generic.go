package runtime

import "unsafe"

// stemInGeneric is the pure-Go twin of stemIn.
func stemInGeneric(a *winogradArgs) {
	for g := range a.tiles {
		out := (*[stemFloats]float32)(unsafe.Add(unsafe.Pointer(a.out), g*a.matrix))
		for t := range stemTiles {
			in := (*[stemProducts]float32)(unsafe.Add(unsafe.Pointer(a.in), (g*stemGroup+t*stemGroup/stemTiles)*2*4))
			for phase := range 2 {
				var d [7]float32
				for i := phase; i < stemProducts; i += 2 {
					d[i/2] = in[i]
				}
				m := stemElements(&d)
				for e := range 7 - phase {
					out[(phase*7+e)*stemTiles+t] = m[e]
				}
			}
		}
	}
}

// stemElements is the transform of a phase's pixels; without the seventh the
// last element means nothing.
func stemElements(d *[7]float32) [7]float32 {
	var e [6]float32
	for i := range e {
		e[i] = d[i+1] - d[i]/2
	}
	s, r := e[4]-e[2], e[3]-e[1]
	x, y := e[4]-4*e[2], e[3]-4*e[1]
	return [7]float32{s + 4*(e[0]-e[2]), x + y, x - y, s + 2*r, s - 2*r, d[5] - d[3] - 4*(d[3]-d[1]), e[5] - e[3] - 4*r}
}

// stemGeneric is the pure-Go twin of stem.
func stemGeneric(a *convArgs) {
	for g := range a.tiles {
		for t := range stemTiles {
			var m [7][block]float32
			if a.bias != nil {
				m[1] = *pixelAt(a.bias, 0)
			}
			w := 0
			for y := range a.kh {
				for plane := range a.blocks {
					at := g*a.inPlane + y*a.inRow + plane*stemFloats*4
					x := (*[stemFloats]float32)(unsafe.Add(unsafe.Pointer(a.in), at))
					for p := range stemProducts {
						for c, k := range pixelAt(a.w, w) {
							m[p%7][c] += x[p*stemTiles+t] * k
						}
						w += 4 * block
					}
				}
			}
			for c := range block {
				s, d := m[1][c]+m[2][c], m[1][c]-m[2][c]
				s2, d2 := m[3][c]+m[4][c], m[3][c]-m[4][c]
				m[0][c] += s + s2 + 8*m[5][c]
				m[1][c] = d + 2*d2 + 4*m[5][c]
				m[2][c] = s + 4*s2 + 2*m[5][c]
				m[3][c] = d + 8*d2 + m[5][c] + m[6][c]
			}
			for p := range stemGroup / stemTiles {
				if a.flags&flagReLU != 0 {
					clamp(&m[p])
				}
				*pixelAt(a.out, (g*stemGroup+t*stemGroup/stemTiles+p)*4*block) = m[p]
			}
		}
	}
}
