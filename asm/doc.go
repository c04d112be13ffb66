// Package asm writes the assembly micro-kernels of generated packages.
//
// [Kernels] is the table of all kernels: one row each, made of an operation, an
// instruction-set level and, for a convolution, the way it steps over its input
// and the tile that it keeps in registers.  [Emit] turns any choice of rows
// into the files of a Go package: the assembly, the Go declarations, and the
// function that tells the runtime which kernels this CPU can run.
//
// The kernels know nothing of networks.  What they compute and how their
// arguments lie in memory is the contract in runtime/kernels.go, whose struct
// offsets layout.go repeats; gen/kernels, a checked-in package of every kernel
// in the table, tests both against the pure-Go kernels of package runtime.
//
// # Convolution
//
// A convolution kernel is register-tiled (Georganas et al., "Anatomy of
// High-Performance Deep Learning Convolutions on SIMD Architectures", 2018): a
// tile of pixels by blocks of 16 output channels stays in accumulators over
// the whole reduction, so that outputs are written once, after bias, residual
// and ReLU.  Each step loads 16 weights per block and multiplies them by one
// input value per pixel.  There is no gather and no im2col: a window is three
// strides.
//
// # Training
//
// [TrainKernels] and [EmitTrain] are the kernels that only training packages
// have, for amd64.  A weight gradient keeps the products of 16 input with 16
// output channels in registers over the pixels of some rows, from zero on, and
// adds them to memory at the end: one load of dy serves 16 multiply-adds, which
// broadcast their other factor, and short sums round less than one long one.
//
// # NEON
//
// NEON takes one factor of a multiply-add from an element of a register: the
// scalar operand that amd64 broadcasts from memory.  One load of four channels
// of a pixel serves four steps of the reduction, and of a planar input one load
// serves up to four pixels.  A block of 16 channels is four registers, so the
// largest tile, 6x16, has 24 sums, 6 inputs and 2 registers of weights.
//
// Its inner loop has 122 instructions for 96 multiply-adds of four lanes, 0.16 a
// FLOP, and 22 loads.  A Cortex-A76 or Neoverse-N1 decodes 4 instructions and
// begins 2 vector instructions and 2 loads in a cycle: 30.5, 48 and 11 cycles.
// An Apple M1 (8, 4 and 3) needs 15.3, 24 and 7.3.  So the vector pipes bound it
// on both, and their peak is what it should reach, 16 and 32 FLOPs a cycle;
// LLVM 19's llvm-mca agrees, with 48.1 cycles for N1 and N2 and 24.1 for V1.
// Tiles below 4x16 or 2x32 have too few sums to cover the latency of 4 cycles
// on four pipes.  asm/internal/neoncost counts every loop and names its sources:
//
//	go run ./asm/internal/neoncost
//
// # The same bits
//
// All levels add in the same order with the same fused operations, convolution
// as runtime/kernels.go says and the rest by construction, so a network's
// logits have the same bits with AVX2, AVX-512 and NEON; codegen's TestMachines
// holds them to it.  Not covered are the sign and payload of NaN, the pure-Go
// kernels (Go fuses x*y+z on arm64, and on amd64 it does not), and Go code
// beside the kernels that rounds: softmax, whose math.Exp is another one on
// each architecture, and the preprocessing of pictures.
//
// # Registers
//
// Kernels use physical registers only.  avo would give virtual ones numbers
// above 15, which AVX2 does not have, without saying so.
//
// # Preemption
//
// No kernel can be preempted: they are leaves that check no stack.  A caller must
// keep one call well under a millisecond, and call from a function that has a
// preemption point.
package asm
