package emulate

import "math/bits"

// Feature is a set of extensions of the instruction set, as CPUID reports them.
type Feature uint

// The features that some level has.  An instruction that needs another one
// needs a row here, which no level has.
const (
	AVX Feature = 1 << iota
	AVX2
	FMA
	F16C
	AVX512F
	AVX512BW
	AVX512DQ
	AVX512VL
)

var featureNames = []string{"AVX", "AVX2", "FMA", "F16C", "AVX512F", "AVX512BW", "AVX512DQ", "AVX512VL"}

func (f Feature) String() string {
	s := ""
	for ; f != 0; f &= f - 1 {
		if s != "" {
			s += ", "
		}
		s += featureNames[bits.TrailingZeros(uint(f))]
	}
	return s
}

// Levels are the features of package asm's levels for amd64, by name: all that a
// kernel of the level may use.
var Levels = map[string]Feature{
	"avx2":   AVX | AVX2 | FMA | F16C,
	"avx512": AVX | AVX2 | FMA | F16C | AVX512F | AVX512BW | AVX512DQ | AVX512VL,
}
