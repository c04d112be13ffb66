package ir

import "testing"

// TestProducts counts the elements that tiles need, one by one.
func TestProducts(t *testing.T) {
	for _, a := range Algorithms[1:] {
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
