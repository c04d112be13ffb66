package codegen

import "github.com/resnetc/resnetc/ir"

// TrainMemory is how many bytes a program that takes training steps of a batch
// needs beside the arena: for the parameters, their gradients, the optimizer's
// state, sums, and the program itself.  The graph is one that layout has run on;
// it is the passes' option FixedMemory.
func TrainMemory(g *ir.Graph, batch int) (int64, error) {
	l, err := lowerFused(g, noFusions())
	if err != nil {
		return 0, err
	}
	return l.program.Bytes(batch, processThreads) - 4*int64(batch)*int64(g.Arena) + processMemory, nil
}

// processThreads is how many threads have memory of their own in that figure.
const processThreads = 8

// processMemory is what a Go program with the runtime package, the kernels and
// a batch of images takes by itself.
const processMemory = 24 << 20
