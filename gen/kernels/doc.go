// Package kernels holds every kernel that package asm can write, beside the
// pure-Go kernels of package runtime, and the tests and benchmarks of both.
//
// contract.go, generic.go and winograd_generic.go are kernels.go,
// kernels_generic.go and winograd_generic.go of package runtime under another
// package clause.
//
// Every test runs at every level: natively where the CPU has it and else, if it
// is one of amd64's, by the emulator in asm/emulate, which executes the text of
// the .s file.  So AVX-512 is tested on every amd64 machine.  Kernels that run
// natively run once more by the emulator, and must give the same bits: the
// subtests ending in _emulated are the emulator's own test.  A new row in asm's
// tables needs nothing here, and in the emulator at most a new instruction.
package kernels

//go:generate go run ../../asm/internal/genkernels -o . -runtime ../../runtime

// block is the number of channels that a blocked activation stores together,
// as in runtime/program.go.
const block = 16
