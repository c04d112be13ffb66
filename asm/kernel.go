package asm

import "fmt"

// Kernel is one row of the table of kernels.
type Kernel struct {
	Name  string // of the function, the tests and the benchmarks: op_dtype_class_tile_isa
	Op    string // "conv2d", "maxpool", "sumpool", "add", "affine", "relu", "winograd_in", "winograd_out", "polyphase_in", "polyphase_out", "stem_in", "stem" or "strassen_in"
	Level string // "neon", "avx2" (which includes FMA and F16C) or "avx512" (F, BW, DQ and VL)

	// Class, Blocks and Pixels belong to conv2d.  Class is the index of a
	// convolution class in runtime/kernels.go; a tile is Pixels pixels by Blocks
	// blocks of 16 output channels.  Of a Winograd transform Pixels is the m of
	// its tiles of m×m output pixels, of the stem's 4 by 1.  All are 0 for others.
	Class, Blocks, Pixels int
}

// convClasses describes the convolution classes of runtime/kernels.go in their order.
var convClasses = []struct {
	name     string // in kernel names: channels per block (h16: 16, and half weights; g4, g8: 16, in groups), stride
	constant string // in Go
	step     int    // bytes between the inputs of neighbouring output pixels
	channels int    // per block
	weight   int    // bytes of a weight
	group    int    // channels that a sum is over, where these are not all of the block's
}{
	{"b16s1", "convBlockedS1", 64, 16, 4, 0},
	{"b16s2", "convBlockedS2", 128, 16, 4, 0},
	{"b1s1", "convPlanarS1", 4, 1, 4, 0},
	{"b1s2", "convPlanarS2", 8, 1, 4, 0},
	{"h16s1", "convHalfS1", 64, 16, 2, 0},
	{"h16s2", "convHalfS2", 128, 16, 2, 0},
	{"g4s1", "convGroup4S1", 64, 16, 4, 4},
	{"g4s2", "convGroup4S2", 128, 16, 4, 4},
	{"g8s1", "convGroup8S1", 64, 16, 4, 8},
	{"g8s2", "convGroup8S2", 128, 16, 4, 8},
}

// convWalks reports whether kernels of a class go on to further products: those
// that Winograd's algorithm calls.
func convWalks(class int) bool {
	c := convClasses[class]
	return c.channels == 16 && c.step == 64 && c.group == 0
}

// ops are the kernels beside conv2d, in each level: the class in the name, the
// row's Pixels, the place in runtime's kernelSet, and the builders for amd64 and arm64.
var ops = []struct {
	name   string
	class  string
	pixels int
	field  string
	build  func(*builder)
	neon   func(*neonBuilder)
}{
	{"maxpool", "b16", 0, "maxPool", maxPool, neonMaxPool},
	{"sumpool", "b16", 0, "sumPool", sumPool, neonSumPool},
	{"add", "b16", 0, "add", add, neonAdd},
	{"affine", "b16", 0, "affine", affine, neonAffine},
	{"relu", "b16", 0, "relu", relu, neonReLU},
	{"winograd_in", "b16m2", 2, "winogradIn[2]", winogradIn, neonWinogradIn},
	{"winograd_in", "b16m4", 4, "winogradIn[4]", winogradIn, neonWinogradIn},
	{"winograd_out", "b16m2", 2, "winogradOut[2]", winogradOut, neonWinogradOut},
	{"winograd_out", "b16m4", 4, "winogradOut[4]", winogradOut, neonWinogradOut},
	{"polyphase_in", "b16m2", 2, "polyphaseIn", polyphaseIn, neonPolyphaseIn},
	{"polyphase_out", "b16m2", 2, "polyphaseOut", winogradOut, neonWinogradOut},
	{"stem_in", "b1m4", 4, "stemIn", stemInput, neonStemInput},
	{"stem", "b1m4", 4, "stem", stem, neonStem},
	{"strassen_in", "b16", 0, "strassenIn", strassenIn, neonStrassenIn},
}

// Kernels returns the whole table, always in the same order.
func Kernels() []Kernel {
	var table []Kernel
	for _, isa := range isas {
		for class := range convClasses {
			for blocks := range isa.tiles {
				for pixels := 1; pixels <= ConvTile(isa.name, class, blocks); pixels++ {
					table = append(table, Conv(isa.name, class, blocks, pixels))
				}
			}
		}
		for _, op := range ops {
			table = append(table, Kernel{
				Name:   fmt.Sprintf("%s_f32_%s_%s", op.name, op.class, isa.name),
				Op:     op.name,
				Level:  isa.name,
				Pixels: op.pixels,
			})
		}
	}
	return table
}

// Conv returns the row of a convolution kernel.  It does not check that the
// table has the row; [Emit] does.
func Conv(level string, class, blocks, pixels int) Kernel {
	name := "invalid"
	if class >= 0 && class < len(convClasses) {
		name = convClasses[class].name
	}
	return Kernel{
		Name:   fmt.Sprintf("conv2d_f32_%s_%dx%d_%s", name, pixels, blocks*16, level),
		Op:     "conv2d",
		Level:  level,
		Class:  class,
		Blocks: blocks,
		Pixels: pixels,
	}
}

// ConvTile returns the largest number of pixels that a convolution kernel of
// the level and class has with so many blocks; 0 if there is none.  Every smaller number
// of pixels has a kernel too.
func ConvTile(level string, class, blocks int) int {
	for _, isa := range isas {
		if isa.name != level || class < 0 || class >= len(convClasses) || blocks < 0 || blocks >= len(isa.tiles) {
			continue
		}
		if convClasses[class].group == 0 {
			return isa.tiles[blocks]
		}
		if blocks == 1 {
			return min(isa.tiles[1], groupTile)
		}
	}
	return 0
}
