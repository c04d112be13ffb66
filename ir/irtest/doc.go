// Package irtest makes random networks and inputs, and compares tensors, for the
// tests of everything that reads or rewrites graphs.
//
// The graphs are small and valid, built like residual networks but with all that
// makes a rewrite go wrong: values with several readers, shortcuts from either
// side, sums of a value with itself, outputs in the middle, shared weights,
// channel counts that are no multiple of a block, windows of every shape, and
// subgraphs of constants.
package irtest
