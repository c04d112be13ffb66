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
