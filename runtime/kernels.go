package runtime

// Level is a set of instructions that kernels are written for.
type Level uint8

// Levels, each one faster than the one before on a machine that has it.
const (
	PureGo Level = iota
	NEON
	AVX2   // with FMA and F16C
	AVX512 // F, BW, DQ, VL
	levels = iota
)

func (l Level) String() string { return [...]string{"purego", "neon", "avx2", "avx512"}[l] }

// How a convolution kernel steps over its input: the distance between the
// inputs of neighbouring output pixels, whether input channels come in blocks
// of 16 or in planes, whether weights are float32 or half: IEEE 754
// binary16, half the bytes to read from memory; and whether a block is cut into
// groups of channels that have nothing to do with each other.
const (
	convBlockedS1 = iota // 16 floats
	convBlockedS2        // 32 floats
	convPlanarS1         // 1 float
	convPlanarS2         // 2 floats
	convHalfS1           // 16 floats, half weights
	convHalfS2           // 32 floats, half weights
	convGroup4S1         // 16 floats, groups of 4 channels
	convGroup4S2         // 32 floats, groups of 4 channels
	convGroup8S1         // 16 floats, groups of 8 channels
	convGroup8S2         // 32 floats, groups of 8 channels
	convClasses
)

const (
	maxTile   = 28 // pixels
	maxBlocks = 4  // blocks of 16 output channels

	maxWinograd = 4 // output pixels of a tile in each direction

	// Elements of the transforms in each direction, of convolutions with stride 2.
	polyphaseElements = 5
	polyphaseProducts = 3

	stemProducts = 13 // elements of the transform of a stem's tile, of both phases: those of the first come first
	stemTiles    = 4  // tiles of a stem's group
	stemGroup    = 16 // their pixels
	stemFloats   = stemProducts * stemTiles
)

// convKernel computes a.tiles tiles of mr pixels by nr blocks of 16 output
// channels, one after another along a row; mr and nr belong to the kernel.
//
// For every output pixel p and channel o it sums, starting at bias[o] (at 0
// where bias is nil, at out[p][o] under flagAccumulate), over input channel
// block i, kernel row y, kernel column x and channel c within the block, in
// this order, in[i][y][p*stride+x][c] * w[i][y][x][c][o] with one fused
// multiply-add each; then adds res[p][o] if res is not nil, and clamps at 0
// under flagReLU (NaN stays NaN).  A half weight is converted to float32, which
// is exact, where it is used.
//
// With stride 1 and blocks of 16 channels that have no groups, it does the same again
// for each further one of a.products: where a call each would take as long as the
// few multiply-adds of Winograd's products.
//
// With groups of g channels there is one block of outputs, which depends on one block of inputs,
// windows are three columns wide and not dilated, and a.blocks, a.kw and
// a.inCol are not looked at.  Channel o sums, over kernel row y, quarter-block h of the
// g/4 of a group, kernel column x and channel c of four,
// in[y][p*stride+x][o/g*g+4*h+c] * w[y][h][x][c][o], in this order.
type convKernel func(a *convArgs)

// convArgs are a convolution kernel's arguments.  Strides are in bytes.  The
// assembly knows this struct's layout: asm has the same table of offsets.
type convArgs struct {
	in       *float32 // first input pixel of the first tile's window
	w        *float32 // weights of the first output block, consumed in order; maybe halves
	out      *float32
	bias     *float32 // of the first output block; may be nil
	res      *float32 // residual, pixels 64 bytes apart as in out; may be nil
	tiles    int
	blocks   int // input channel blocks, or channels of a planar input
	kh, kw   int
	inPlane  int // from one input channel block to the next
	inRow    int // from one kernel row to the next
	inCol    int // from one kernel column to the next
	wBlock   int // from the weights of one output block to those of the next
	outPlane int // from one output block to the next
	resPlane int
	flags    int
	products int // 0 stands for 1
	// From behind the last tile of a product's in and out, in whose place it moves res on
	// too, to the first one of the next product's; and from its w to the next one's.
	inNext, outNext, wNext int
	// Weights to ask for while others are at hand: the address of the next ones, which
	// kernels move on, and by how many bytes, a multiple of 64 or 0, with each
	// eight channels of a block.  Only AVX2's kernels do; see askAhead.
	ahead     uintptr
	aheadStep int
}

const (
	flagReLU       = 1
	flagAccumulate = 2
	flagNear       = 4 // the input is in the cache; the result does not depend on this
	// Input and weights are in the cache, there is one input channel block, a window of
	// one column, no bias, no residual and no other flag than flagNear: nothing but products.
	flagBare = 16
)

// poolKernel reduces a window for each of a.pixels pixels of one channel block.
type poolKernel func(a *poolArgs)

// poolArgs are a pooling kernel's arguments.  Strides are in bytes.
type poolArgs struct {
	in, out *float32
	pixels  int // output pixels, 64 bytes apart
	kh, kw  int // window; its columns are 64 bytes apart
	inRow   int
	inStep  int     // from one pixel's window to the next pixel's
	scale   float32 // multiplies the sum; unused by max
}

// eltwiseKernel works on a.pixels pixels of 16 channels, 64 bytes apart.
// out may be the same as a or b.
type eltwiseKernel func(a *eltwiseArgs)

// eltwiseArgs are an elementwise kernel's arguments.
type eltwiseArgs struct {
	a, b, out   *float32 // b: second operand of add
	scale, bias *float32 // 16 values each, for affine
	pixels      int
	flags       int
}

// winogradKernel transforms a row of tiles, 16 channels of it, into or out of
// the Winograd domain (Lavin and Gray, arXiv 1509.09308, with their matrices);
// m, 2 or 4, belongs to the kernel: a tile gives m×m output pixels and reads
// (m+2)×(m+2) input pixels.  Element i of a tile's transform lies in matrix i,
// as one pixel of 16 channels.
//
// The input kernel reads the tiles from in, a.row bytes from one pixel row to
// the next and m*64 bytes from one tile to the next, and writes tile t's
// element i to out + i*a.matrix + t*64.
//
// The output kernel reads in + i*a.matrix + t*64, adds bias (if not nil), adds
// res (if not nil), clamps at 0 under flagReLU (NaN stays NaN) and writes the
// pixels of the tiles to out, a.row bytes from one pixel row to the next (a.resRow in
// res), but only the first a.rows rows and, counted from the first tile's, a.cols columns.
type winogradKernel func(a *winogradArgs)

// winogradArgs are a Winograd transform's arguments.  Strides are in bytes.
type winogradArgs struct {
	in, out    *float32
	bias, res  *float32 // of the output transform; 16 values; pixels as in out
	tiles      int
	matrix     int // from one element of a tile's transform to the next
	row        int
	resRow     int
	rows, cols int // of the output transform
	flags      int
}

// strassenKernel combines the quarters of the input of Strassen's algorithm, of a.pixels
// pixels of 16 channels, 64 bytes apart: from B11 at in, B12 at in+rows, B21 at
// in+planes and B22 at in+rows+planes it writes T1 = B12-B11, T2 = B22-T1,
// T3 = B22-B12 and T4 = B21-T2 to out, each a.matrix bytes after the one before.
type strassenKernel func(a *strassenArgs)

// strassenArgs are the arguments of Strassen's combinations.  Strides are in bytes.
type strassenArgs struct {
	in, out      *float32
	pixels       int
	rows, planes int
	matrix       int
}

// kernelSet holds the kernels of one level; nil where a network needs none.
type kernelSet struct {
	level   Level
	conv    [convClasses][maxBlocks + 1][maxTile + 1]convKernel // by class, blocks, pixels
	maxPool poolKernel                                          // NaN in the window gives NaN
	sumPool poolKernel                                          // sum times scale
	add     eltwiseKernel                                       // a+b, flagReLU
	affine  eltwiseKernel                                       // fma(a, scale, bias), flagReLU
	relu    eltwiseKernel                                       // NaN stays NaN, -0 stays -0

	winogradIn, winogradOut [maxWinograd + 1]winogradKernel // by m

	// The transforms of 3x3 convolutions with stride 2, of which
	// winograd_polyphase.go tells: like winogradKernel's, but a tile of 2×2 output
	// pixels reads 5×5 input pixels, 4*64 bytes from one tile to the next, into 25
	// elements, and is computed from 9.
	polyphaseIn, polyphaseOut winogradKernel

	// The stem of a network by Winograd's algorithm in one dimension, of which
	// stem.go tells.  stemIn transforms a row of one plane of input: a.tiles groups,
	// which read 13 pixels each tile, 8 from one to the next, into 13 by 4 elements,
	// a.matrix bytes from one group to the next.  stem computes a.tiles groups of 16
	// pixels of a block of output channels, with the bias and flagReLU, from a.kh
	// rows of elements, a.inRow bytes from one to the next, of a.blocks planes, one
	// behind another; groups are a.inPlane bytes apart.
	stemIn winogradKernel
	stem   convKernel

	strassenIn strassenKernel
}
