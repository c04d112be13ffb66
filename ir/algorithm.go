package ir

import "strings"

// Algorithm is a way to compute a convolution, which the attribute algorithm
// names: what all that handle it have to know of it.
type Algorithm struct {
	Name string
	// Tile is the number of output pixels of a tile in each direction; 0 of
	// direct convolution, which has no tiles, and all below is 0 then.
	Tile int
	// Stride is that of the 3x3 convolutions which it computes, or 7x7 of a Stem.
	Stride int
	// Elements is how many elements the transform of a tile has in each
	// direction: it takes their square of multiply-adds for each pair of channels.
	Elements int
	// Sums is how many sums of them are left in each direction, and Last of how
	// many elements the last of these is, which tiles that reach beyond the output do without.
	Sums, Last int
	// Stem says that it computes 7x7 convolutions of planar input by tiles one row
	// high, that Elements and Sums count those of a tile in all, and that rows come in
	// whole groups of four tiles.
	Stem bool
	// Weights is how many values are stored for each pair of channels.
	Weights int
	// Quarters is how many products of a quarter of the weights by a quarter of
	// the pixels Strassen's algorithm takes in place of 8, and so how many quarters of
	// weights are stored in place of 4; 0 of others.
	Quarters int
}

// Algorithms lists the values of the attribute, beside "" for one that is not chosen yet.
// Package passes documents them.
var Algorithms = []Algorithm{
	{Name: "direct"},
	{Name: "winograd2", Tile: 2, Stride: 1, Elements: 4, Sums: 4, Last: 1, Weights: 16},
	{Name: "winograd4", Tile: 4, Stride: 1, Elements: 6, Sums: 6, Last: 1, Weights: 36},
	{Name: "polyphase2", Tile: 2, Stride: 2, Elements: 5, Sums: 3, Last: 2, Weights: 16},
	{Name: "stem4", Tile: 4, Stride: 2, Elements: 7 * 13, Sums: 7, Stem: true, Weights: 7 * 13},
	{Name: "strassen", Quarters: 7},
}

// FindAlgorithm gives the algorithm of that name.
func FindAlgorithm(name string) (a Algorithm, ok bool) {
	for _, a := range Algorithms {
		if a.Name == name {
			return a, true
		}
	}
	return Algorithm{}, false
}

// AlgorithmNames lists them for an error.
func AlgorithmNames() string {
	var names []string
	for _, a := range Algorithms {
		names = append(names, a.Name)
	}
	return strings.Join(names, ", ")
}

// Algorithm is how n, a convolution or one of its gradients, is computed; zero
// if that is not chosen yet.
func (n *Node) Algorithm() Algorithm {
	a, _ := FindAlgorithm(n.Str("algorithm"))
	return a
}

// Tiles is the number of the algorithm's tiles in an image of that height and width.
func (a Algorithm) Tiles(height, width int) int {
	if a.Stem {
		return height * ((width + a.Tile - 1) / a.Tile)
	}
	return (height + a.Tile - 1) / a.Tile * ((width + a.Tile - 1) / a.Tile)
}

// Products is how many multiply-adds such an image takes for each pair of
// channels, and of how many sums they are.
func (a Algorithm) Products(height, width int) (products, sums int) {
	if a.Stem {
		const group = 4
		tiles := height * ((width + group*a.Tile - 1) / (group * a.Tile)) * group
		return tiles * a.Elements, tiles * a.Sums
	}
	products, sums = 1, 1
	for _, size := range []int{height, width} {
		tiles, clipped := (size+a.Tile-1)/a.Tile, min(size%a.Tile, 1)
		products *= tiles*a.Elements - clipped*a.Last
		sums *= tiles*a.Sums - clipped
	}
	return products, sums
}
