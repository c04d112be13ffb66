// Package codegen turns an optimized graph into a standalone Go package.
//
// [Generate] lowers the graph to a runtime.Program, packs the weights, picks
// the micro-kernels for each instruction set and returns the package as
// [Files], a pure value: the same graph and options give the same bytes on any
// machine.  [Files.Write] puts them on disk last.
//
// The package consists of
//
//   - the sources of package runtime with another package clause,
//   - model.go, the program: a table with one row per layer, and New,
//   - the assembly kernels that this network needs, each emitted once,
//   - the packed weights, embedded or as a file of their own,
//   - an example, a self-test and a benchmark.
//
// Passes have chosen algorithm, layout and memory by the time a graph comes
// here; this package chooses tiles.  What each op becomes is one row in the
// table lowerings.
//
// # Training
//
// [GenerateTrain] does the same for the graph of a training step; ops that
// differ have a row in the table trainLowerings.  Weights, their gradients and
// what the optimizer keeps lie packed as the kernels want weights, and updates,
// which go element by element, need not know.  The gradient of a convolution's
// input is a convolution with turned weights, or under a stride several, one
// for each turn of the pixels, which the forward kernels compute.  Neighbouring
// nodes share a row where that saves a walk through memory: see trainFusions.
package codegen
