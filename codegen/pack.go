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
	l.weights = append(l.weights, make([]float32, (n+ir.Block-1)/ir.Block*ir.Block)...)
	return at
}

// packVector stores one value per channel, filled up to a whole block with zeros.
func (l *lowering) packVector(v *ir.Value) (int, error) {
	if v.Data == nil {
		return 0, fmt.Errorf("parameter %q has no data: load weights first", v.Name)
	}
	at := l.reserve(len(v.Data))
	copy(l.weights[at:], v.Data)
	return at, nil
}

// packedSize is the number of float32s of a packed weight tensor of the shape
// [O,I/groups,H,W], for an input in blocks of so many channels, or for
// Winograd's algorithm with tiles of m×m pixels if m is not 0.
func packedSize(s ir.Shape, inBlock, m int) int {
	planes, blocks := (s[1]+inBlock-1)/inBlock, (s[0]+ir.Block-1)/ir.Block
	matrices := s[2] * s[3]
	if m > 0 {
		matrices = (m + 2) * (m + 2)
	}
	return matrices * blocks * planes * inBlock * ir.Block
}

// packConv stores a weight tensor [O,I/groups,H,W], or [O,I] of a linear layer, as
// [O/16][I/16][H][W][16 in][16 out], or [O/16][I][H][W][16 out] for a planar
// input, filled up with zeros: the order in which the kernels consume it.
func (l *lowering) packConv(v *ir.Value, inBlock int) (int, error) {
	if v.Data == nil {
		return 0, fmt.Errorf("parameter %q has no data: load weights first", v.Name)
	}
	s := v.Type.Shape
	o, i, taps := s[0], s[1], 1
	if len(s) == 4 {
		taps = s[2] * s[3]
	}
	planes := (i + inBlock - 1) / inBlock
	blocks := (o + ir.Block - 1) / ir.Block
	at := l.reserve(blocks * planes * taps * inBlock * ir.Block)
	for oc := range o {
		for ic := range i {
			for t := range taps {
				to := ((oc/ir.Block*planes+ic/inBlock)*taps+t)*inBlock + ic%inBlock
				l.weights[at+to*ir.Block+oc%ir.Block] = v.Data[(oc*i+ic)*taps+t]
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
func (l *lowering) packWinograd(v *ir.Value, m int) (int, error) {
	if v.Data == nil {
		return 0, fmt.Errorf("parameter %q has no data: load weights first", v.Name)
	}
	o, i, n := v.Type.Shape[0], v.Type.Shape[1], m+2
	planes, blocks := (i+ir.Block-1)/ir.Block, (o+ir.Block-1)/ir.Block
	matrix := blocks * planes * ir.Block * ir.Block
	at := l.reserve(n * n * matrix)
	g := winogradG[m]
	var half [6][3]float64
	for oc := range o {
		for ic := range i {
			f := v.Data[(oc*i+ic)*9:][:9]
			for a := range n {
				for x := range 3 {
					half[a][x] = g[a][0]*float64(f[x]) + g[a][1]*float64(f[3+x]) + g[a][2]*float64(f[6+x])
				}
			}
			to := at + ((oc/ir.Block*planes+ic/ir.Block)*ir.Block+ic%ir.Block)*ir.Block + oc%ir.Block
			for a := range n {
				for b := range n {
					u := half[a][0]*g[b][0] + half[a][1]*g[b][1] + half[a][2]*g[b][2]
					l.weights[to+(a*n+b)*matrix] = float32(u)
				}
			}
		}
	}
	return at, nil
}

// packedWeights is the weight file: the header that runtime checks, and all
// packed weights as little-endian float32.  It sets the program's hash.
func (l *lowering) packedWeights() []byte {
	body := make([]byte, 4*len(l.weights))
	for i, x := range l.weights {
		binary.LittleEndian.PutUint32(body[4*i:], math.Float32bits(x))
	}
	l.program.Hash = runtime.WeightHash(body)
	header := runtime.WeightHeader(l.program.Hash, len(l.weights))
	return append(header[:], body...)
}
