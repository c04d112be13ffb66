package asm

import (
	"go/token"
	"go/types"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// args holds the pointer to a kernel's arguments, throughout the kernel.
var args = reg.RDI

// builder writes one kernel.
type builder struct {
	*build.Context
	isa    *isa
	kernel Kernel
	layout map[string]int
}

// kernel adds a kernel to the file that c builds.
func kernel(c *build.Context, k Kernel, level *isa, build func(*builder)) {
	typ, layout := argsType(k.Op)
	b := &builder{Context: c, isa: level, kernel: k, layout: layout}
	b.Function(k.Name)
	b.Attributes(attr.NOSPLIT)
	b.Signature(signature(typ))
	b.MOVQ(operand.NewParamAddr("a", 0), args)
	build(b)
	b.VZEROUPPER()
	b.RET()
}

// signature is func(a *typ), for a type that only the target package declares.
func signature(typ string) *gotypes.Signature {
	pkg := types.NewPackage("", "")
	named := types.NewNamed(types.NewTypeName(token.NoPos, pkg, typ, nil), types.NewStruct(nil, nil), nil)
	param := types.NewVar(token.NoPos, pkg, "a", types.NewPointer(named))
	return gotypes.NewSignature(pkg, types.NewSignatureType(nil, nil, nil, types.NewTuple(param), nil, false))
}

// arg is the memory of a field of the arguments.
func (b *builder) arg(field string) operand.Mem {
	offset, ok := b.layout[field]
	if !ok {
		b.Commentf("no argument %s", field)
	}
	return at(args, offset)
}

// load moves 16*n floats from memory into registers first and up.
func (b *builder) load(first, n int, m operand.Mem) {
	for v := range n * b.isa.vectors() {
		b.VMOVUPS(m.Offset(v*b.isa.bytes()), b.isa.vec(first+v))
	}
}

// store is the opposite of load.
func (b *builder) store(first, n int, m operand.Mem) {
	for v := range n * b.isa.vectors() {
		b.VMOVUPS(b.isa.vec(first+v), m.Offset(v*b.isa.bytes()))
	}
}

// zero clears register i.
func (b *builder) zero(i int) {
	r := b.isa.vec(i)
	if b.isa.avx512() {
		b.VPXORD(r, r, r)
	} else {
		b.VXORPS(r, r, r)
	}
}

// fill sets every lane of register i to x.
func (b *builder) fill(i int, x float64) {
	b.MOVL(operand.U32(math.Float32bits(float32(x))), reg.EAX)
	b.VMOVD(reg.EAX, low(i))
	b.VBROADCASTSS(low(i), b.isa.vec(i))
}

// clampTo raises register i to at least register floor.  VMAXPS gives its last
// source, Go's first, when one is NaN and when both are zero: so NaN and -0
// stay as they are.
func (b *builder) clampTo(floor, i int) {
	b.VMAXPS(b.isa.vec(i), b.isa.vec(floor), b.isa.vec(i))
}
