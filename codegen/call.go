package codegen

import (
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// LongestCall is how many multiply-adds one call of a kernel takes at most.
// Assembly is not preempted: a garbage collection waits for the call that runs, and
// all other goroutines with it.  That is half a millisecond on an AVX2 core of 60 GFLOP/s.
const LongestCall = 16 << 20

// CallMACs is how many multiply-adds one call of a kernel of the level takes, of a
// convolution in a run of so many images: it follows what the runtime does for
// each call of callConv.
func CallMACs(l runtime.Layer, level runtime.Level, images int) int {
	tile := l.Tiles[level]
	in := (l.In.Channels + l.In.Block - 1) / l.In.Block * l.In.Block
	outputs := tile.Blocks * ir.Block
	switch {
	case l.Stem():
		return l.MACs / max(1, l.Out.Height) // less than of a row
	case l.Winograd > 0:
		columns := (l.Out.Width + l.Winograd - 1) / l.Winograd
		rows := images * ((l.Out.Height + l.Winograd - 1) / l.Winograd)
		macs := columns * min(rows, max(1, l.FusedChunk(level)/columns)) * outputs * in // of a product, which joint ones have a call for each
		if _, products, weights := l.WinogradElements(); l.Fused && products == weights {
			macs *= products
		}
		return macs
	}
	planes := in / l.In.Block / l.Groups
	if tile.Depth > 0 {
		planes = min(planes, tile.Depth)
	}
	pixels := max(tile.A*tile.CountA, tile.B*tile.CountB)
	return pixels * outputs * max(1, planes) * l.In.Block * l.Kernel[0] * l.Kernel[1]
}
