// Package measure times a generated package and the reference implementation
// in turn, on the same input, after it has compared what they compute.
//
// The two take turns (A B A B …), so that a machine that slows down slows down
// both.  The generated package runs in a process of its own and does nothing while the
// reference runs in this one, and the other way around.
package measure
