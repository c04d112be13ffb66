// Package neon is a small assembler for the 64-bit Arm instructions that the
// kernels use, NEON above all.
//
// Go's assembler lacks many NEON instructions, multiply-add by element among
// them, and avo has no arm64.  Here every instruction is a row of one table
// (table.go) with its GNU text, its encoding and, where Go's assembler has the
// form, its Go text.  A [Builder] collects instructions, in the operand order
// of the Arm manuals, and checks their operands; [Print] writes the functions in
// Go's syntax, and as a WORD what Go's assembler does not know:
//
//	b := neon.New()
//	b.Func("double", "x *float32", 8)
//	b.Inst(neon.LoadArg, neon.X0, neon.Arg{Name: "x"})
//	b.Inst(neon.LDRQ, neon.Vec(0), neon.X0, 0)
//	b.Inst(neon.FADD, neon.Vec(0), neon.Vec(0), neon.Vec(0))
//	b.Inst(neon.STRQ, neon.Vec(0), neon.X0, 0)
//	b.Inst(neon.RET)
//
// Newer Go releases learn more instructions; a WORD remains valid in all.
//
// Functions are leaves without a frame, so each instruction is one word, and
// [Function.Encode] knows every address.  The encodings and texts are from the
// Arm Architecture Reference Manual for A-profile (DDI 0487), and the tests
// have three witnesses for every row: LLVM's assembler (testdata/llvm.txt),
// the disassembler golang.org/x/arch where it knows the instruction, and Go's
// own assembler for what is printed.
package neon
