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
//
// # Training graphs
//
// One training step is a graph too: forward, loss, backward and update, with
// the operations that ops_train.go lists.  The gradient pass makes it from a
// network's graph.  What the step changes stands in the graph's Updates: at the
// end of the run, and not before, each of these parameters takes the data of a
// node's result.  So a node that reads a weight reads the one that the step
// began with, wherever it stands, and a run on a copy of the parameters has no
// effects.  Class labels, the number of the step and the seed are i32, whose
// element type an operand of an op demands; the loss and the learning rate are
// scalars, with no axes.
//
// Which elements dropout_train zeroes depends on nothing but its seed, step and
// stream and the element's index i in row-major order (stochastic_depth_train:
// the image's), so that threads, another order of evaluation, recomputation and
// a resumed run all see the same mask, and the gradient is the same op on dy.
// With mix the finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014), its
// constant G = 0x9E3779B97F4A7C15 and arithmetic modulo 2^64,
//
//	key  = mix(mix(mix(seed+G) + step+G) + stream+G)
//	u    = mix(key + (i+1)*G) >> 40
//
// and the element is zero where u < p*2^24.
package ir
