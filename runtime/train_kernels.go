package runtime

// weightGradKernel adds to a.acc, n pixels of 16 channels, the products of n
// values of x with the 16 channels of dy, over a.rows rows of a.pixels pixels;
// n belongs to the kernel.  For each i below n and channel o:
//
//	acc[i][o] += sum over rows and pixels of x[row][pixel][i] * dy[row][pixel][o]
//
// with one fused multiply-add each, row by row and pixel by pixel, from 0 on: the
// sum of a call is added to acc at its end, which rounds less than to go on
// from acc.
type weightGradKernel func(a *weightGradArgs)

// weightGradArgs are a weight gradient kernel's arguments.  Strides are in bytes.
type weightGradArgs struct {
	x, dy, acc   *float32
	rows, pixels int
	xStep, xRow  int // from one pixel, row to the next
	dyStep       int
	dyRow        int
	// From one plane of dy, and from the sums with it, to those of a
	// weightGradPair's second one.
	dyPlane, accPlane int
	// From x and from dy to what later calls read: kernels may ask for it, a cache
	// line a pixel, where they read x and dy.
	xAhead, dyAhead int
}

// channelKernel works on a.pixels pixels of 16 channels, 64 bytes apart.
type channelKernel func(a *channelArgs)

// channelArgs are a channel kernel's arguments.
type channelArgs struct {
	x    *float32
	dy   *float32
	mask *float32 // result of a ReLU, where it is <= 0 dy counts as 0; may be nil
	out  *float32
	coef *float32 // rows of 16 values
	// pixels is their number; flags may have flagReLU or flagFromX.
	pixels, flags int
}

// flagFromX says of a channel kernel that dy counts as 0 where fma(x, scale,
// bias) <= 0, with the scale and the bias in two more rows of coef: what a ReLU
// clamped is computed again, which takes less than to read its result.
const flagFromX = 8

// maxPoolGradKernel adds each of a.pixels gradients of 16 channels to the first
// element of its window that is the largest, or to the last NaN, as PyTorch
// does.
type maxPoolGradKernel func(a *maxPoolGradArgs)

// maxPoolGradArgs are the arguments of the gradient of a max pool.  Strides are
// in bytes; gradients lie 64 bytes apart, and so do the pixels of a row.
type maxPoolGradArgs struct {
	x, dy, dx   *float32
	pixels      int
	kh, kw      int
	xRow, dxRow int
	step        int // from one window to the next, in x and in dx
}

// trainKernelSet holds the kernels of training of one level.
type trainKernelSet struct {
	level      Level
	weightGrad [block + 1]weightGradKernel // by n
	// weightGradPair does the work, to the bit, of two calls of
	// weightGrad[block], of which the second one adds dyPlane to dy and
	// accPlane to acc.  A level may lack it.
	weightGradPair weightGradKernel
	// weightGradTaps does the work, to the bit unless values are not finite, of
	// three calls of weightGrad[block], of which each adds xStep to x and 1024
	// to acc of the one before.  A level may lack it.
	weightGradTaps weightGradKernel
	// moments gives, with coef a shift, the sums of x-shift and of its square
	// as out[0] and out[1].
	moments channelKernel
	// gradSums gives, with coef the mean, the sums of dy and of dy*(x-mean) as
	// out[0] and out[1]; flagFromX.
	gradSums channelKernel
	// gradSweep gives, with coef a, b, c and the mean, out =
	// a*dy+b*(x-mean)+c; flagFromX.
	gradSweep channelKernel
	// maskGrad gives out = dy, masked.
	maskGrad channelKernel
	// winogradWeight gives G g Gᵀ of a.tiles rows of 16 weights of a 3×3 kernel,
	// by m; rows are 64 bytes apart.  Tap k of row t, of nine, is read from
	// in + k*a.row + t*64, where a.row may be negative, and element i is
	// written to out + i*a.matrix + t*64.
	winogradWeight [maxWinograd + 1]winogradKernel
	// winogradGradIn gives A d Aᵀ of a.tiles tiles d of m×m pixels of dy, by m, with
	// the matrix A of F(m×m, 3×3), of F(2×2, 3×3) but for the sign of the last row and
	// the last column; arguments are those of the input transform.
	winogradGradIn [maxWinograd + 1]winogradKernel
	// winogradGradOut gives Gᵀ u G of a.tiles rows of 16 sums of products of
	// such transforms, by m: element i of row t, of (m+2)², is read from
	// in + i*a.matrix + t*64, tap k, of nine, is written to out + k*a.row + t*64.
	winogradGradOut [maxWinograd + 1]winogradKernel
	// normalize gives out = x*coef[0]+coef[1]+dy, clamped under flagReLU, with
	// dy the residual.
	normalize   channelKernel
	maxPoolGrad maxPoolGradKernel
}
