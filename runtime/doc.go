// Package runtime is the hand-written part of every package that resnetc
// generates.
//
// The compiler embeds these sources, rewrites the package clause and puts them
// beside the generated [Program], the packed weights and the assembly kernels
// that one network needs.  So the exported names here are the public API of
// every generated package, and everything here imports the standard library
// only.
//
// The network itself is data: a table of [Layer] values that a [Workspace]
// walks through, each layer split into tasks that a small pool of threads
// shares.  All arithmetic is in kernels, micro-kernels over tiles of pixels and
// blocks of 16 channels, with one set for each instruction-set [Level] and a
// pure-Go twin of each kernel.
//
// A [Trainer] walks through a [TrainProgram] in the same way: one step of
// training, with the convolutions' own kernels for both ways and some more.
// Its files, train_*.go, are part of training packages only.  The order of every
// sum depends on the layer and the batch, never on threads, so that a step has
// the same bits for any number of them; sums over pixels are taken in pieces,
// and those added up in float64 where they are statistics.
//
// Activations and sums are float32.  Weights are float32 too, or half precision
// (IEEE 754 binary16, [Layer].Half), which kernels convert where they use them:
// a run for one image waits for the weights of its late layers to come from
// memory, and those are half as many bytes.
package runtime
