package codegen

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// TrainMemory is how many bytes a program that takes training steps of a batch
// needs beside the arena and its data: for the parameters, their gradients, the
// optimizer's state, sums, what it saves, and the program itself.  The graph is
// one that layout has run on; it is the passes' option FixedMemory.
func TrainMemory(g *ir.Graph, batch int) (int64, error) {
	l, err := lowerFused(g, noFusions())
	if err != nil {
		return 0, err
	}
	return l.program.Bytes(batch, processThreads) - 4*int64(batch)*int64(g.Arena) + l.savedMemory() + processMemory, nil
}

// savedMemory is how many bytes are copied to save parameters and state, and, as
// those are not collected at once, parameters again.
func (l *trainLowering) savedMemory() int64 {
	n := 0
	for _, s := range slices.Concat(l.program.Parameters, l.program.Parameters, l.program.State) {
		n += ir.Shape(s.Shape).Elems()
	}
	return 4 * int64(n)
}

// processThreads is how many threads have memory of their own in that figure.
const processThreads = 8

// processMemory is what a Go program with the runtime package, the kernels and
// a batch of images takes by itself.
const processMemory = 24 << 20
