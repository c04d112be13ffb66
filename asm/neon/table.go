package neon

// Instruction is a row of the table: one form of an Arm instruction.
type Instruction struct {
	gnu    string // with variables
	base   uint32 // the encoding with all operands zero
	goasm  string // with the same variables; empty if Go's assembler lacks the form
	fields []string
}

// table holds all rows in their order below.
var table []*Instruction

// row adds an instruction to the table.
func row(gnu string, base uint32, goasm string) *Instruction {
	i := &Instruction{gnu: gnu, base: base, goasm: goasm, fields: variable.FindAllString(gnu, -1)}
	table = append(table, i)
	return i
}

// Instructions on general-purpose registers, and branches.
var (
	LoadArg = row("ldr Xd, [sp, #<arg>]", 0xf94003e0, "MOVD <arg>, Xd")

	ADD      = row("add Xd, Xn, Xm", 0x8b000000, "ADD Xm, Xn, Xd")
	ADDImm   = row("add Xd, Xn, #<imm12>", 0x91000000, "ADD $<imm12>, Xn, Xd")
	MADD     = row("madd Xd, Xn, Xm, Xa", 0x9b000000, "MADD Xm, Xa, Xn, Xd")
	MUL      = row("mul Xd, Xn, Xm", 0x9b007c00, "MUL Xm, Xn, Xd")
	ADDShift = row("add Xd, Xn, Xm, lsl #<shift>", 0x8b000000, "ADD Xm<<<shift>, Xn, Xd")
	LDR      = row("ldr Xd, [Xn, #<off8>]", 0xf9400000, "MOVD <off8>(Xn), Xd")
	MOV      = row("mov Xd, Xm", 0xaa0003e0, "MOVD Xm, Xd")
	MOVZ     = row("mov Xd, #<imm16>", 0xd2800000, "MOVZ $<imm16>, Xd")
	MOVKHigh = row("movk Xd, #<imm16>, lsl #16", 0xf2a00000, "MOVK $(<imm16><<16), Xd") // keeps the rest
	MOVZHigh = row("mov Xd, #<high>", 0xd2a00000, "MOVZ $<high>, Xd")
	SUB      = row("sub Xd, Xn, Xm", 0xcb000000, "SUB Xm, Xn, Xd")
	SUBImm   = row("sub Xd, Xn, #<imm12>", 0xd1000000, "SUB $<imm12>, Xn, Xd")
	SUBSImm  = row("subs Xd, Xn, #<imm12>", 0xf1000000, "SUBS $<imm12>, Xn, Xd")
	CMP      = row("cmp Xn, Xm", 0xeb00001f, "CMP Xm, Xn")
	CMPImm   = row("cmp Xn, #<imm12>", 0xf100001f, "CMP $<imm12>, Xn")

	B    = row("b <label26>", 0x14000000, "B <label26>")
	BEQ  = row("b.eq <label19>", 0x54000000, "BEQ <label19>")
	BNE  = row("b.ne <label19>", 0x54000001, "BNE <label19>")
	BGE  = row("b.ge <label19>", 0x5400000a, "BGE <label19>")
	BLT  = row("b.lt <label19>", 0x5400000b, "BLT <label19>")
	BGT  = row("b.gt <label19>", 0x5400000c, "BGT <label19>")
	BLE  = row("b.le <label19>", 0x5400000d, "BLE <label19>")
	CBZ  = row("cbz Xd, <label19>", 0xb4000000, "CBZ Xd, <label19>")
	CBNZ = row("cbnz Xd, <label19>", 0xb5000000, "CBNZ Xd, <label19>")
	TBZ  = row("tbz Wd, #<bit>, <label14>", 0x36000000, "TBZ $<bit>, Wd, <label14>")
	TBNZ = row("tbnz Wd, #<bit>, <label14>", 0x37000000, "TBNZ $<bit>, Wd, <label14>")
	RET  = row("ret", 0xd65f03c0, "RET")
)

// Loads and stores of vector registers.
var (
	LDRQ  = row("ldr Qd, [Xn, #<off16>]", 0x3dc00000, "FMOVQ <off16>(Xn), Qd")
	LDRD  = row("ldr Dd, [Xn, #<off8>]", 0xfd400000, "FMOVD <off8>(Xn), Dd")
	LDRS  = row("ldr Sd, [Xn, #<off4>]", 0xbd400000, "FMOVS <off4>(Xn), Sd")
	LDURQ = row("ldur Qd, [Xn, #<near16>]", 0x3cc00000, "FMOVQ <near16>(Xn), Qd")
	LDURD = row("ldur Dd, [Xn, #<near8>]", 0xfc400000, "FMOVD <near8>(Xn), Dd")
	STRQ  = row("str Qd, [Xn, #<off16>]", 0x3d800000, "FMOVQ Qd, <off16>(Xn)")
	STRQX = row("str Qd, [Xn, Xm]", 0x3ca06800, "")
	LDRQX = row("ldr Qd, [Xn, Xm]", 0x3ce06800, "")
	STRS  = row("str Sd, [Xn, #<off4>]", 0xbd000000, "FMOVS Sd, <off4>(Xn)")
	LDPQ  = row("ldp Qd, Qa, [Xn, #<pair>]", 0xad400000, "FLDPQ <pair>(Xn), (Qd, Qa)")
	STPQ  = row("stp Qd, Qa, [Xn, #<pair>]", 0xad000000, "FSTPQ (Qd, Qa), <pair>(Xn)")
	PRFM  = row("prfm pldl1keep, [Xn, #<off8>]", 0xf9800000, "PRFM <off8>(Xn), PLDL1KEEP") // to read
	PRFMW = row("prfm pstl1keep, [Xn, #<off8>]", 0xf9800010, "PRFM <off8>(Xn), PSTL1KEEP") // to write
	LD1R  = row("ld1r {Vd.4s}, [Xn]", 0x4d40c800, "VLD1R (Xn), [Vd.S4]")
)

// Moves and bitwise operations.
var (
	MOVI    = row("movi Vd.16b, #<imm8>", 0x4f00e400, "VMOVI $<imm8>, Vd.B16")
	MOVV    = row("mov Vd.16b, Vs.16b", 0x4ea01c00, "VMOV Vs.B16, Vd.B16")
	DUP     = row("dup Vd.4s, Wn", 0x4e040c00, "VDUP Wn, Vd.S4")
	DUPLane = row("dup Vd.4s, Vn.s[<index>]", 0x4e040400, "VDUP Vn.S[<index>], Vd.S4")
	AND     = row("and Vd.16b, Vn.16b, Vm.16b", 0x4e201c00, "VAND Vm.B16, Vn.B16, Vd.B16")
	BIC     = row("bic Vd.16b, Vn.16b, Vm.16b", 0x4e601c00, "")
	ORR     = row("orr Vd.16b, Vn.16b, Vm.16b", 0x4ea01c00, "VORR Vm.B16, Vn.B16, Vd.B16")
	EOR     = row("eor Vd.16b, Vn.16b, Vm.16b", 0x6e201c00, "VEOR Vm.B16, Vn.B16, Vd.B16")
	BSL     = row("bsl Vd.16b, Vn.16b, Vm.16b", 0x6e601c00, "VBSL Vm.B16, Vn.B16, Vd.B16")
	BIT     = row("bit Vd.16b, Vn.16b, Vm.16b", 0x6ea01c00, "VBIT Vm.B16, Vn.B16, Vd.B16")
	BIF     = row("bif Vd.16b, Vn.16b, Vm.16b", 0x6ee01c00, "VBIF Vm.B16, Vn.B16, Vd.B16")
)

// Interleaving the lower, or upper, halves of vectors: elements, or pairs of them.
var (
	ZIP1     = row("zip1 Vd.4s, Vn.4s, Vm.4s", 0x4e803800, "VZIP1 Vm.S4, Vn.S4, Vd.S4")
	ZIP2     = row("zip2 Vd.4s, Vn.4s, Vm.4s", 0x4e807800, "VZIP2 Vm.S4, Vn.S4, Vd.S4")
	ZIP1Pair = row("zip1 Vd.2d, Vn.2d, Vm.2d", 0x4ec03800, "VZIP1 Vm.D2, Vn.D2, Vd.D2")
	ZIP2Pair = row("zip2 Vd.2d, Vn.2d, Vm.2d", 0x4ec07800, "VZIP2 Vm.D2, Vn.D2, Vd.D2")
)

// Arithmetic on four float32s.
var (
	FADD     = row("fadd Vd.4s, Vn.4s, Vm.4s", 0x4e20d400, "")
	FSUB     = row("fsub Vd.4s, Vn.4s, Vm.4s", 0x4ea0d400, "")
	FMUL     = row("fmul Vd.4s, Vn.4s, Vm.4s", 0x6e20dc00, "")
	FMULLane = row("fmul Vd.4s, Vn.4s, Vm.s[<lane>]", 0x4f809000, "")
	FDIV     = row("fdiv Vd.4s, Vn.4s, Vm.4s", 0x6e20fc00, "")
	FSQRT    = row("fsqrt Vd.4s, Vn.4s", 0x6ea1f800, "")
	FMAX     = row("fmax Vd.4s, Vn.4s, Vm.4s", 0x4e20f400, "")
	FMIN     = row("fmin Vd.4s, Vn.4s, Vm.4s", 0x4ea0f400, "")
	FMLA     = row("fmla Vd.4s, Vn.4s, Vm.4s", 0x4e20cc00, "VFMLA Vm.S4, Vn.S4, Vd.S4")
	FMLALane = row("fmla Vd.4s, Vn.4s, Vm.s[<lane>]", 0x4f801000, "")
	FMLS     = row("fmls Vd.4s, Vn.4s, Vm.4s", 0x4ea0cc00, "VFMLS Vm.S4, Vn.S4, Vd.S4")
	FMLSLane = row("fmls Vd.4s, Vn.4s, Vm.s[<lane>]", 0x4f805000, "")
	FCMEQ    = row("fcmeq Vd.4s, Vn.4s, Vm.4s", 0x4e20e400, "")
	FCMGE    = row("fcmge Vd.4s, Vn.4s, Vm.4s", 0x6e20e400, "")
	FCMGT    = row("fcmgt Vd.4s, Vn.4s, Vm.4s", 0x6ea0e400, "")
	FCMLE0   = row("fcmle Vd.4s, Vn.4s, #0.0", 0x6ea0d800, "")
	FCMLT0   = row("fcmlt Vd.4s, Vn.4s, #0.0", 0x4ea0e800, "")
)

// Conversions, and dot products of int8 (FEAT_DotProd).
var (
	SCVTF    = row("scvtf Vd.4s, Vn.4s", 0x4e21d800, "")
	FCVTNS   = row("fcvtns Vd.4s, Vn.4s", 0x4e21a800, "")
	FCVTL    = row("fcvtl Vd.4s, Vn.4h", 0x0e217800, "")
	FCVTL2   = row("fcvtl2 Vd.4s, Vn.8h", 0x4e217800, "")
	SQXTN    = row("sqxtn Vd.4h, Vn.4s", 0x0e614800, "")
	SQXTN2   = row("sqxtn2 Vd.8h, Vn.4s", 0x4e614800, "")
	SDOT     = row("sdot Vd.4s, Vn.16b, Vm.16b", 0x4e809400, "")
	SDOTLane = row("sdot Vd.4s, Vn.16b, Vm.4b[<lane>]", 0x4f80e000, "")
)
