// Package reference runs a graph the way a careful Go program without a
// compiler would: each convolution as im2col and one matrix multiplication by
// gonum's BLAS, everything else as plain loops.  It is what resnetc bench measures
// the generated code against, and shares nothing with it but the graph.
//
// Only the multiplications use more than one thread.
//
// It takes a graph after any pass: fused epilogues are computed in the same
// walk over the result that a fused implementation makes, layouts and halos are
// ignored, every activation is a row-major N,C,H,W array.
package reference
