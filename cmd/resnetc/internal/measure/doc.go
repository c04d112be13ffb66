// Package measure times a generated package and its opponents in turn, on the
// same input, after it has compared what they compute, and sets the time of
// each layer against what the machine could do at best.
//
// All take turns (A B C A B C …), so that a machine that slows down slows down
// all of them.  In its turn each runs once without a clock, because the others
// have emptied the caches, and then some times with one.  The generated package
// runs in a process of its own and does nothing while others run.
//
// The first answer of an engine is timed from the start of its process, with
// Python's where it has one, to the end of its first run; conversion of the model
// is not counted.  Peak memory is what the operating system counts as resident at
// most, of the whole process.
//
// A layer's bound is the larger of two times (Williams, Waterman and Patterson,
// "Roofline", CACM 2009): its multiply-adds, as its algorithm needs them, at the
// speed of the fastest kernel on operands in the first-level cache; and its
// weights, as they are stored, and activations, each moved once, at the speed of
// reading memory.  Activations that the last layer has left in a cache come
// faster than that, so a small layer may pass its bound, and in a network for small
// images most do, with large batches too.
package measure
