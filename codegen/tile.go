package codegen

import (
	"cmp"
	"slices"

	"github.com/resnetc/resnetc/asm"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// cachedWeights is the largest weight, in bytes, that stays in the L2 cache
// beside the input of a few rows: half of 1 MiB, the L2 of current x86 servers.
const cachedWeights = 512 << 10

// sharedWeights is the largest weight of a 1x1 convolution, in bytes, that threads
// rather read from the L3 cache again for some more rows than to read an input from
// there, of all images more than cachedInput, again for each tile of output channels.
// resnetc tune measured 1024 to 256 channels of 14x14 pixels in a batch of 8 at 3.75 instead of 4.18 ms.
const (
	sharedWeights = 2 << 20
	cachedInput   = 2 << 20
)

// chooseTiles decides how the kernels of each level walk over a convolution, as
// far as the schedule, which is zero if nobody chose one, does not say it.
func chooseTiles(r *runtime.Layer, s ir.Schedule) {
	if r.Winograd > 0 {
		chooseWinogradTiles(r, s)
		return
	}
	joinRows(r)
	rows, _ := r.Rows()
	blocks := (r.Out.Channels + ir.Block - 1) / ir.Block
	perGroup := blocks / r.Groups
	if r.Strassen {
		perGroup /= 2
	}
	// Half weights, of which twice as many stay in the cache, count as float32
	// all the same: layers between the two are late ones with few rows, which do
	// not share out evenly among threads (12% slower in layer 3 of ResNet-50).
	weights := 4 * r.Kernel[0] * r.Kernel[1] * r.In.Channels / r.Groups * r.Out.Channels
	input := 4 * r.In.Channels * r.In.Height * r.In.Width // of one image
	switch {
	case r.Strassen: // does all rows of some output channels
	case s.Order == "pixels", s.Order == "" && weights <= cachedWeights && rows > 1:
		r.PixelsFirst = 1
	case s.Order == "" && weights <= sharedWeights && r.Kernel == [2]int{1, 1} && rows > 1:
		r.PixelsFirst = cachedInput/input + 1
	}
	for level := range r.Tiles {
		r.Tiles[level] = tiling(runtime.Level(level).String(), r, perGroup, s.Blocks)
	}
}

// weightSize is the size of a packed weight of the layer in bytes.
func weightSize(r *runtime.Layer) int {
	if r.Half {
		return 2
	}
	return 4
}

// chooseWinogradTiles decides how a Winograd layer is cut.  A layer whose
// weights stay in the L2 cache goes through all steps chunk by chunk; of
// others each weight is read once for as many tiles as possible.
func chooseWinogradTiles(r *runtime.Layer, s ir.Schedule) {
	if r.Stem() {
		chooseStemRows(r, s)
		return
	}
	in, out, stored := r.WinogradElements()
	weights := weightSize(r) * stored * r.In.Channels * r.Out.Channels
	r.Fused = weights <= fusedWeights
	r.Chunk = 128
	if r.Fused {
		r.Chunk = max(1, min(fusedTiles, tilesPerWeights*weights)/(4*(in*r.In.Channels+out*r.Out.Channels)))
	}
	if s.Order != "" {
		r.Fused, r.Chunk = s.Order == "fused", s.Chunk
	}
	blocks := (r.Out.Channels + ir.Block - 1) / ir.Block
	tiles := (r.Out.Height + r.Winograd - 1) / r.Winograd * ((r.Out.Width + r.Winograd - 1) / r.Winograd) // of one image
	for level := range r.Tiles {
		chunk := 0 // the layer's
		if level == int(runtime.AVX2) && s.Order == "" && weights <= fewTilesWeights && r.Chunk > fewTiles {
			chunk = fewTiles
		}
		t := winogradTiling(runtime.Level(level).String(), r.ConvClass(), min(cmp.Or(chunk, r.Chunk), tiles), blocks, s.Blocks)
		t.Chunk = chunk
		r.Tiles[level] = t
	}
}

// chooseStemRows decides how many rows of a stem go through its steps at a time.
// Transformed input of all of them is read again for each block of output channels.
func chooseStemRows(r *runtime.Layer, s ir.Schedule) {
	columns := (r.Out.Width + r.Winograd - 1) / r.Winograd
	r.Fused = true
	if r.Chunk = s.Chunk; s.Order == "" {
		r.Chunk = columns
		for r.Chunk < columns*r.Out.Height && 4*r.WinogradScratch() < stemInput {
			r.Chunk += columns
		}
	}
	for level := range r.Tiles {
		r.Tiles[level] = runtime.Tiling{Blocks: 1, A: ir.Block}
	}
}

// stemInput is how many bytes of a stem's transformed input stay in the L2 cache.
const stemInput = 192 << 10

// winogradTiling picks the kernels for the products of so many tiles: like
// tiling, but how they are cut is decided when the network runs.
func winogradTiling(level string, class, tiles, blocks, wanted int) runtime.Tiling {
	best, bestCost := runtime.Tiling{}, 0.0
	for _, b := range []int{1, 2, 4} {
		most := tileWidth(level, class, b)
		if most == 0 || blocks < b {
			continue
		}
		t := runtime.Split(tiles, most)
		t.Blocks = b
		if c := cost(t, streamed) / float64(b); best.Blocks == 0 || c < bestCost || b == wanted {
			best, bestCost = runtime.Tiling{Blocks: b, A: most}, c
		}
		if b == wanted {
			break
		}
	}
	return best
}

// fusedWeights is the largest transformed weight, in bytes, that a thread can
// read again and again from its L2 cache.
const fusedWeights = 640 << 10

// fusedTiles is how many bytes of transformed tiles, inputs and products, stay
// there beside the weights.
const fusedTiles = 520 << 10

// tilesPerWeights is how many times as many bytes as small weights are enough to read these
// seldom.  A Zen 4 takes 16.4 us for 16 channels of 32x32 pixels by 32 tiles at a time, 17.8 by 64.
const tilesPerWeights = 4

// fewTiles are as many tiles as AVX2's kernels had better go through at a time where
// the weights are small, at most fewTilesWeights bytes: what is made of the tiles comes from the
// L1 cache, or soon from L2.  A Zen 3 takes 0.92 of the time for 16 channels of 32x32
// pixels, 0.90 for 32 of 16x16.  AVX-512's kernels have tiles of up to 28 pixels.
const (
	fewTiles        = 8
	fewTilesWeights = 256 << 10
)

// fewestParts are as many parts of the output channels as threads ought to have to share
// where Strassen's algorithm has a single row of each half of an image.
const fewestParts = 8

// tiling picks the tile that divides a row best.
//
// A tile of p pixels by b blocks does p*b multiply-adds of whole blocks for
// b loads of weights and p of input, so of tiles of one size those of several
// blocks take the least loads.  If wanted is a number of blocks that the level
// has a tile for, that is taken.
func tiling(level string, r *runtime.Layer, perGroup, wanted int) runtime.Tiling {
	best, bestCost := runtime.Tiling{}, 0.0
	w := waitsOf(level, r)
	rows, width := r.Rows()
	for _, b := range []int{1, 2, 4} {
		most := tileWidth(level, r.ConvClass(), b)
		if b > 1 && perGroup%b != 0 && (r.Groups > 1 || r.Strassen || perGroup < b) || most == 0 || b > 2 && r.Strassen {
			continue
		}
		if r.Strassen && rows == 2 && perGroup/b < fewestParts && b > 1 && b != wanted {
			continue
		}
		if r.Stride[1] > 2 {
			most = 1
		}
		t := runtime.Split(width, most)
		t.Blocks = b
		if c := cost(t, w) / float64(b); best.Blocks == 0 || c < bestCost || b == wanted {
			best, bestCost = t, c
		}
		if b == wanted {
			break
		}
	}
	best.Depth = depth(level, r, best)
	return best
}

// depth is how many input planes a tiling goes over at a time, 0 for all: where a
// tile has so few pixels that its weights have to come from the L1 cache, as many
// as fit there.  A tile of p pixels reads 64/p bytes of weights a cycle on amd64,
// and of the L2 caches that were measured, of Zen 3 and 4, some 10 are to be had
// beside everything else.  On a Zen 3 with AVX2 the last stage of ResNet-50 has layers that
// take 0.66 (512 to 512 channels, 3x3 with stride 2) to 0.8 (2048 to 512) of the
// time that they take without.
func depth(level string, r *runtime.Layer, t runtime.Tiling) int {
	const pixels, most = 6, 16 << 10
	amd64 := level == runtime.AVX2.String() || level == runtime.AVX512.String()
	if !amd64 || t.A > pixels || r.In.Block == 1 || r.Narrow > 0 {
		return 0
	}
	plane := weightSize(r) * r.Kernel[0] * r.Kernel[1] * ir.Block * ir.Block * t.Blocks
	planes := (r.In.Channels + ir.Block - 1) / ir.Block / r.Groups
	if r.Strassen {
		planes /= 2
	}
	if planes*plane > most*3/2 {
		return max(1, most/plane)
	}
	return 0
}

// tileWidth is the largest number of pixels in a tile of a class and so many blocks; 0 for none.
func tileWidth(level string, class, blocks int) int {
	if level == runtime.PureGo.String() && blocks == 1 {
		return 28 // the twins take any size; long rows save calls
	}
	return asm.ConvTile(level, class, blocks)
}

// waits is what a step of the reduction waits for each pixel's input and each
// block's weights, in cycles.
type waits struct{ input, weights float64 }

var (
	// Weights are read anew for each tile, from the L2 cache or from memory: so
	// it is for Winograd's products, each of which has its own, once a chunk.
	streamed = waits{0, 0.35}
	// Direct convolutions on amd64, as resnetc tune measured them on a Zen 4:
	// small weights stay close by from one tile to the next, so loads of input
	// weigh as much; large ones come from memory while the first tile of a row
	// is computed, and one of many pixels gives them time.
	cached     = waits{0.05, 0.05}
	fromMemory = waits{0.05, 0.35}
)

// waitsOf are those of a direct convolution.
func waitsOf(level string, r *runtime.Layer) waits {
	switch {
	case level == runtime.NEON.String():
		return streamed
	case r.PixelsFirst == 1:
		return cached
	}
	return fromMemory
}

// cost is the time of a row of tiles in cycles per step of the reduction: one
// for each multiply-add of a block, but no less than the loads take, a little
// for each tile's start and end, and what it waits for its operands.
func cost(t runtime.Tiling, w waits) float64 {
	one := func(pixels int) float64 {
		fma := float64(pixels * t.Blocks)
		loads := float64(pixels)/2 + float64(t.Blocks)*1.5
		return max(fma, loads, 4) + 0.5 + w.input*float64(pixels) + w.weights*float64(t.Blocks)
	}
	return float64(t.CountA)*one(t.A) + float64(t.CountB)*one(t.B)
}

// single is how many of the first layers run image by image in a batch.  A
// layer that runs for all images at once reads its weights once and moves its
// activations through memory, one that runs image by image reads its weights
// again for each and leaves its activations in the cache: the split with the
// least traffic is best.
func (l *lowering) single() int {
	traffic, least, best, begin := 0, 0, 0, 0
	for i, end := range l.ends {
		traffic += 4*(end-begin) - l.program.Layers[i].ImageBytes()
		if begin = end; traffic < least {
			least, best = traffic, i+1
		}
	}
	return best
}

// joinRows makes one long row of several short ones where a kernel may run
// across their ends: in a 1x1 convolution without stride or halo all pixels
// are alike.  A halo of the output is put between them when they are computed.
func joinRows(r *runtime.Layer) {
	const enough = 28 // pixels: two of the widest tiles
	h, w := r.Out.Height, r.Out.Width
	spread := r.Out.Halo > 0
	if r.Kernel != [2]int{1, 1} || r.Stride != [2]int{1, 1} || r.Padding != [2]int{} ||
		r.In.Halo != 0 || r.In2.Halo != 0 || spread && (r.In2.Channels > 0 || w >= enough) ||
		r.In.Height != h || r.In.Width != w { // a gradient, of an input that was padded
		return
	}
	parts := 1 // that rows must not cross
	if r.Strassen {
		parts = 2
	}
	for k := 1; k <= h; k++ {
		if h/parts%k == 0 && (w*k >= enough || k == h/parts) {
			join(&r.In, k)
			if r.Joined = spread && k > 1; !spread {
				join(&r.Out, k)
				join(&r.In2, k)
			}
			return
		}
	}
}

// join makes one row of k.
func join(b *runtime.Buffer, k int) { b.Height, b.Width = b.Height/k, b.Width*k }

// kernels lists the assembly kernels that the program calls, in the order of
// asm's table.
func (l *lowering) kernels(targets []string) []asm.Kernel {
	return slices.DeleteFunc(asm.Kernels(), func(k asm.Kernel) bool {
		if targets != nil && !slices.Contains(targets, k.Level) {
			return true
		}
		return !slices.ContainsFunc(l.program.Layers, func(r runtime.Layer) bool { return needs(&r, k) })
	})
}

// needs reports whether the layer calls the kernel.
func needs(r *runtime.Layer, k asm.Kernel) bool {
	if r.Stem() {
		return k.Op == "stem_in" || k.Op == "stem"
	}
	if k.Op == "winograd_in" || k.Op == "winograd_out" {
		return r.Winograd > 0 && r.Stride[0] == 1 && k.Pixels == r.Winograd
	}
	if k.Op == "polyphase_in" || k.Op == "polyphase_out" {
		return r.Winograd > 0 && r.Stride[0] == 2
	}
	switch r.Op {
	case runtime.OpConv:
		if k.Op == "strassen_in" || k.Op == "add" {
			return r.Strassen
		}
		return k.Op == "conv2d" && needsConv(r, k)
	case runtime.OpMaxPool:
		return k.Op == "maxpool"
	case runtime.OpAvgPool:
		return k.Op == "sumpool"
	case runtime.OpAffine:
		return k.Op == "affine"
	case runtime.OpAdd:
		return k.Op == "add"
	case runtime.OpReLU:
		return k.Op == "relu"
	}
	return false
}

func needsConv(r *runtime.Layer, k asm.Kernel) bool {
	class := r.ConvClass()
	for level, t := range r.Tiles {
		if runtime.Level(level).String() != k.Level || class != k.Class {
			continue
		}
		pixels := k.Pixels == t.A || t.CountB > 0 && k.Pixels == t.B ||
			r.Winograd > 0 && k.Pixels < t.A // the number of tiles depends on the batch
		// The last blocks that do not fill a tile go to kernels of half its blocks, and so on.
		blocks := k.Blocks == t.Blocks || k.Blocks < t.Blocks &&
			(r.Out.Channels > (r.Out.Channels+15)/16/t.Blocks*t.Blocks*16 || r.Winograd > 0 && r.FusedByBlocks(1))
		if pixels && blocks {
			return true
		}
	}
	return false
}
