package asm

import "fmt"

// Kernel is one row of the table of kernels.
type Kernel struct {
	Name  string // of the function, the tests and the benchmarks: op_dtype_class_tile_isa
	Op    string // "conv2d", "maxpool", "sumpool", "add", "affine" or "relu"
	Level string // "avx2" (which includes FMA) or "avx512" (F, BW, DQ and VL)

	// Class, Blocks and Pixels belong to conv2d and are 0 for others.  Class is
	// the index of a convolution class in runtime/kernels.go; a tile is Pixels
	// pixels by Blocks blocks of 16 output channels.
	Class, Blocks, Pixels int
}

// convClasses describes the convolution classes of runtime/kernels.go in their order.
var convClasses = []struct {
	name     string // in kernel names: channels per block, stride
	constant string // in Go
	step     int    // bytes between the inputs of neighbouring output pixels
	channels int    // per block
}{
	{"b16s1", "convBlockedS1", 64, 16},
	{"b16s2", "convBlockedS2", 128, 16},
	{"b1s1", "convPlanarS1", 4, 1},
	{"b1s2", "convPlanarS2", 8, 1},
}

// ops are the operations beside conv2d: the field of runtime's kernelSet that
// holds the kernel, and the builder.
var ops = []struct {
	name  string
	field string
	build func(*builder)
}{
	{"maxpool", "maxPool", maxPool},
	{"sumpool", "sumPool", sumPool},
	{"add", "add", add},
	{"affine", "affine", affine},
	{"relu", "relu", relu},
}

// Kernels returns the whole table, always in the same order.
func Kernels() []Kernel {
	var table []Kernel
	for _, isa := range isas {
		for class := range convClasses {
			for blocks := range isa.tiles {
				for pixels := 1; pixels <= isa.tiles[blocks]; pixels++ {
					table = append(table, Conv(isa.name, class, blocks, pixels))
				}
			}
		}
		for _, op := range ops {
			table = append(table, Kernel{
				Name:  fmt.Sprintf("%s_f32_b16_%s", op.name, isa.name),
				Op:    op.name,
				Level: isa.name,
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
// the level has with so many blocks; 0 if there is none.  Every smaller number
// of pixels has a kernel too, in each class.
func ConvTile(level string, blocks int) int {
	for _, isa := range isas {
		if isa.name == level && blocks >= 0 && blocks < len(isa.tiles) {
			return isa.tiles[blocks]
		}
	}
	return 0
}
