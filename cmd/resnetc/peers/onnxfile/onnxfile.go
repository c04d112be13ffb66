package onnxfile

import (
	"fmt"
	"io"
	"slices"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/atomicfile"
	"github.com/resnetc/resnetc/ir"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	irVersion = 7 // of ONNX 1.8, the release that brought operator set 13
	opset     = 13
	// maxBytes is what a protocol buffer message may hold.
	maxBytes = 1<<31 - 1
)

// Write writes g as an ONNX model.  Activations have batch size batch, or the
// symbolic size N if batch is 0.  The graph must pass [ir.Verify], and every
// parameter that a node reads must have its Data; parameters that none reads are
// left out, and an output that is listed twice is written once.  An error names
// the node or parameter that cannot be written.
func Write(w io.Writer, g *ir.Graph, batch int) error {
	if batch < 0 {
		return fmt.Errorf("onnxfile: batch size %d, want 0 (chosen at run time) or more", batch)
	}
	if err := ir.Verify(g); err != nil {
		return fmt.Errorf("onnxfile: graph %q: %w", g.Name, err)
	}
	graph, err := encodeGraph(g, batch)
	if err != nil {
		return fmt.Errorf("onnxfile: graph %q: %w", g.Name, err)
	}
	var ops, head message
	ops.string(opsetDomain, "")
	ops.int(opsetVersion, opset)
	head.int(modelIRVersion, irVersion)
	head.string(modelProducerName, "resnetc")
	head.message(modelOpsetImport, ops)
	head = protowire.AppendTag(head, modelGraph, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(len(graph)))
	if len(head)+len(graph) > maxBytes {
		return fmt.Errorf("onnxfile: graph %q takes %d bytes, and an ONNX file holds at most %d", g.Name, len(graph), maxBytes)
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err = w.Write(graph)
	return err
}

// WriteFile writes g as an ONNX model to the named file, which appears whole
// or not at all; see [Write].
func WriteFile(name string, g *ir.Graph, batch int) error {
	return atomicfile.Write(name, func(w io.Writer) error { return Write(w, g, batch) })
}

// encodeGraph makes the GraphProto.
func encodeGraph(g *ir.Graph, batch int) (message, error) {
	e := newEncoder(g)
	for v := range g.Values() {
		if v.Type.DType != ir.F32 {
			return nil, fmt.Errorf("value %q has type %v, and only f32 can be written", v.Name, v.Type)
		}
	}
	for _, n := range g.Nodes {
		if err := e.node(n); err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", n.Name(), n.Op, err)
		}
	}
	size := len(e.nodes) + len(e.constants) + 4096
	for v := range e.params {
		size += 4*len(v.Data) + len(v.Name) + 64
	}
	m := make(message, 0, size)
	m.string(graphName, g.Name)
	for _, v := range g.Inputs {
		m.message(graphInput, valueInfo(v.Name, v.Type.Shape, batch))
	}
	for i, v := range g.Outputs {
		if slices.Contains(g.Outputs[:i], v) {
			continue
		}
		if v.Def == nil {
			return nil, fmt.Errorf("output %q is an input or a parameter, and ONNX gives back results of nodes only", v.Name)
		}
		m.message(graphOutput, valueInfo(v.Name, v.Type.Shape, batch))
	}
	m = append(m, e.nodes...)
	m = append(m, e.constants...)
	for _, v := range g.Params {
		if !e.params[v] {
			continue // no node reads it
		}
		if err := checkData(v); err != nil {
			return nil, err
		}
		m.floats(graphInitializer, v.Name, v.Type.Shape, v.Data)
	}
	return m, nil
}

func checkData(v *ir.Value) error {
	if want := v.Type.Shape.Elems(); len(v.Data) != want {
		return fmt.Errorf("parameter %q has %d elements, want %d (%v): bind weights to the graph first", v.Name, len(v.Data), want, v.Type.Shape)
	}
	return nil
}
