package runtime

// A convolution of three taps with stride 2 is the sum of two without: of the
// even pixels with taps 0 and 2, and of the odd ones with tap 1.  Of the first
// one F(2, 2) gives two pixels y from three products,
//
//	y0 = (x0-x2)w0 + x2(w0+w2)    y1 = x2(w0+w2) + (x4-x2)w2
//
// and the second one's, x1 w1 in y0 and x3 w1 in y1, are added to those products
// that go to the same pixel only.  Package asm's documentation has the source.
//
// So the transform of five pixels has the elements x0-x2, x1, x2, x3 and x4-x2,
// whose weights are w0, w1, w0+w2, w1 and w2, and the products are sums over
// the elements 0 and 1, 2, 3 and 4.  In two dimensions 5×5 elements make 3×3
// products, with 25 multiply-adds instead of 36; 16 kinds of weights are stored,
// as [4 rows]{[out/16][3 columns][in/16][16 in][16 out], [out/16][in/16][16 in][16 out]}:
// of each row, w0, w1, w2 and w0+w2, the same columns, with the last one apart.
// Both sums over two columns find their weights one behind another.
//
// polyphase reports whether the layer is computed so.
func (l *Layer) polyphase() bool { return l.Winograd > 0 && l.Stride[0] == 2 && !l.Stem() }

// winogradTerm is a part of a product of Winograd's algorithm: some elements of
// the input's transform, in memory one behind another, by as many matrices of weights.
type winogradTerm struct {
	element, elements int
	// The matrices are those from first on, of so many which are stored
	// together for each block of output channels, behind all of so many others.
	first, of, weights int
}

// winogradTerms gives the one or two terms of a product, and its place among all.
// They come in the order of their size, which threads share out best.
func (l *Layer) winogradTerms(product int) (terms [2]winogradTerm, place int) {
	if !l.polyphase() {
		terms[0] = winogradTerm{element: product, elements: 1, weights: product, of: 1}
		return terms, product
	}
	place = [...]int{0, 2, 6, 8, 1, 3, 5, 7, 4}[product]
	columns := [polyphaseProducts]winogradTerm{
		{element: 0, elements: 2, first: 0, of: 3},
		{element: 2, elements: 1, weights: 3, of: 1},
		{element: 3, elements: 2, first: 1, of: 3},
	}
	rows := columns[place/polyphaseProducts]
	for i := range rows.elements {
		terms[i] = columns[place%polyphaseProducts]
		terms[i].element += (rows.element + i) * polyphaseElements
		terms[i].weights += (rows.weights + rows.first + i) * 4
	}
	return terms, place
}
