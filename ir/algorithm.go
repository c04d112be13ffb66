package ir

import "strings"

// Algorithm is a way to compute a convolution, which the attribute algorithm
// names: what all that handle it have to know of it.
type Algorithm struct {
	Name string
	// Tile is the number of output pixels of a tile in each direction; 0 of
	// direct convolution, which has no tiles, and all below is 0 then.
	Tile int
	// Stride is that of the 3x3 convolutions which it computes.
	Stride int
	// Products is how many multiply-adds a tile takes for each pair of channels.
	Products int
	// Sums is how many of them are left of each tile to be transformed.
	Sums int
	// Weights is how many values are stored for each pair of channels.
	Weights int
}

// Algorithms lists the values of the attribute, beside "" for one that is not chosen yet.
// Package passes documents them.
var Algorithms = []Algorithm{
	{Name: "direct"},
	{Name: "winograd2", Tile: 2, Stride: 1, Products: 16, Sums: 16, Weights: 16},
	{Name: "winograd4", Tile: 4, Stride: 1, Products: 36, Sums: 36, Weights: 36},
	{Name: "polyphase2", Tile: 2, Stride: 2, Products: 25, Sums: 9, Weights: 16},
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
	return (height + a.Tile - 1) / a.Tile * ((width + a.Tile - 1) / a.Tile)
}
