package runtime

// strassenInGeneric is the pure-Go twin of Strassen's combinations.
func strassenInGeneric(a *strassenArgs) {
	for p := range a.pixels {
		at := func(offset int) *[block]float32 { return pixelAt(a.in, p*64+offset) }
		b11, b12, b21, b22 := at(0), at(a.rows), at(a.planes), at(a.rows+a.planes)
		for c := range block {
			t1 := b12[c] - b11[c]
			t2 := b22[c] - t1
			for i, x := range [4]float32{t1, t2, b22[c] - b12[c], b21[c] - t2} {
				pixelAt(a.out, p*64+i*a.matrix)[c] = x
			}
		}
	}
}
