package asm

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is a level of vector instructions.
type isa struct {
	name      string
	arch      string   // GOARCH
	constant  string   // runtime's Level
	spec      reg.Spec // width of a register
	lanes     int      // float32s in a register
	registers int
	tiles     []int // largest number of pixels of a convolution's tile, by blocks
}

// isas holds the levels, the slowest first.  A tile is limited by the
// registers: a sum for each block (two for AVX2, four for NEON) of each pixel, a
// block's weights, and an input value or two; with NEON four values of each pixel.
var isas = []isa{
	{
		name:      "neon",
		arch:      "arm64",
		constant:  "NEON",
		spec:      reg.S128,
		lanes:     4,
		registers: 32,
		tiles:     []int{1: 6, 2: 3, 4: 1},
	},
	{
		name:      "avx2",
		arch:      "amd64",
		constant:  "AVX2",
		spec:      reg.S256,
		lanes:     8,
		registers: 16,
		tiles:     []int{1: 6, 2: 3},
	},
	{
		name:      "avx512",
		arch:      "amd64",
		constant:  "AVX512",
		spec:      reg.S512,
		lanes:     16,
		registers: 32,
		tiles:     []int{1: 28, 2: 14, 4: 7},
	},
}

func (s *isa) avx512() bool { return s.lanes == 16 }

// vectors is the number of registers that hold a block of 16 channels.
func (s *isa) vectors() int { return 16 / s.lanes }

// bytes is the size of a register.
func (s *isa) bytes() int { return 4 * s.lanes }

// vec returns vector register i.
func (s *isa) vec(i int) reg.Physical { return reg.Vector.Lookup(reg.Index(i), s.spec) }

// low returns the lowest 128 bits of vector register i.
func low(i int) reg.Physical { return reg.Vector.Lookup(reg.Index(i), reg.S128) }

// at is the memory at base plus disp bytes.
func at(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }
