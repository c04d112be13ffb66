package onnxfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields is a decoded message: the values of each field, in order; numbers as
// uint64, the rest as []byte.  The tests read the messages by the literal numbers
// of onnx/onnx.proto, so that a wrong constant in the package shows.
type fields map[int][]any

func decode(t *testing.T, b []byte) fields {
	t.Helper()
	f := fields{}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatalf("tag: %v", protowire.ParseError(n))
		}
		b = b[n:]
		var v any
		switch typ {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(b)
			v = uint64(bits)
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(b)
		default:
			t.Fatalf("field %d has wire type %d, which ONNX does not use", num, typ)
		}
		if n < 0 {
			t.Fatalf("field %d: %v", num, protowire.ParseError(n))
		}
		f[int(num)] = append(f[int(num)], v)
		b = b[n:]
	}
	return f
}

func (f fields) int(num int) int64 {
	if len(f[num]) == 0 {
		return 0
	}
	return int64(f[num][0].(uint64))
}

func (f fields) ints(num int) string {
	var out []string
	for _, v := range f[num] {
		out = append(out, fmt.Sprint(int64(v.(uint64))))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func (f fields) strings(num int) (out []string) {
	for _, v := range f[num] {
		out = append(out, string(v.([]byte)))
	}
	return out
}

func (f fields) string(num int) string { return strings.Join(f.strings(num), " ") }

func (f fields) messages(t *testing.T, num int) (out []fields) {
	t.Helper()
	for _, v := range f[num] {
		out = append(out, decode(t, v.([]byte)))
	}
	return out
}

// dump writes an ONNX model as text, a line for each part.
func dump(t *testing.T, model []byte) string {
	t.Helper()
	var b strings.Builder
	m := decode(t, model)
	fmt.Fprintf(&b, "ir_version %d, producer %s", m.int(1), m.string(2))
	for _, o := range m.messages(t, 8) {
		fmt.Fprintf(&b, ", opset %q %d", o.string(1), o.int(2))
	}
	for _, g := range m.messages(t, 7) {
		fmt.Fprintf(&b, "\ngraph %s\n", g.string(2))
		for _, part := range []struct {
			name string
			num  int
		}{{"input", 11}, {"output", 12}} {
			for _, v := range g.messages(t, part.num) {
				fmt.Fprintf(&b, "%s %s: %s\n", part.name, v.string(1), dumpType(t, v))
			}
		}
		for _, n := range g.messages(t, 1) {
			fmt.Fprintf(&b, "%s = %s(%s)%s\n", n.string(2), n.string(4), strings.Join(n.strings(1), ", "), dumpAttributes(t, n))
			if n.string(3) != n.string(2) {
				t.Errorf("node %q has the name %q, want that of its result", n.string(2), n.string(3))
			}
		}
		for _, c := range g.messages(t, 5) {
			fmt.Fprintf(&b, "%s = %s\n", c.string(8), dumpTensor(t, c))
		}
	}
	return b.String()
}

func dumpType(t *testing.T, valueInfo fields) string {
	tensor := valueInfo.messages(t, 2)[0].messages(t, 1)[0]
	var dims []string
	for _, d := range tensor.messages(t, 2)[0].messages(t, 1) {
		if d.string(2) != "" {
			dims = append(dims, d.string(2))
		} else {
			dims = append(dims, fmt.Sprint(d.int(1)))
		}
	}
	return fmt.Sprintf("type %d [%s]", tensor.int(1), strings.Join(dims, ","))
}

func dumpAttributes(t *testing.T, node fields) string {
	var out []string
	for _, a := range node.messages(t, 5) {
		v := map[int64]func() string{
			1: func() string { return fmt.Sprint(math.Float32frombits(uint32(a.int(2)))) },
			2: func() string { return fmt.Sprint(a.int(3)) },
			3: func() string { return a.string(4) },
			7: func() string { return a.ints(8) },
		}[a.int(20)]
		if v == nil {
			t.Fatalf("attribute %s has type %d", a.string(1), a.int(20))
		}
		out = append(out, a.string(1)+"="+v())
	}
	if out == nil {
		return ""
	}
	return " {" + strings.Join(out, ", ") + "}"
}

// dumpTensor gives the type, shape and first elements.
func dumpTensor(t *testing.T, c fields) string {
	raw := []byte(c.string(9))
	var out []string
	switch c.int(2) {
	case 1:
		for ; len(raw) >= 4; raw = raw[4:] {
			out = append(out, fmt.Sprint(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
		}
	case 7:
		for ; len(raw) >= 8; raw = raw[8:] {
			out = append(out, fmt.Sprint(int64(binary.LittleEndian.Uint64(raw))))
		}
	}
	if len(raw) > 0 {
		t.Errorf("tensor %s of type %d has %d bytes too many", c.string(8), c.int(2), len(raw))
	}
	size := len(out)
	if size > 9 {
		out = append(out[:8], "…")
	}
	return fmt.Sprintf("type %d %s of %d: %s", c.int(2), c.ints(1), size, strings.Join(out, " "))
}
