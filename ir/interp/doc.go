// Package interp runs a graph the naive way: it is the definition of what a
// network computes, which passes and generated code are compared with.
//
// Tensors are float64 and row-major in logical order (NCHW); layouts, halos and
// offsets of the graph are ignored.  There is one function per op, in the table
// kernels, each one written to be read.  Conventions are PyTorch's: padding
// that a convolution reads is zero, padding that a maximum reads is -Inf, an
// average divides by the part of its window inside the padded input (or, without
// count_include_pad, inside the input).  NaN in gives NaN out, of relu, softmax
// and pools too.
//
// A training graph changes parameters.  [State] holds them in float64 between
// runs, so that steps follow one another without a rounding to float32:
//
//	state := map[string]*interp.Tensor{} // empty: the graph's own data
//	for step := range steps {
//		out, err := interp.Run(g, inputs(step), interp.State(state))
//		…
//	}
package interp
