package runtime

// block is the number of channels that a blocked activation stores together:
// one AVX-512 register, two of AVX2, four of NEON.
const block = 16

// Program is one compiled network: what the compiler knows about it before
// any weights or input are seen.
type Program struct {
	Name    string
	Arena   int // float32s of activations that one image takes
	Scratch int // float32s that a layer needs beside it, whatever the batch
	// ThreadScratch is how many float32s each thread needs to itself.
	ThreadScratch int
	Weights       int    // float32s of packed weights; two half weights take the place of one
	Hash          uint64 // FNV-1a-64 of the packed weights' bytes
	Layers        []Layer
	// Single is how many of the first layers had better run image by image in a
	// batch: their activations take more memory than their weights.
	Single int

	Input    [3]int // channels, height and width of an image
	Logits   Buffer // after LogitLayers layers
	Features Buffer // after FeatureLayers layers; Channels 0 if there are none
	// How many layers Run and Embed run.
	LogitLayers   int
	FeatureLayers int

	Preprocess Preprocess
	Labels     []string // one per class, or nil
}

// Buffer is a place in the arena that holds one activation of each image.
//
// With Block 16 it is stored as [Channels/16][Height][Width][16], with Block 1
// as [Channels][Height][Width]; Halo pixels of zeros surround every plane.
type Buffer struct {
	Offset   int // float32s from the start of the image's arena; -1 for the caller's images
	Channels int
	Height   int
	Width    int
	Halo     int
	Block    int
}

// row, plane and size are the float32s from one row, plane of channels, image to the next.
func (b Buffer) row() int    { return (b.Width + 2*b.Halo) * b.Block }
func (b Buffer) plane() int  { return (b.Height + 2*b.Halo) * b.row() }
func (b Buffer) planes() int { return (b.Channels + b.Block - 1) / b.Block }
func (b Buffer) size() int   { return b.planes() * b.plane() }

// elements is the number of values of one image, without padding of any kind.
func (b Buffer) elements() int { return b.Channels * b.Height * b.Width }

func (p *Program) inputSize() int { return p.Input[0] * p.Input[1] * p.Input[2] }

// Op is what a layer computes.
type Op uint8

// The layers that a program is made of.
const (
	OpConv      Op = iota // convolution and linear, with fused bias, residual and ReLU
	OpMaxPool             // windows are clipped at the border
	OpAvgPool             // also global
	OpAffine              // x*scale+bias per channel, with fused ReLU
	OpAdd                 // with fused ReLU
	OpReLU                //
	OpSubsample           // every stride-th pixel, with channels of zeros before and after
	OpConcat              // along the channels
	OpSoftmax             // along the channels
	OpReorder             // from one layout or halo to another
)

func (o Op) String() string {
	return [...]string{"conv2d", "max_pool", "avg_pool", "affine", "add", "relu", "subsample", "concat", "softmax", "reorder"}[o]
}

// Layer is one row of a program.
type Layer struct {
	Name string
	Op   Op
	In   Buffer
	In2  Buffer // residual of a convolution (Channels 0 without one), second operand of add
	Out  Buffer
	More []Buffer // further operands of concat

	Kernel   [2]int // height and width of the window
	Stride   [2]int
	Dilation [2]int
	Padding  [2]int // top, left
	PadEnd   [2]int // bottom, right; only averages need it
	Groups   int    // in and out channels per group are multiples of 16 when Groups > 1
	// Narrow is 4 or 8 where each of the Groups, one block then, is cut further, into
	// groups of so many channels; 0 where it is not.
	Narrow int
	ReLU   bool
	// CountPad makes padding count in an average.
	CountPad bool
	// Before is the number of zero channels that subsample puts in front.
	Before int

	// Weight and Bias are offsets into the packed weights, in float32s; a
	// convolution without bias has -1.
	// Weights lie as [out/16][in/16][kh][kw][16 in][16 out], of a planar input
	// as [out/16][in][kh][kw][16 out], of narrow groups as
	// [out/16][kh][Narrow/4][kw][4 in][16 out].  For OpAffine they are scale and bias.
	Weight, Bias int
	// Joined says that each row of In is several rows of Out, one behind another: a 1x1
	// convolution computes them as one, in scratch memory, since in Out a halo stands between.
	Joined bool
	// HaloZero says that the halo of Out is zero already: an earlier layer has cleared it,
	// in the same place, and none in between has written there.
	HaloZero bool
	// Half says that the weights are stored as IEEE 754 binary16; the input is
	// blocked then.  Biases are float32 in any case.
	Half bool

	// Tiles says, for each Level, how a row of output pixels is cut.
	Tiles [levels]Tiling
	// PixelsFirst makes a thread finish all output channels of some rows
	// before it goes on, from so many images in a run on; 0 for never.  The
	// other order reads each weight once, but the input again and again.
	PixelsFirst int

	// Winograd is the number of output pixels of a tile in each direction, 2
	// or 4, for a 3x3 convolution by Winograd's algorithm; 0 for a direct one.
	// Its weights are transformed: (Winograd+2)² matrices, each
	// [out/16][in/16][16 in][16 out].  With stride 2 it is 2, and
	// winograd_polyphase.go tells how weights lie.  Of a planar input it is 4, for a
	// 7x7 convolution with tiles of one row, of which stem.go tells.
	Winograd int
	// Chunk is how many Winograd tiles are transformed and multiplied at a
	// time: by each thread alone (Fused), or by all threads together.
	Chunk int
	Fused bool

	// Strassen makes it a 1x1 convolution by a level of Strassen's algorithm.  Its
	// weights are seven combinations of the quarters of the matrix of all weights, in the
	// order of strassenProducts, [out/64][7][2][in/32][16 in][16 out].  The lower half
	// of its bias is what it is more than the upper half.
	Strassen bool

	MACs int // multiply-adds per image, for the profile
}

// ConvClass is the class of kernels that compute a convolution, in the order of
// the constants that begin with convBlockedS1.
func (l *Layer) ConvClass() int {
	class := convBlockedS1
	switch {
	case l.In.Block == 1:
		class = convPlanarS1
	case l.Narrow == 4:
		class = convGroup4S1
	case l.Narrow == 8:
		class = convGroup8S1
	case l.Half:
		class = convHalfS1
	}
	if l.Stride[1] == 2 && l.Winograd == 0 { // products have no stride
		class++
	}
	return class
}

// Scratch is how many float32s of scratch memory the layer needs, for all threads
// together and for each of its own.
func (l *Layer) Scratch() (shared, thread int) {
	switch {
	case l.Winograd > 0 && l.Fused:
		return 0, l.WinogradScratch()
	case l.Winograd > 0:
		return l.WinogradScratch(), 0
	case l.Strassen:
		return 0, l.strassenScratch()
	}
	return 0, l.partScratch()
}

// Rows counts the rows of output that a convolution computes, and the pixels of
// each: those of Out or, Joined, of In.
func (l *Layer) Rows() (rows, width int) {
	if l.Joined {
		return l.In.Height, l.In.Width
	}
	return l.Out.Height, l.Out.Width
}

// clearsHalo reports whether the layer writes the zeros around its output.
func (l *Layer) clearsHalo() bool { return l.Out.Halo > 0 && !l.HaloZero }

// groupChannels is how many input channels an output channel is computed from.
func (l *Layer) groupChannels() int {
	if l.Narrow > 0 {
		return l.Narrow
	}
	return l.In.Channels / l.Groups
}

// weightFloats is how many float32s of memory n weights of a convolution take.
func (l *Layer) weightFloats(n int) int {
	if l.Half {
		return n / 2
	}
	return n
}

// weightBytes is what a run reads of the layer's weights, as the network
// defines them, whatever the algorithm stores.
func (l *Layer) weightBytes() int {
	if l.Op != OpConv {
		return 0
	}
	return 4 * l.weightFloats(l.Kernel[0]*l.Kernel[1]*l.groupChannels()*l.Out.Channels)
}

// ImageBytes is what the layer reads and writes of one image's activations.
func (l *Layer) ImageBytes() int {
	n := l.In.elements() + l.In2.elements() + l.Out.elements()
	for _, b := range l.More {
		n += b.elements()
	}
	return 4 * n
}

// Tiling cuts an output row into CountA tiles of A pixels and then CountB
// tiles of B pixels, each by Blocks blocks of 16 output channels.  Winograd
// cuts rows when it runs: A is the largest tile and the counts are 0.
type Tiling struct {
	Blocks    int
	A, CountA int
	B, CountB int
	// Depth is how many input planes at a time go over some rows, so that their
	// weights stay in the L1 cache; 0 for all.
	Depth int
	// Chunk is how many tiles a Fused layer goes through at a time, if not as many as
	// the layer's Chunk, which is no less.
	Chunk int
}

// blocksOf is how many output blocks a call computes where so many are left.
func (t Tiling) blocksOf(left int) int {
	n := t.Blocks
	for n > left {
		n /= 2
	}
	return n
}

// Preprocess says how the network's training data was prepared, and so how
// Classify and Embed must turn an image into numbers.
type Preprocess struct {
	Resize int // shorter side after resizing, bilinear with antialiasing; 0 for none
	Crop   int // side of the central crop; 0 to resize to the input size exactly
	Mean   [3]float32
	Std    [3]float32
}

// Split cuts a row into tiles of at most most pixels, as equal as they get.
func Split(width, most int) Tiling {
	n := (width + most - 1) / most
	short, long := width/n, width%n
	if long == 0 {
		return Tiling{A: short, CountA: n}
	}
	return Tiling{A: short + 1, CountA: long, B: short, CountB: n - long}
}
