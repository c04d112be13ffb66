package passes

import "github.com/resnetc/resnetc/ir"

// foldConstants leaves the graph as it is until the interpreter is there to evaluate nodes.
func foldConstants(*ir.Graph, Options) error { return nil }
