package runtime

import "unsafe"

// convGroupGeneric is convGeneric for groups of 4 or 8 channels, of one block.
func convGroupGeneric(a *convArgs, class, _, pixels int) {
	group := 4
	if class >= convGroup8S1 {
		group = 8
	}
	for p := range a.tiles * pixels {
		acc := convStart(a, 0, p)
		w := 0
		for y := range a.kh {
			row := y*a.inRow + p*convStep[class]
			for h := 0; h < group; h += 4 {
				for x := range 3 {
					in := pixelAt(a.in, row+x*64)
					k := (*[4][block]float32)(unsafe.Add(unsafe.Pointer(a.w), w))
					for first := 0; first < block; first += 4 {
						channels := (*[4]float32)(in[first&^(group-1)+h:])
						convSumGroup(channels, k, (*[4]float32)(acc[first:]), first)
					}
					w += 4 * 64
				}
			}
		}
		convFinish(a, 0, p, &acc)
	}
}

// convSumGroup adds to acc the products of four channels with their weights for
// four output channels, from one on.
func convSumGroup(in *[4]float32, w *[4][block]float32, acc *[4]float32, from int) {
	s0, s1, s2, s3 := acc[0], acc[1], acc[2], acc[3]
	for c, v := range in {
		k := (*[4]float32)(w[c][from:])
		s0 += v * k[0]
		s1 += v * k[1]
		s2 += v * k[2]
		s3 += v * k[3]
	}
	*acc = [4]float32{s0, s1, s2, s3}
}
