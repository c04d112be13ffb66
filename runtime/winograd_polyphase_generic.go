package runtime

// polyphaseInGeneric is the pure-Go twin of polyphaseIn, bit for bit.
func polyphaseInGeneric(a *winogradArgs) {
	const n = polyphaseElements
	var d [n][n][block]float32
	for t := range a.tiles {
		for y := range n {
			for x := range n {
				d[y][x] = *pixelAt(a.in, y*a.row+(4*t+x)*4*block)
			}
		}
		for x := range n {
			subtract(&d[0][x], &d[2][x])
			subtract(&d[4][x], &d[2][x])
		}
		for y := range n {
			subtract(&d[y][0], &d[y][2])
			subtract(&d[y][4], &d[y][2])
			for x := range n {
				*pixelAt(a.out, (y*n+x)*a.matrix+t*4*block) = d[y][x]
			}
		}
	}
}

// polyphaseOutGeneric is the pure-Go twin of polyphaseOut, bit for bit.
func polyphaseOutGeneric(a *winogradArgs) {
	const n = polyphaseProducts
	for t := range a.tiles {
		var half [2][n][block]float32
		for x := range n {
			var d [n][block]float32
			for y := range n {
				d[y] = *pixelAt(a.in, (y*n+x)*a.matrix+t*4*block)
			}
			if x == 1 && a.bias != nil {
				accumulate(&d[1], 1, pixelAt(a.bias, 0))
			}
			for y := range half {
				half[y][x] = d[y]
				accumulate(&half[y][x], 1, &d[y+1])
			}
		}
		for y := range min(2, a.rows) {
			for x := range min(2, a.cols-2*t) {
				sum := half[y][x]
				accumulate(&sum, 1, &half[y][x+1])
				if a.res != nil {
					accumulate(&sum, 1, pixelAt(a.res, y*a.resRow+(2*t+x)*4*block))
				}
				if a.flags&flagReLU != 0 {
					clamp(&sum)
				}
				*pixelAt(a.out, y*a.row+(2*t+x)*4*block) = sum
			}
		}
	}
}

// subtract takes x from d.
func subtract(d, x *[block]float32) {
	for c, v := range x {
		d[c] -= v
	}
}
