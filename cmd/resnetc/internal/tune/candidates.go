package tune

import (
	"slices"

	"github.com/resnetc/resnetc/asm"
	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
)

// chunks are the numbers of Winograd tiles that are tried, by order.
var chunks = map[string][]int{
	"fused": {7, 14, 28, 56, 112},
	"joint": {32, 64, 128, 256},
}

// stemRows are the numbers of rows of a stem that are tried.
var stemRows = []int{4, 8, 14, 28}

// blocksOf lists the blocks of the tiles that a level has kernels for and that a
// convolution to so many output channels per group fills.
func blocksOf(level string, channels int) []int {
	blocks := (channels + ir.Block - 1) / ir.Block
	var list []int
	for _, b := range []int{1, 2, 4} {
		if b == 1 || b <= blocks && asm.ConvTile(level, 0, b) > 0 {
			list = append(list, b)
		}
	}
	return list
}

// candidates lists the ways to compute the convolution n by one of the
// algorithms with kernels of the level, for that many images, in a fixed order.
func candidates(n *ir.Node, algorithms []string, level string, batch int) []passes.Choice {
	var list []passes.Choice
	blocks := blocksOf(level, n.In("weight").Type.Shape[0]/n.Int("groups"))
	for _, algorithm := range algorithms {
		var orders []ir.Schedule
		a, _ := ir.FindAlgorithm(algorithm)
		switch {
		case a.Quarters > 0:
			orders = []ir.Schedule{{Order: "weights"}}
		case a.Tile == 0:
			orders = []ir.Schedule{{Order: "pixels"}, {Order: "weights"}}
		default:
			out := n.Out().Type.Shape
			tiles := batch * a.Tiles(out[2], out[3])
			if a.Stem { // rows, by all blocks one after another
				for _, rows := range stemRows {
					s := ir.Schedule{Order: "fused", Chunk: rows * ((out[3] + a.Tile - 1) / a.Tile), Blocks: 1}
					list = append(list, passes.Choice{Algorithm: algorithm, Schedule: s.String()})
				}
				continue
			}
			for _, order := range []string{"fused", "joint"} {
				for _, chunk := range chunks[order] {
					orders = append(orders, ir.Schedule{Order: order, Chunk: chunk})
					if chunk >= tiles {
						break // larger ones are the same
					}
				}
			}
		}
		for _, s := range orders {
			for _, s.Blocks = range blocks {
				if half := n.In("weight").Type.Shape[0] / (2 * ir.Block); a.Quarters > 0 && (s.Blocks > 2 || half%s.Blocks != 0) {
					continue // no tile of halves
				}
				if s.Order == "fused" && codegen.CallMACs(fused(n, a, s), levelNumber(level), batch) > codegen.LongestCall {
					continue
				}
				list = append(list, passes.Choice{Algorithm: algorithm, Schedule: s.String()})
			}
		}
	}
	return list
}

// fused is as much of the layer of a schedule as tells how long calls of kernels are.
func fused(n *ir.Node, a ir.Algorithm, s ir.Schedule) runtime.Layer {
	in, out := n.Inputs[0].Type.Shape, n.Out().Type.Shape
	l := runtime.Layer{
		In:  runtime.Buffer{Channels: in[1], Block: ir.Block},
		Out: runtime.Buffer{Height: out[2], Width: out[3]}, Stride: [2]int{a.Stride, a.Stride},
		Winograd: a.Tile, Fused: true, Chunk: s.Chunk,
	}
	for level := range l.Tiles {
		l.Tiles[level].Blocks = s.Blocks
	}
	return l
}

// chosen is how n, a convolution of a lowered graph, is computed with kernels
// of the level in a run of so many images, with all that code generation decides.
func chosen(n *ir.Node, level string, halfWeights bool, batch int) (passes.Choice, error) {
	l, _, err := codegen.Convolution(n, halfWeights)
	if err != nil {
		return passes.Choice{}, err
	}
	s := ir.Schedule{Order: "weights", Blocks: l.Tiles[levelNumber(level)].Blocks}
	switch {
	case l.Winograd > 0 && l.Fused:
		s.Order, s.Chunk = "fused", l.FusedChunk(levelNumber(level))
	case l.Winograd > 0:
		s.Order, s.Chunk = "joint", l.Chunk
	case l.PixelsFirst > 0 && batch >= l.PixelsFirst:
		s.Order = "pixels"
	}
	return passes.Choice{Algorithm: n.Str("algorithm"), Schedule: s.String()}, nil
}

// levelNumber is the runtime's number of the level.
func levelNumber(level string) runtime.Level {
	return runtime.Level(slices.IndexFunc(levels, func(l runtime.Level) bool { return l.String() == level }))
}

var levels = []runtime.Level{runtime.PureGo, runtime.NEON, runtime.AVX2, runtime.AVX512}
