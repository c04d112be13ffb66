package emulate

// row is an instruction: the features that its VEX and EVEX encodings need,
// as far as it has them, and what translates it, into nil if operands are such as it
// does not know.
type row struct {
	vex, evex Feature
	build     func(*form) func(*machine)
}

// table has the instructions that kernels may use.
var table = map[string]row{
	"MOVQ":       {build: moveQuad},
	"MOVL":       {build: moveLong},
	"LEAQ":       {build: loadAddress},
	"ADDQ":       {build: accumulate((*machine).sum)},
	"SUBQ":       {build: accumulate((*machine).difference)},
	"DECQ":       {build: decrement},
	"IMUL3Q":     {build: multiply},
	"CMPQ":       {build: compareQuad},
	"TESTQ":      {build: test},
	"PREFETCHT0": {build: prefetch},
	"PREFETCHT1": {build: prefetch},

	"JMP": {build: jump(nil)},
	"JE":  {build: jump(func(m *machine) bool { return m.result == 0 })},
	"JNE": {build: jump(func(m *machine) bool { return m.result != 0 })},
	"JL":  {build: jump(func(m *machine) bool { return m.less() })},
	"JLT": {build: jump(func(m *machine) bool { return m.less() })},
	"JGE": {build: jump(func(m *machine) bool { return !m.less() })},
	"JLE": {build: jump(func(m *machine) bool { return m.result == 0 || m.less() })},
	"JG":  {build: jump(func(m *machine) bool { return m.result != 0 && !m.less() })},
	"RET": {build: leave},

	"VMOVUPS":      {AVX, AVX512F, move(false)},
	"VMOVAPS":      {AVX, AVX512F, move(true)},
	"VMOVSS":       {AVX, AVX512F, moveFloat},
	"VMOVD":        {AVX, AVX512F, moveInteger},
	"VBROADCASTSS": {AVX2, AVX512F, broadcast},
	"VCVTPH2PS":    {F16C, AVX512F, convertHalf},
	"VEXTRACTF128": {AVX, 0, extract},
	"VZEROUPPER":   {AVX, 0, upperZero},

	"VADDPS": {AVX, AVX512F, arithmetic(func(x, y float32) float32 { return x + y })},
	"VSUBPS": {AVX, AVX512F, arithmetic(func(x, y float32) float32 { return x - y })},
	"VMULPS": {AVX, AVX512F, arithmetic(func(x, y float32) float32 { return x * y })},
	"VMAXPS": {AVX, AVX512F, lanewise(larger)},

	"VFMADD132PS":  {FMA, AVX512F, multiplyAdd(1, 3, 2, fma)},
	"VFMADD213PS":  {FMA, AVX512F, multiplyAdd(2, 1, 3, fma)},
	"VFMADD231PS":  {FMA, AVX512F, multiplyAdd(2, 3, 1, fma)},
	"VFMSUB132PS":  {FMA, AVX512F, multiplyAdd(1, 3, 2, fms)},
	"VFMSUB213PS":  {FMA, AVX512F, multiplyAdd(2, 1, 3, fms)},
	"VFMSUB231PS":  {FMA, AVX512F, multiplyAdd(2, 3, 1, fms)},
	"VFNMADD132PS": {FMA, AVX512F, multiplyAdd(1, 3, 2, fnma)},
	"VFNMADD213PS": {FMA, AVX512F, multiplyAdd(2, 1, 3, fnma)},
	"VFNMADD231PS": {FMA, AVX512F, multiplyAdd(2, 3, 1, fnma)},
	"VFNMSUB132PS": {FMA, AVX512F, multiplyAdd(1, 3, 2, fnms)},
	"VFNMSUB213PS": {FMA, AVX512F, multiplyAdd(2, 1, 3, fnms)},
	"VFNMSUB231PS": {FMA, AVX512F, multiplyAdd(2, 3, 1, fnms)},

	"VANDPS":    {AVX, AVX512DQ, bitwise(func(x, y uint32) uint32 { return x & y })},
	"VORPS":     {AVX, AVX512DQ, bitwise(func(x, y uint32) uint32 { return x | y })},
	"VXORPS":    {AVX, AVX512DQ, bitwise(func(x, y uint32) uint32 { return x ^ y })},
	"VPXORD":    {0, AVX512F, bitwise(func(x, y uint32) uint32 { return x ^ y })},
	"VCMPPS":    {AVX, AVX512F, compareLanes},
	"VBLENDVPS": {AVX, 0, blend},
	"KORW":      {0, AVX512F, orMasks},

	"VPERMILPS":   {AVX, AVX512F, shuffle(immAndOne, permute)},
	"VUNPCKLPS":   {AVX, AVX512F, shuffle(twoSources, unpackLow)},
	"VUNPCKHPS":   {AVX, AVX512F, shuffle(twoSources, unpackHigh)},
	"VUNPCKLPD":   {AVX, AVX512F, shuffle(twoSources, unpackLowTwo)},
	"VUNPCKHPD":   {AVX, AVX512F, shuffle(twoSources, unpackHighTwo)},
	"VPALIGNR":    {AVX2, AVX512BW, shuffle(immAndTwo, align)},
	"VINSERTF128": {AVX, 0, shuffle(immAndNarrow, insert)},
	"VSHUFF32X4":  {0, AVX512F, shuffle(immAndWide, shuffleQuarters)},
}
