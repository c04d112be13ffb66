// Package kernels holds every kernel that package asm can write, beside the
// pure-Go kernels of package runtime, and the tests and benchmarks of both.
//
// contract.go, generic.go and winograd_generic.go are kernels.go,
// kernels_generic.go and winograd_generic.go of package runtime under another
// package clause.
package kernels

//go:generate go run ../../asm/internal/genkernels -o . -runtime ../../runtime

// block is the number of channels that a blocked activation stores together,
// as in runtime/program.go.
const block = 16
