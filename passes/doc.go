// Package passes rewrites a graph, step by step, into the form that code
// generation lowers.
//
// [Table] is the pipeline; [Run] walks through it and verifies the graph after
// every pass.  No pass changes what the graph computes, but for roundings:
// tests run the reference interpreter before and after each of them.
//
//	pass              what it does
//	dead-code         drops nodes, and parameters, that no output needs
//	remove-identity   drops dropout, idle reorders and repeated flattens
//	fold-constants    evaluates nodes that read parameters only
//	fold-batchnorm    multiplies a batch norm into the convolution or linear before it
//	lower-batchnorm   turns the batch norms that are left into x*scale+bias
//	fuse-add          moves an addition into the convolution that defines an operand
//	fuse-relu         moves a ReLU into the node that defines its operand
//	merge-groups      widens convolution groups to whole channel blocks, or to 4 or 8
//	subsample         takes the pixels that strided 1x1 convolutions read out of their input
//	choose-algorithm  decides how each convolution is computed
//	layout            stores activations as NCHW16c with a halo for their readers
//	pair-training     moves batch norms of a training step next to the additions that read them
//	recompute         computes values of a training step again instead of keeping them, to fit a memory limit
//	plan-memory       gives every activation its place in one arena
//
// # Conventions
//
// A pass works in place, visits nodes in graph order and never ranges over a
// map, so that equal graphs give equal results.  A value that a pass makes
// superfluous takes the parameters that only it read along, so no pass leaves
// dead code behind.  Graph outputs keep their names: the name is what a caller
// of the graph knows.  All other values may be renamed or vanish.
//
// Passes that compute parameters do so in float64 and round once to float32.
// They work on graphs without weights too, and then the new parameters have no
// data.
//
// # Algorithms
//
// choose-algorithm knows six ways to compute a convolution; [ir.Algorithms] has
// their counts.
//
//   - direct: the sums as they are defined, in some order.
//   - winograd2 and winograd4: F(2×2, 3×3) and F(4×4, 3×3) of Lavin and Gray
//     (arXiv 1509.09308), with 16 and 36 products for 36 and 144.
//   - polyphase2: two by two results of a 3x3 convolution with stride 2, with 25
//     products for 36.
//   - stem4: four results of a row of a 7x7 convolution with stride 2 of planar
//     input, by F(4, 4) along the row, with 91 products for 196.
//   - strassen: a 1x1 convolution as a product of matrices by a level of Strassen's
//     algorithm, with 7 products for 8.
//
// Where tiles reach beyond the result, the last row or column of their elements
// serves nothing but what is cut off, and is not multiplied: of 7x7 results
// F(4×4, 3×3) takes 11×11 products and not 12×12, F(2×2, 3×3) 15×15 and not 16×16.
//
// polyphase2 splits the kernel by the parity of its taps into convolutions
// without stride, as Huang et al. do ("DWM: A Decomposable Winograd Method for
// Convolution Acceleration", arXiv 2002.00552).  In one dimension y0 and y1 are
//
//	x0 w0 + x2 w2 + x1 w1
//	x2 w0 + x4 w2 + x3 w1
//
// of which F(2, 2) takes the even pixels with three products:
//
//	m1 = (x0-x2) w0    m2 = x2 (w0+w2)    m3 = (x4-x2) w2
//	y0 = m1 + m2       y1 = m2 + m3
//
// The odd pixels' products are each wanted in one result only.  m1 is wanted in
// y0 only and m3 in y1 only, so x1 w1 joins m1 and x3 w1 joins m3, which are sums
// over the channels anyway: nothing but longer sums, no transform back of their
// own.  In two dimensions that makes 3×3 sums over 4, 2 or 1 times the channels,
// 25 in all, with 16 different weights, and transforms that only add, which
// rounds hardly more than direct convolution.
//
// stem4 splits the taps of a row in the same way, into four of one phase and three of
// the other, which F(4, 4) computes at the points 0, ±1, ±2, 1/2 and infinity.  Both have
// the same transform back, so their products are summed together, with those of all
// rows and channels.  A filter of three taps is one of four with a last one of 0, and
// has no product at infinity, so 13 are left of 14.  In one dimension only, it
// rounds about twice as much as direct convolution of white noise and no more of smooth
// images, whose transforms are small.
//
// strassen halves input and output channels, and the rows of an image, so that
// results do not depend on the batch.  Winograd's form of it has 15 additions: 4
// of weights, made when they are packed, 4 of pixels, and 7 of products, most of
// which are part of a kernel's beginning or end.  It pays from some 128 channels
// on.  Weights in half precision rule it out: its result is right because
// combinations of weights cancel each other, and weights rounded that much do not.
//
// # Training
//
// [Gradient] makes a network's graph into that of a training step, before the
// passes above: forward, loss, backward and the update of every parameter.  It
// walks the nodes from the last to the first and applies one rule per op, from
// the table gradients.  Only gradients on the way to a parameter are made, so
// none for the images.  All updates stand behind the last gradient, in the
// order of the parameters.
//
// The rules keep close to what is in memory anyway: relu's needs only its
// result, which its reader needs too; batch norm's needs its input and the two
// statistics; dropout's computes the mask again from the counter; an addition
// passes its gradient on without a copy.
//
// The parameters that a graph updates are no constants: a pass that computes
// parameters from parameters leaves them alone.  layout and plan-memory store
// what each image has, activations and their gradients, with the halos that the
// convolutions of both ways read; what has no batch axis, gradients of weights,
// statistics and scalars, is left to code generation.
//
// A step changes its weights, so it transforms them itself where Winograd's
// algorithm takes part: gradients of inputs by F(2×2, 3×3), the way forward from
// 64 channels on, and gradients of weights by its transpose, from 64 on too.
// Options.Fast lets F(4×4, 3×3) join in everywhere; polyphase2, stem4 and strassen
// never do.
//
// # Less memory
//
// With Options.Memory the pass recompute cuts the way to the loss into segments,
// at places that few values cross.  Of each segment it keeps all that the way
// back reads, or the results of convolutions only, or nothing but what the next
// segment reads; the rest runs again, once, right before the way back needs it,
// in nodes called NAME.again.  A search over all such plans finds the one with the
// least time of recomputation.  A batch norm that runs again takes the statistics
// of the first time, and nothing averages them twice; dropout draws the same
// numbers.  Which nodes share a sweep does not depend on the plan, so every
// result has the same bits with and without recomputation.
//
// # The form after the last pass
//
//   - Graph inputs are dense NCHW, the caller's memory, and only reorder nodes
//     read them.
//   - A convolution with one group and at most [StemChannels] channels reads a
//     graph input through a reorder to planar NCHW; its halo is the largest
//     padding of all such convolutions.
//   - All other activations are NCHW16c.  The halo of a rank-4 value is what
//     the convolutions that read it need, their padding and what whole tiles of
//     Winograd's algorithm reach beyond it; pooling clips its windows at the
//     border instead.
//   - Flatten is an alias: it shares its operand's place.  Of one pixel a
//     channel, it reads NCHW16c without halo.  Of more, it reads the result of
//     a reorder to dense NCHW, gives NCHW, and a reorder to NCHW16c follows.
//   - Per-group channels of a convolution with more than one group are
//     multiples of 16.
//   - The ops left are conv2d, affine, relu, add, the pools, linear, flatten,
//     softmax, subsample, pad_channels, concat and reorder.
package passes
