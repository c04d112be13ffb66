// Package onnxfile writes a network as an ONNX file, so that other engines can
// run the very same graph with the very same weights.
//
// It writes what [github.com/resnetc/resnetc/ir] can say before layout is
// chosen, in operator set 13, which every engine timed here reads.
// What a pass has fused into a node is written as the nodes it was, since every
// engine does its own fusing.
//
// An ONNX file is one protocol buffer message.  Only eleven of its message
// types are needed, so they are encoded by field number with protowire, and
// neither a code generator nor the schema is a dependency.  The numbers are
// those of onnx/onnx.proto in github.com/onnx/onnx.
package onnxfile
