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
// # Winograd's algorithm
//
// Transforms turn tiles of pixels, 16 channels at a time, into elements of as
// many matrices, and products of matrices into tiles of results, with the
// epilogue of a convolution.  The products are convolutions of 1x1.  Of stride 1
// winograd.go has Lavin and Gray's F(2×2, 3×3) and F(4×4, 3×3); polyphase_in
// and polyphase_out are those of two by two results with stride 2, whose derivation is
// in package passes.  On the way in a tile of 5×5 pixels becomes 25 elements by
// differences with the middle pixel, along both axes; on the way out 9 sums become 4
// results.  The 25 stores of the way in bound it: on Zen 4 they take as long as 50
// multiply-adds of a vector, and the products with 128 output channels 3200.
//
// stem_in and stem are F(4, 4) in one dimension, of which runtime/stem.go tells: the
// 28 sums of four tiles stay in AVX-512's registers from the first product to the
// transform back, with one load of weights for four multiply-adds that
// broadcast an input each.  On a Zen 4 a row of ResNet's stem takes 2.15 µs for 16
// output channels, with the products at 96 % of the peak, and 4.55 by direct convolution.  AVX2
// sums one element after another, and stores those before the last: 2.5 to 3.4 µs
// instead of 5.35.  NEON goes through the four vectors of the block, with the sums of
// all tiles.
//
// # Training
//
// [TrainKernels] and [EmitTrain] are the kernels that only training packages
// have, at the same levels.  A weight gradient keeps the products of 16 input
// with 16 output channels in registers over the pixels of some rows, from zero
// on, and adds them to memory at the end: one load of dy serves all multiply-adds
// of a pixel, whose other factor is the scalar operand, and short sums round
// less than one long one.  AVX2 and NEON, whose registers hold 6 of the 16 rows
// of sums, go over the pixels three times.
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
// Of a weight gradient's loop of five or six rows of sums, 20 or 24 multiply-adds
// in 28 or 32 instructions, both cores should reach the peak too (llvm-mca: 10.1
// cycles for N1 and N2 and 5.1 for V1, of 20 multiply-adds); the 12 sums of a
// stem's, of three input channels, are too few for four pipes, which they keep
// busy for 75 %.  The kernels of batch norm wait for memory: a round
// of two pixels of moments reads 128 bytes and takes 12 or 6 cycles, one of
// normalize moves 384 bytes in 24 or 10.
//
// Builders for arm64 stand beside those for amd64, on purpose: they share the
// plan, the registers' roles and the order of operations, but pairs of loads,
// elements as scalar operands, multiply-adds that overwrite their sum only, and
// masks without mask registers would make every line of a common description a
// choice.  One row of the table has both, and one test.
//
// # The same bits
//
// All levels add in the same order with the same fused operations, convolution
// as runtime/kernels.go says and the rest by construction, so a network's
// logits have the same bits with AVX2, AVX-512 and NEON; codegen's TestMachines
// holds them to it.  So do the losses, gradients and parameters of training, which
// TestMachinesTrain compares: Go fuses x*y + z on arm64, and on amd64 it does
// not, so code beside the kernels writes float64(x*y) + z, which runtime's
// TestNothingFused demands.  Not covered are the sign and payload of NaN; the
// pure-Go kernels, which are fused or not; math.Exp and math.Log, which are other
// ones on each architecture and may differ in the last bit of a float64 (a loss
// or its gradient, rounded to float32, then differs once in some hundred
// million times); and the preprocessing of pictures.
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
