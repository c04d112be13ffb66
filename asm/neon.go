package asm

import (
	"math"

	"github.com/resnetc/resnetc/asm/neon"
)

// neonArgs holds the pointer to a kernel's arguments, throughout the kernel.
const neonArgs = neon.X0

// neonScratch is scratch everywhere.
const neonScratch = neon.X26

// neonBuilder writes one NEON kernel.  Its methods are those of builder under
// the same names, where both have them.
type neonBuilder struct {
	*neon.Builder
	kernel Kernel
	layout map[string]int
}

// neonAssembly returns the assembly of NEON kernels.
func neonAssembly(_ string, kernels []Kernel) ([]byte, error) {
	functions, err := NEON(kernels)
	if err != nil {
		return nil, err
	}
	return neon.Print(header+"\n//go:build arm64 && !purego\n", functions)
}

// NEON returns the functions of NEON kernels, instruction by instruction.
func NEON(kernels []Kernel) ([]*neon.Function, error) {
	b := neon.New()
	for _, k := range kernels {
		typ, layout := argsType(k.Op)
		n := &neonBuilder{Builder: b, kernel: k, layout: layout}
		b.Func(k.Name, "a *"+typ, 8)
		b.Inst(neon.LoadArg, neonArgs, neon.Arg{Name: "a"})
		neonBuild(k)(n)
		b.Inst(neon.RET)
	}
	return b.Functions()
}

// neonBuild returns the builder of a row of the table.
func neonBuild(k Kernel) func(*neonBuilder) {
	for _, op := range ops {
		if op.name == k.Op && op.pixels == k.Pixels {
			return op.neon
		}
	}
	for _, op := range trainOps {
		if op.name == k.Op && op.n == k.Pixels {
			return op.neon
		}
	}
	return neonConv
}

// arg loads a field of the arguments.
func (b *neonBuilder) arg(field string, r neon.Reg) {
	offset, ok := b.layout[field]
	if !ok {
		b.Comment("no argument %s", field)
	}
	b.Inst(neon.LDR, r, neonArgs, offset)
}

// load moves 16*n floats from memory into registers first and up.
func (b *neonBuilder) load(first, n int, base neon.Reg, disp int) {
	for v := 0; v < 4*n; v += 2 {
		b.Inst(neon.LDPQ, neon.Vec(first+v), neon.Vec(first+v+1), base, disp+v*16)
	}
}

// store is the opposite of load.
func (b *neonBuilder) store(first, n int, base neon.Reg, disp int) {
	for v := 0; v < 4*n; v += 2 {
		b.Inst(neon.STPQ, neon.Vec(first+v), neon.Vec(first+v+1), base, disp+v*16)
	}
}

// zero clears a register.
func (b *neonBuilder) zero(v neon.Vec) { b.Inst(neon.MOVI, v, 0) }

// fill sets every lane of a register to x.
func (b *neonBuilder) fill(v neon.Vec, x float64) {
	bits := int(math.Float32bits(float32(x)))
	if low := bits & 0xffff; low == 0 {
		b.Inst(neon.MOVZHigh, neonScratch, bits)
	} else {
		b.Inst(neon.MOVZ, neonScratch, low)
		b.Inst(neon.MOVKHigh, neonScratch, bits>>16)
	}
	b.Inst(neon.DUP, v, neonScratch)
}

// floor sets a register to what results are clamped to: 0 under flagReLU, and
// otherwise -Inf, which changes nothing.
func (b *neonBuilder) floor(v neon.Vec) {
	b.fill(v, math.Inf(-1))
	b.arg("flags", neonScratch)
	b.Inst(neon.TBZ, neonScratch, bitReLU, neon.Label("linear"))
	b.zero(v)
	b.Label("linear")
}

// The bits of the flags.
const (
	bitReLU       = 0
	bitAccumulate = 1
	bitFromX      = 3
)

// clampTo sets dst to src where that is not less than floor, and elsewhere to
// 0: floor is 0 or -Inf.  FMAX would make +0 of -0.
func (b *neonBuilder) clampTo(dst, src, floor, mask neon.Vec) {
	b.Inst(neon.FCMGT, mask, floor, src)
	b.Inst(neon.BIC, dst, src, mask)
}

// pixels is a loop over a.pixels pixels, with a body for n at once and one for
// what is left; suffix tells their labels apart.
func (b *neonBuilder) pixels(left neon.Reg, n int, body func(n int, suffix string)) {
	b.arg("pixels", left)
	b.Inst(neon.SUBSImm, left, left, n)
	b.Inst(neon.BLT, neon.Label("rest"))
	b.Label("several")
	body(n, "")
	b.Inst(neon.SUBSImm, left, left, n)
	b.Inst(neon.BGE, neon.Label("several"))
	b.Label("rest")
	b.Inst(neon.ADDImm, left, left, n)
	b.Inst(neon.CBZ, left, neon.Label("done"))
	b.Label("single")
	body(1, "1")
	b.Inst(neon.SUBSImm, left, left, 1)
	b.Inst(neon.BGT, neon.Label("single"))
	b.Label("done")
}
