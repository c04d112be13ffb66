package kernels

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/resnetc/resnetc/asm"
)

// convCase is one call of a convolution kernel.
type convCase struct {
	asm.Kernel
	tiles, in, kh, kw int
	dilation          int
	bias              bool
	res               string // "none", "apart" or "in place"
	flags             int
	data              string // "random", "special" or "zero"
	place             int    // even: buffers end at a guard page; odd: they start at one
	products          int
	aheadStep         int
}

func (c convCase) String() string {
	return fmt.Sprintf("tiles %d, %d input blocks, window %dx%d, dilation %d, bias %t, residual %s, flags %d, %s data, place %d, %d products, %d bytes ahead",
		c.tiles, c.in, c.kh, c.kw, c.dilation, c.bias, c.res, c.flags, c.data, c.place, c.products, c.aheadStep)
}

// convCases are all tile counts, input blocks and windows up to 3, and the
// stem's 7x7; the options take turns, so that every combination of them occurs
// and every option meets every size.
func convCases(k asm.Kernel, r *rand.Rand, thin int) []convCase {
	var cases []convCase
	turn := r.IntN(1000)
	one := func(tiles, in, kh, kw int) {
		turn++
		if turn%thin != 0 {
			return
		}
		o := turn
		next := func(n int) int { defer func() { o /= n }(); return o % n }
		c := convCase{Kernel: k, tiles: tiles, in: in, kh: kh, kw: kw}
		c.res = []string{"none", "apart", "in place"}[next(3)]
		c.bias = next(2) == 1
		c.flags = next(8)
		c.place = next(2)
		c.data = []string{"random", "special", "random", "zero"}[r.IntN(4)]
		c.dilation = 1 + r.IntN(2)
		c.aheadStep = []int{0, 64, 128, 192, 256}[r.IntN(5)]
		if k.Class == convBlockedS1 || k.Class == convHalfS1 {
			c.products = next(4)
			if next(3) == 0 { // nothing but products
				c.in, c.kw, c.res, c.bias, c.flags = 1, 1, "none", false, flagBare|c.flags&flagNear
			}
		}
		if groupOf(k.Class) < 16 {
			c.in, c.kw, c.dilation = 1, 3, 1
		}
		cases = append(cases, c)
	}
	for tiles := 1; tiles <= 3; tiles++ {
		for in := 1; in <= 3; in++ {
			for kh := 1; kh <= 3; kh++ {
				for kw := 1; kw <= 3; kw++ {
					one(tiles, in, kh, kw)
				}
			}
		}
	}
	if convChannels(k.Class) == 1 {
		one(2, 3, 7, 7)
	}
	return cases
}

// convBuffers are the guarded buffers that all calls share.
type convBuffers struct{ in, w, out, bias, res guarded }

func newConvBuffers(t testing.TB) *convBuffers {
	return &convBuffers{
		in:   newGuarded(t, 400_000),
		w:    newGuarded(t, 90_000),
		out:  newGuarded(t, 50_000),
		bias: newGuarded(t, 16*maxBlocks),
		res:  newGuarded(t, 50_000),
	}
}

// TestConv runs every convolution kernel.  Assembly must give the bits that
// the contract's order of fused multiply-adds gives.
func TestConv(t *testing.T) {
	buffers := newConvBuffers(t)
	eachKernel(t, "conv2d", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		h := fnv.New64()
		h.Write([]byte(k.Name))
		r := rand.New(rand.NewPCG(1, h.Sum64()))
		thin := convThin
		if isEmulated(set) {
			thin *= emulatedThin
		}
		for _, c := range convCases(k, r, thin) {
			if msg := c.run(t, buffers, set, r); msg != "" {
				t.Fatalf("%s\n%s", c, msg)
			}
		}
	})
}

// TestConvOver lets kernels write their output over the input, as Winograd's
// products do: a tile's, with as many planes, when all of that has been read.
func TestConvOver(t *testing.T) {
	const tiles, products = 2, 3
	eachKernel(t, "conv2d", func(t *testing.T, set *kernelSet, k asm.Kernel) {
		if k.Class != convBlockedS1 && k.Class != convHalfS1 || set.level == PureGo && k.Blocks > 1 {
			return
		}
		r := rand.New(rand.NewPCG(2, uint64(k.Blocks)))
		pixels := tiles * k.Pixels
		plane, matrix := pixels*16, k.Blocks*16*convWeights(k.Class)/4 // in float32s
		in, w := make([]float32, products*k.Blocks*plane), make([]float32, products*k.Blocks*matrix)
		values(r, in)
		values(r, w)
		if isHalf(k.Class) {
			convCase{Kernel: k}.fillHalf(r, w)
		}
		a := convArgs{
			tiles: tiles, blocks: 1, kh: k.Blocks, kw: 1, flags: flagNear,
			inPlane: 4 * k.Blocks * plane, inRow: 4 * plane, outPlane: 4 * plane, wBlock: 4 * matrix,
			products: products, wNext: 4 * k.Blocks * matrix,
		}
		a.inNext = 4 * (k.Blocks - 1) * plane
		a.outNext = a.inNext
		want := make([]float32, len(in))
		a.in, a.w, a.out = &in[0], &w[0], &want[0]
		set.conv[k.Class][k.Blocks][k.Pixels](&a)
		a.out = a.in
		set.conv[k.Class][k.Blocks][k.Pixels](&a)
		if d := diff(in, want); d != "" {
			t.Fatal(d)
		}
	})
}

// run makes a call and says what is wrong with the result.
func (c convCase) run(t *testing.T, buffers *convBuffers, set *kernelSet, r *rand.Rand) string {
	step, channels, row := convStep[c.Class], convChannels(c.Class), convWeights(c.Class)
	pixels := c.tiles * c.Pixels
	a := convArgs{tiles: c.tiles, blocks: c.in, kh: c.kh, kw: c.kw, flags: c.flags, aheadStep: c.aheadStep}
	a.inCol = c.dilation * channels * 4
	a.inRow = (pixels-1)*step + c.kw*a.inCol + 4*r.IntN(3)
	a.inPlane = c.kh*a.inRow + 4*r.IntN(5)
	terms := c.in * c.kh * c.kw * min(channels, groupOf(c.Class))
	a.wBlock = terms*row + 4*r.IntN(3)
	a.outPlane = pixels*64 + 4*r.IntN(3)
	a.resPlane = pixels*64 + 4*r.IntN(3)

	// The last value of each buffer is the last that the kernel may touch.
	inSize := (c.in-1)*a.inPlane + (c.kh-1)*a.inRow + (c.kw-1)*a.inCol + (pixels-1)*step + channels*4
	wSize := (c.Blocks-1)*a.wBlock + terms*row
	outSize := (c.Blocks-1)*a.outPlane + pixels*64
	resSize := (c.Blocks-1)*a.resPlane + pixels*64
	// From product to product.
	inStep, outStep := inSize+4*r.IntN(3), max(outSize, resSize)+4*r.IntN(3)
	more := max(c.products, 1) - 1
	a.products, a.inNext, a.outNext, a.wNext = c.products, inStep-pixels*step, outStep-pixels*64, wSize+4*r.IntN(3)
	in := buffers.in.take(t, (more*inStep+inSize)/4, c.place)
	w := buffers.w.take(t, (more*a.wNext+wSize)/4, c.place)
	out := buffers.out.take(t, (more*outStep+outSize)/4, c.place)
	bias := buffers.bias.take(t, 16*c.Blocks, c.place)
	res := buffers.res.take(t, (more*outStep+resSize)/4, c.place)
	for _, x := range [][]float32{in, w, out, bias, res} {
		c.fill(r, x)
	}
	if isHalf(c.Class) {
		c.fillHalf(r, w)
	}
	a.in, a.w, a.out = &in[0], &w[0], &out[0]
	a.ahead = uintptr(unsafe.Pointer(a.w)) + 4096 // a guard page or beyond one: nobody reads there
	if c.bias {
		a.bias = &bias[0]
	}
	switch c.res {
	case "apart":
		a.res = &res[0]
	case "in place":
		a.res, a.resPlane = a.out, a.outPlane
	}

	want, bound := slices.Clone(out), make([]float32, len(out))
	for p := range more + 1 {
		one, from := a, p*outStep/4
		one.in, one.w = &in[p*inStep/4], &w[p*a.wNext/4]
		switch c.res {
		case "apart":
			one.res = &res[from]
		case "in place":
			one.res = &out[from]
		}
		convReference(&one, c.Class, c.Blocks, c.Pixels, want[from:], bound[from:])
	}
	before := a
	bare := c.flags&flagBare != 0 && c.Blocks <= 2 && !isHalf(c.Class) // kernels with a loop for that
	if set.level == AVX2 && !bare && convChannels(c.Class) == 16 && groupOf(c.Class) == 16 {
		if c.products > 1 {
			before.ahead = uintptr(unsafe.Pointer(a.w)) + uintptr(c.products*a.wNext)
		}
		before.ahead += uintptr(c.tiles * c.in * c.kh * c.kw * 2 * a.aheadStep)
	}
	set.conv[c.Class][c.Blocks][c.Pixels](&a)
	if a != before {
		return fmt.Sprintf("the kernel changed its arguments from %+v (with weights to ask for) to %+v", before, a)
	}
	if set.level != PureGo {
		return diff(out, want)
	}
	for i, v := range out {
		finite := want[i]-want[i] == 0
		if e := math.Abs(float64(v) - float64(want[i])); !same(v, want[i]) && !(finite && e <= float64(bound[i])) {
			return fmt.Sprintf("float32 %d is %g, want %g within %g", i, v, want[i], bound[i])
		}
	}
	return ""
}

// fill writes the case's kind of data.
func (c convCase) fill(r *rand.Rand, x []float32) {
	values(r, x)
	switch c.data {
	case "special":
		sprinkle(r, x, 150)
		if c.Level == "purego" { // a product may overflow where a fused sum does not
			for i, v := range x {
				if v == math.MaxFloat32 || v == -math.MaxFloat32 {
					x[i] = 1
				}
			}
		}
	case "zero":
		for i := range x {
			x[i] = float32(math.Copysign(0, float64(x[i])))
		}
	}
}

// convReference computes what the contract says, in its order, into a copy of
// the output; and into bound how far unfused arithmetic may be off: a rounding
// of every product and of every sum, relative to the sum of magnitudes
// (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1).
func convReference(a *convArgs, class, blocks, pixels int, out, bound []float32) {
	channels, row := convChannels(class), convWeights(class)
	weight := func(at int) float32 { return pixelAt(a.w, at)[0] }
	if isHalf(class) {
		weight = func(at int) float32 { return halves[*(*uint16)(unsafe.Add(unsafe.Pointer(a.w), at))] }
	}
	at := func(p *float32, bytes int) float32 { return pixelAt(p, bytes)[0] }
	for b := range blocks {
		for p := range a.tiles * pixels {
			for o := range 16 {
				to := (b*a.outPlane + p*64 + o*4) / 4
				var sum float32
				if a.flags&flagAccumulate != 0 {
					sum = out[to]
				} else if a.bias != nil {
					sum = at(a.bias, (b*16+o)*4)
				}
				magnitude := math.Abs(float64(sum))
				w := b*a.wBlock + o*row/16
				product := func(v float32) {
					k := weight(w)
					sum = fma32(v, k, sum)
					magnitude += math.Abs(float64(v) * float64(k))
					w += row
				}
				group := groupOf(class)
				for i := range a.blocks {
					for y := range a.kh {
						for part := 0; part < group; part += 4 {
							for x := range a.kw {
								in := i*a.inPlane + y*a.inRow + x*a.inCol + p*convStep[class]
								if group == 16 {
									for c := range channels {
										product(at(a.in, in+c*4))
									}
									continue
								}
								for c := range 4 {
									product(at(a.in, in+(o/group*group+part+c)*4))
								}
							}
							if group == 16 {
								break
							}
						}
					}
				}
				if a.res != nil {
					v := at(a.res, b*a.resPlane+p*64+o*4)
					sum += v
					magnitude += math.Abs(float64(v))
				}
				if a.flags&flagReLU != 0 && sum < 0 {
					sum = 0
				}
				terms := a.blocks*a.kh*a.kw*min(channels, group) + 2
				out[to] = sum
				bound[to] = float32(magnitude * float64(terms) * 0x1p-23)
			}
		}
	}
}
