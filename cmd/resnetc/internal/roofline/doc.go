// Package roofline draws what bench measured: each layer's time beside the
// least time that it can take on this machine, and each layer's speed under the
// roof that arithmetic and memory make (Williams, Waterman and Patterson,
// "Roofline: an insightful visual performance model", CACM 2009).
//
// Every result is a row of two panels.  The left one has a bar for each layer in
// the order in which they run, and within it a darker one for its bound.  In the
// right one a layer is a point: across, the floating-point operations of its
// algorithm for each byte that it moves; up, how many of them it does a second.
package roofline
