package codegen

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// reserve adds n zeros to the packed weights, at a multiple of 64 bytes, and
// gives their offset.
func (l *lowering) reserve(n int) int {
	at := len(l.weights)
	l.weights = append(l.weights, make([]uint32, (n+ir.Block-1)/ir.Block*ir.Block)...)
	return at
}

// tensor is a weight tensor among the packed weights.
type tensor struct {
	words  []uint32
	half   bool // two halves in a word, the first one in its lower bits
	beyond float64
}

// reserveTensor is reserve for n values of a weight, which may be halves.
func (l *lowering) reserveTensor(n int, half bool) (int, *tensor) {
	if half {
		n = (n + 1) / 2
	}
	at := l.reserve(n)
	return at, &tensor{words: l.weights[at:], half: half}
}

// set gives value i, which was 0, its value.
func (t *tensor) set(i int, x float64) {
	if !t.half {
		t.words[i] = math.Float32bits(float32(x))
		return
	}
	h := halfBits(x)
	if h&0x7fff == 0x7c00 {
		t.beyond = x
	}
	t.words[i/2] |= uint32(h) << (i % 2 * 16)
}

// check fails if a value did not fit.
func (t *tensor) check(v *ir.Value, what string) error {
	if t.beyond != 0 {
		return fmt.Errorf("parameter %q has %s of %g, and half precision ends at ±65504: keep its weights in float32 (-weights-dtype f32)", v.Name, what, t.beyond)
	}
	return nil
}

// loaded fails if a parameter has no data to pack.
func loaded(v *ir.Value) error {
	if v.Data == nil {
		return fmt.Errorf("parameter %q has no data: load weights first", v.Name)
	}
	return nil
}

// packVector stores one value per channel, filled up to a whole block with zeros.
func (l *lowering) packVector(v *ir.Value) (int, error) {
	if err := loaded(v); err != nil {
		return 0, err
	}
	at := l.reserve(len(v.Data))
	for i, x := range v.Data {
		l.weights[at+i] = math.Float32bits(x)
	}
	return at, nil
}

// packedSize is the number of values of a packed weight tensor of the shape
// [O,I/groups,H,W], for an input in blocks of so many channels and an algorithm.
func packedSize(s ir.Shape, inBlock int, a ir.Algorithm) int {
	planes, blocks := (s[1]+inBlock-1)/inBlock, (s[0]+ir.Block-1)/ir.Block
	matrices := s[2] * s[3]
	if a.Weights > 0 {
		matrices = a.Weights
	}
	size := matrices * blocks * planes * inBlock * ir.Block
	if a.Quarters > 0 {
		size = size / 4 * a.Quarters
	}
	return size
}

// packConv stores a weight tensor [O,I/groups,H,W], or [O,I] of a linear layer, as
// [O/16][I/16][H][W][16 in][16 out], or [O/16][I][H][W][16 out] for a planar
// input, filled up with zeros: the order in which the kernels consume it.
func (l *lowering) packConv(v *ir.Value, inBlock int, half bool) (int, error) {
	s := v.Type.Shape
	o, i, taps := s[0], s[1], 1
	if len(s) == 4 {
		taps = s[2] * s[3]
	}
	planes := (i + inBlock - 1) / inBlock
	blocks := (o + ir.Block - 1) / ir.Block
	at, packed := l.reserveTensor(blocks*planes*taps*inBlock*ir.Block, half)
	for oc := range o {
		for ic := range i {
			for t := range taps {
				to := ((oc/ir.Block*planes+ic/inBlock)*taps+t)*inBlock + ic%inBlock
				packed.set(to*ir.Block+oc%ir.Block, float64(v.Data[(oc*i+ic)*taps+t]))
			}
		}
	}
	return at, packed.check(v, "a weight")
}

// packNarrow stores the weight [O,I,H,W] of groups of I to I channels as
// [O/16][H][I/4][W][4 in][16 out].
func (l *lowering) packNarrow(v *ir.Value) (int, error) {
	const part = 4
	s := v.Type.Shape
	at := l.reserve(s.Elems())
	next := at
	for o := 0; o < s[0]; o += ir.Block {
		for y := range s[2] {
			for first := 0; first < s[1]; first += part {
				for x := range s[3] {
					for c := range part {
						for lane := range ir.Block {
							from := (((o+lane)*s[1]+first+c)*s[2]+y)*s[3] + x
							l.weights[next] = math.Float32bits(v.Data[from])
							next++
						}
					}
				}
			}
		}
	}
	return at, nil
}

// winogradG are the matrices G of Lavin and Gray (arXiv 1509.09308) by m, which
// transform the weights of F(m×m, 3×3).
var winogradG = map[int][][3]float64{
	2: {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
	4: {
		{1. / 4, 0, 0},
		{-1. / 6, -1. / 6, -1. / 6},
		{-1. / 6, 1. / 6, -1. / 6},
		{1. / 24, 1. / 12, 1. / 6},
		{1. / 24, -1. / 12, 1. / 6},
		{0, 0, 1},
	},
}

// packWinograd stores G g Gᵀ for every 3x3 filter g of a weight [O,I,3,3], as
// (m+2)² matrices, each [O/16][I/16][16 in][16 out] filled up with zeros.
// The transform is computed in float64 and rounded once.
func (l *lowering) packWinograd(v *ir.Value, m int, half bool) (int, error) {
	o, i, n := v.Type.Shape[0], v.Type.Shape[1], m+2
	planes, blocks := (i+ir.Block-1)/ir.Block, (o+ir.Block-1)/ir.Block
	matrix := blocks * planes * ir.Block * ir.Block
	at, packed := l.reserveTensor(n*n*matrix, half)
	g := winogradG[m]
	for oc := range o {
		for ic := range i {
			u := sandwich(g, v.Data[(oc*i+ic)*9:][:9])
			to := ((oc/ir.Block*planes+ic/ir.Block)*ir.Block+ic%ir.Block)*ir.Block + oc%ir.Block
			for a := range n {
				for b := range n {
					packed.set(to+(a*n+b)*matrix, u[a][b])
				}
			}
		}
	}
	return at, packed.check(v, fmt.Sprintf("a weight, transformed for F(%[1]d×%[1]d, 3×3),", m))
}

// packPolyphase stores the weights of 3x3 convolutions with stride 2 as
// runtime/winograd_polyphase.go describes them.
func (l *lowering) packPolyphase(v *ir.Value, half bool) (int, error) {
	const n = 4 // w0, w1, w2, w0+w2
	g := [n][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 1}}
	o, i := v.Type.Shape[0], v.Type.Shape[1]
	planes, blocks := (i+ir.Block-1)/ir.Block, (o+ir.Block-1)/ir.Block
	at, packed := l.reserveTensor(n*n*blocks*planes*ir.Block*ir.Block, half)
	for oc := range o {
		for ic := range i {
			u := sandwich(g[:], v.Data[(oc*i+ic)*9:][:9])
			for y := range n {
				for x := range n {
					matrix := y*n*blocks + oc/ir.Block*3 + x
					if x == 3 {
						matrix = (y*n+3)*blocks + oc/ir.Block
					}
					to := (matrix*planes+ic/ir.Block)*ir.Block + ic%ir.Block
					packed.set(to*ir.Block+oc%ir.Block, u[y][x])
				}
			}
		}
	}
	return at, packed.check(v, "a weight, transformed for stride 2,")
}

// stemG are the weights of runtime/stem.go's F(4, 4), of four taps.
var stemG = [7][4]float64{
	{-1. / 2, 0, 0, 0},
	{-1. / 3, -1. / 3, -1. / 3, -1. / 3},
	{1. / 9, -1. / 9, 1. / 9, -1. / 9},
	{1. / 36, 1. / 18, 1. / 9, 2. / 9},
	{-1. / 60, 1. / 30, -1. / 15, 2. / 15},
	{4. / 45, 2. / 45, 1. / 45, 1. / 90},
	{0, 0, 0, 1},
}

// packStem stores the weight [O,I,7,7] of a stem as runtime/stem.go describes it.
func (l *lowering) packStem(v *ir.Value) (int, error) {
	o, i := v.Type.Shape[0], v.Type.Shape[1]
	blocks := (o + ir.Block - 1) / ir.Block
	at, packed := l.reserveTensor(blocks*7*i*13*ir.Block, false)
	for oc := range o {
		for ic := range i {
			for y := range 7 {
				w := v.Data[((oc*i+ic)*7+y)*7:][:7]
				to := ((oc/ir.Block*7+y)*i+ic)*13*ir.Block + oc%ir.Block
				for phase := range 2 {
					for e, row := range stemG[:7-phase] {
						var u float64
						for k := phase; k < 7; k += 2 {
							u += row[k/2] * float64(w[k])
						}
						packed.set(to+(phase*7+e)*ir.Block, u)
					}
				}
			}
		}
	}
	return at, nil
}

// sandwich computes g f gᵀ of a 3x3 filter f.
func sandwich(g [][3]float64, f []float32) (u [6][6]float64) {
	var rows [6][3]float64
	for a := range g {
		for x := range 3 {
			rows[a][x] = g[a][0]*float64(f[x]) + g[a][1]*float64(f[3+x]) + g[a][2]*float64(f[6+x])
		}
	}
	for a := range g {
		for b := range g {
			u[a][b] = rows[a][0]*g[b][0] + rows[a][1]*g[b][1] + rows[a][2]*g[b][2]
		}
	}
	return u
}

// packedWeights is the weight file: the header that runtime checks, and all
// packed weights as little-endian words.  It sets the program's hash.
func (l *lowering) packedWeights() []byte {
	body := make([]byte, 4*len(l.weights))
	for i, x := range l.weights {
		binary.LittleEndian.PutUint32(body[4*i:], x)
	}
	l.program.Hash = runtime.WeightHash(body)
	header := runtime.WeightHeader(l.program.Hash, len(l.weights))
	return append(header[:], body...)
}
