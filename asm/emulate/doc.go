// Package emulate runs amd64 kernels from their assembly text, on any machine.
//
// Its reason is AVX-512: many machines that resnetc is developed and tested on
// lack it, and so do QEMU and Valgrind.  Without this package nobody there
// would run those kernels before a user does.  The tests of gen/kernels send the
// kernels of levels that the CPU lacks through it, the same tests as natively;
// nothing but tests imports it.
//
//	file, err := emulate.Read("kernels_amd64.s")
//	program, err := file.Program("add_f32_b16_avx512", emulate.Levels["avx512"])
//	err = program.Run(unsafe.Pointer(&args))
//
// A kernel gets its one argument, a pointer, and works on the caller's memory,
// so that guard pages catch what they catch natively.  [Program.Compare] runs
// it natively too and wants the same bits in the same places: that is how the
// emulator is tested, with the AVX2 kernels on nearly every machine, and with
// those for AVX-512 on one that has it.
//
// # What it refuses
//
// Beside faults there are errors, with file, line and text, for what a CPU may
// let pass: an instruction or a form of one that is not in the table, or that
// the level does not have; reads of a register, of flags or of a byte of the
// frame that nothing has written; the stack beyond the frame and the arguments; a
// write to the arguments, SP or BP; a return while upper halves of vector
// registers are in use, without VZEROUPPER; and an endless loop.
//
// # What it computes
//
// Results have the bits of a CPU with Go's rounding and exception mode: fused
// multiply-adds round once, VMAXPS gives its second source where it cannot
// tell, and of several NaNs the one survives that Intel's manual says (Software
// Developer's Manual, volume 1, sections 4.8.3.5 and 14.5), which a Zen 3 does
// too.  There are no exceptions and there is no time: a prefetch does nothing,
// whatever its address.
//
// # To add an instruction
//
// Add a row to the table in table.go, with the features that its VEX and its
// EVEX encoding need and a builder, and to the tests a line with a result by
// hand.
package emulate
