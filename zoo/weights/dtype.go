package weights

import (
	"encoding/binary"
	"math"
)

// dtype is an element type that a file may have.
type dtype struct {
	name string // safetensors' spelling
	size int    // in bytes
	// float reads one element; nil for integer types.
	float func(b []byte) float32
}

// dtypes has one row per element type.
var dtypes = []*dtype{
	{"F32", 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	{"F16", 2, func(b []byte) float32 { return float16(binary.LittleEndian.Uint16(b)) }},
	{"BF16", 2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
	{"F64", 8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	{"I64", 8, nil}, {"I32", 4, nil}, {"I16", 2, nil}, {"I8", 1, nil},
	{"U64", 8, nil}, {"U32", 4, nil}, {"U16", 2, nil}, {"U8", 1, nil}, {"BOOL", 1, nil},
}

// dtypeNamed returns a row of the table, or nil.
func dtypeNamed(name string) *dtype {
	for _, d := range dtypes {
		if d.name == name {
			return d
		}
	}
	return nil
}

// decode converts all of b, a multiple of the element size; nil for integers.
func (d *dtype) decode(b []byte) []float32 {
	if d.float == nil {
		return nil
	}
	out := make([]float32, len(b)/d.size)
	for i := range out {
		out[i] = d.float(b[i*d.size:])
	}
	return out
}

// float16 converts an IEEE 754 binary16 number; every one is exact in float32.
func float16(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 31
	fraction := uint32(h) & 1023
	switch exponent {
	case 0: // zero and subnormal numbers: fraction * 2^-24
		f := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31: // infinities and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
