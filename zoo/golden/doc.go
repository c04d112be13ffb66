// Package golden holds PyTorch's float64 results for the zoo's networks with the
// parameters and the input that zoo.Formula makes up: the figures that the
// interpreter and the generated code must reproduce.  [Golden] is of inference,
// [Training] of a few steps of training.  It is for tests.
package golden
