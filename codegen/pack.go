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

// packConv stores a weight [O,I/groups,H,W], or [O,I] of a linear layer, as
// [O/16][I/16][H][W][16 in][16 out], or [O/16][I][H][W][16 out] for a planar
// input, filled up with zeros: the order in which the kernels consume it.
func (l *lowering) packConv(v *ir.Value, inBlock, groups int) (int, error) {
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
