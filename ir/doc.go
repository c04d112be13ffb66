// Package ir represents a network: a graph of operations over typed values.
//
// A [Graph] is in single-assignment form.  Its inputs and parameters are
// values that no node defines; every [Node] reads operands and defines one or
// more results; nodes stand in topological order.  What an operation takes and
// how it infers its result's type stands in one row of the table [Ops].
//
// Axis order is always logical NCHW (images), OIHW (convolution weights) and
// NC (vectors), whatever the layout in memory: a [Layout] is an annotation on
// a [Type] that tells code generation how to store the value, and never
// changes what a node computes.  So the reference interpreter in ir/interp can
// run the graph after any pass, and a pass proves itself by running it before
// and after.
//
// [Fprint] writes a graph as text and [Parse] reads it; [Verify] checks its
// constraints, which errors cite by number (graph/V4, conv2d/C6).
//
// The batch is chosen when the network runs: the first axis of every
// activation is [Batch].  All other sizes are known at compile time.
package ir
