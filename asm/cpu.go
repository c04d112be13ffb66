package asm

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Declarations and use of the CPU detection in the emitted Go file.
const (
	cpuDecl = `
// cpuid returns what the CPU says of itself under a leaf and subleaf.
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// xgetbv returns which register states the operating system saves.
func xgetbv() (eax, edx uint32)

// cpuLevel returns the highest level that the CPU and the operating system
// support, PureGo if they have neither AVX2 with FMA and F16C nor AVX-512.
func cpuLevel() Level {
	const (
		fma, osxsave, avx, f16c            = 1 << 12, 1 << 27, 1 << 28, 1 << 29 // leaf 1, ECX
		avx2                               = 1 << 5                             // leaf 7, EBX
		avx512f, avx512dq, avx512bw, avx512vl = 1 << 16, 1 << 17, 1 << 30, 1 << 31 // leaf 7, EBX
		ymmState                           = 1<<1 | 1<<2                        // XMM, YMM
		zmmState                           = ymmState | 1<<5 | 1<<6 | 1<<7      // opmask, ZMM0-15, ZMM16-31
	)
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return PureGo
	}
	_, _, ecx1, _ := cpuid(1, 0)
	if all := uint32(fma | osxsave | avx | f16c); ecx1&all != all {
		return PureGo
	}
	state, _ := xgetbv()
	_, ebx7, _, _ := cpuid(7, 0)
	if state&ymmState != ymmState || ebx7&avx2 == 0 {
		return PureGo
	}
	if all := uint32(avx512f | avx512dq | avx512bw | avx512vl); ebx7&all != all || state&zmmState != zmmState {
		return AVX2
	}
	return AVX512
}
`
)

// cpu adds the functions cpuid and xgetbv to the file that c builds.
func cpu(c *build.Context) {
	c.Function("cpuid")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)")
	c.Load(c.Param("leaf"), reg.EAX)
	c.Load(c.Param("subleaf"), reg.ECX)
	c.CPUID()
	c.Store(reg.EAX, c.Return("eax"))
	c.Store(reg.EBX, c.Return("ebx"))
	c.Store(reg.ECX, c.Return("ecx"))
	c.Store(reg.EDX, c.Return("edx"))
	c.RET()

	c.Function("xgetbv")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func() (eax, edx uint32)")
	c.MOVL(operand.U32(0), reg.ECX)
	c.XGETBV()
	c.Store(reg.EAX, c.Return("eax"))
	c.Store(reg.EDX, c.Return("edx"))
	c.RET()
}
