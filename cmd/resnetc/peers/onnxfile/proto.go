package onnxfile

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of the messages in onnx/onnx.proto.
const (
	modelIRVersion    protowire.Number = 1
	modelProducerName protowire.Number = 2
	modelGraph        protowire.Number = 7
	modelOpsetImport  protowire.Number = 8

	opsetDomain  protowire.Number = 1
	opsetVersion protowire.Number = 2

	graphNode        protowire.Number = 1
	graphName        protowire.Number = 2
	graphInitializer protowire.Number = 5
	graphInput       protowire.Number = 11
	graphOutput      protowire.Number = 12

	nodeInput     protowire.Number = 1
	nodeOutput    protowire.Number = 2
	nodeName      protowire.Number = 3
	nodeOpType    protowire.Number = 4
	nodeAttribute protowire.Number = 5

	attrName protowire.Number = 1
	attrF    protowire.Number = 2
	attrI    protowire.Number = 3
	attrS    protowire.Number = 4
	attrInts protowire.Number = 8
	attrType protowire.Number = 20

	tensorDims     protowire.Number = 1
	tensorDataType protowire.Number = 2
	tensorName     protowire.Number = 8
	tensorRawData  protowire.Number = 9

	valueInfoName protowire.Number = 1
	valueInfoType protowire.Number = 2

	typeTensor     protowire.Number = 1
	typeElem       protowire.Number = 1 // of TypeProto.Tensor
	typeShape      protowire.Number = 2 // of TypeProto.Tensor
	shapeDim       protowire.Number = 1
	dimensionValue protowire.Number = 1
	dimensionParam protowire.Number = 2
)

// Values of the enumerations AttributeProto.AttributeType and TensorProto.DataType.
const (
	attrTypeFloat  = 1
	attrTypeInt    = 2
	attrTypeString = 3
	attrTypeInts   = 7

	dataTypeFloat = 1
	dataTypeInt64 = 7
)

// message is a protocol buffer message under construction.
type message []byte

func (m *message) int(field protowire.Number, v int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

// ints appends a repeated field unpacked, as the proto2 schema declares it.
func (m *message) ints(field protowire.Number, vs []int) {
	for _, v := range vs {
		m.int(field, int64(v))
	}
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed32Type)
	*m = protowire.AppendFixed32(*m, math.Float32bits(v))
}

func (m *message) string(field protowire.Number, v string) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, v)
}

func (m *message) message(field protowire.Number, v message) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, v)
}

// attribute makes an AttributeProto of an int, bool, float64, string or []int.
func attribute(name string, value any) message {
	var m message
	m.string(attrName, name)
	switch v := value.(type) {
	case int:
		m.int(attrI, int64(v))
		m.int(attrType, attrTypeInt)
	case float64:
		m.float(attrF, float32(v))
		m.int(attrType, attrTypeFloat)
	case string:
		m.string(attrS, v)
		m.int(attrType, attrTypeString)
	case []int:
		m.ints(attrInts, v)
		m.int(attrType, attrTypeInts)
	}
	return m
}

// valueInfo makes a ValueInfoProto of a float32 tensor.  An axis of size
// [github.com/resnetc/resnetc/ir.Batch] becomes the symbol N if batch is 0.
func valueInfo(name string, shape []int, batch int) message {
	var dims, tensor, typ, m message
	for _, d := range shape {
		var dim message
		switch {
		case d >= 0:
			dim.int(dimensionValue, int64(d))
		case batch > 0:
			dim.int(dimensionValue, int64(batch))
		default:
			dim.string(dimensionParam, "N")
		}
		dims.message(shapeDim, dim)
	}
	tensor.int(typeElem, dataTypeFloat)
	tensor.message(typeShape, dims)
	typ.message(typeTensor, tensor)
	m.string(valueInfoName, name)
	m.message(valueInfoType, typ)
	return m
}

// floats appends a TensorProto of float32 elements as the given field.  It
// writes the elements in place: they are nearly all of the file.
func (m *message) floats(field protowire.Number, name string, dims []int, data []float32) {
	head := tensorHead(name, dims, dataTypeFloat)
	size := 4 * len(data)
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendVarint(*m, uint64(len(head)+protowire.SizeTag(tensorRawData)+protowire.SizeBytes(size)))
	*m = append(*m, head...)
	*m = protowire.AppendTag(*m, tensorRawData, protowire.BytesType)
	*m = protowire.AppendVarint(*m, uint64(size))
	for _, x := range data {
		*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(x))
	}
}

// int64s makes a TensorProto of one axis of int64 elements.
func int64s(name string, data []int) message {
	m := tensorHead(name, []int{len(data)}, dataTypeInt64)
	var raw []byte
	for _, x := range data {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(int64(x)))
	}
	m.message(tensorRawData, raw)
	return m
}

func tensorHead(name string, dims []int, dataType int64) (m message) {
	m.ints(tensorDims, dims)
	m.int(tensorDataType, dataType)
	m.string(tensorName, name)
	return m
}
