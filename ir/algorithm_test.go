package ir

import "testing"

// TestProducts counts the elements that tiles need, one by one.
func TestProducts(t *testing.T) {
	for _, a := range Algorithms {
		if a.Tile == 0 || a.Stem {
			continue
		}
		for height := 1; height <= 9; height++ {
			for width := 1; width <= 9; width++ {
				products, sums := a.Products(height, width)
				wantProducts, wantSums := 0, 0
				tiles := 0
				for y := 0; y < height; y += a.Tile {
					for x := 0; x < width; x += a.Tile {
						rows, columns := a.Elements, a.Elements
						sumRows, sumColumns := a.Sums, a.Sums
						if y+a.Tile > height {
							rows, sumRows = rows-a.Last, sumRows-1
						}
						if x+a.Tile > width {
							columns, sumColumns = columns-a.Last, sumColumns-1
						}
						tiles++
						wantProducts += rows * columns
						wantSums += sumRows * sumColumns
					}
				}
				if products != wantProducts || sums != wantSums || a.Tiles(height, width) != tiles {
					t.Errorf("%s of %dx%d: %d products in %d sums of %d tiles, want %d, %d and %d",
						a.Name, height, width, products, sums, a.Tiles(height, width), wantProducts, wantSums, tiles)
				}
			}
		}
	}
}

// TestStemProducts counts those of whole groups of tiles, of four by one pixels.
func TestStemProducts(t *testing.T) {
	a, _ := FindAlgorithm("stem4")
	for _, c := range []struct{ height, width, tiles, groups int }{{1, 16, 4, 1}, {3, 17, 15, 6}, {112, 112, 112 * 28, 112 * 7}, {2, 32, 16, 4}} {
		products, sums := a.Products(c.height, c.width)
		if products != c.groups*4*7*13 || sums != c.groups*4*7 || a.Tiles(c.height, c.width) != c.tiles {
			t.Errorf("%dx%d: %d products in %d sums of %d tiles, want %d groups of 4 tiles and %d tiles",
				c.height, c.width, products, sums, a.Tiles(c.height, c.width), c.groups, c.tiles)
		}
	}
}
