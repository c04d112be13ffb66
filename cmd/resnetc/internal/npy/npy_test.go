package npy

import (
	"bytes"
	"encoding/base64"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	for _, a := range []Array{
		{Shape: []int{2, 3}, Data: []float32{1, -2, 3.5, 0, float32(math.Inf(1)), 6}},
		{Shape: []int{4}, Data: []float32{1, 2, 3, 4}},
		{Shape: []int{0, 3}, Data: []float32{}},
		{Data: []float32{7}},
	} {
		var b bytes.Buffer
		if err := Write(&b, a); err != nil {
			t.Fatal(err)
		}
		if at := b.Len() - 4*len(a.Data); at%64 != 0 {
			t.Errorf("data of shape %v starts at byte %d, want a multiple of 64", a.Shape, at)
		}
		got, err := Read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, got); d != "" {
			t.Errorf("round trip changed the array (-want +got):\n%s", d)
		}
	}
}

// What numpy.save writes for np.arange(3, dtype='float32'); made with NumPy 2.4.6.
const fromNumPy = `k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAg
ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAAAEA=`

func TestNumPy(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(fromNumPy)
	if err != nil {
		t.Fatal(err)
	}
	want := Array{Shape: []int{3}, Data: []float32{0, 1, 2}}
	if got, err := Read(data); err != nil || !cmp.Equal(got, want) {
		t.Errorf("Read = %v, %v, want %v", got, err, want)
	}
	var b bytes.Buffer
	if err := Write(&b, want); err != nil || !bytes.Equal(b.Bytes(), data) {
		t.Errorf("Write gives\n%q (%v), want NumPy's\n%q", b.Bytes(), err, data)
	}
}

func file(version byte, header string, data int) []byte {
	n := len(header)
	size := []byte{byte(n), byte(n >> 8)}
	if version == 2 {
		size = append(size, 0, 0)
	}
	return append(append(append([]byte(magic), version, 0), size...), header+strings.Repeat("\x00", data)...)
}

func TestErrors(t *testing.T) {
	good := "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
	if _, err := Read(file(2, good, 16)); err != nil {
		t.Errorf("version 2.0: %v", err)
	}
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "not a .npy file", nil},
		{"other", "not a .npy file", []byte("PK\x03\x04aaaaaaaa")},
		{"version", "format 3.0", file(3, good, 16)},
		{"header cut", "header is cut short", file(1, good, 16)[:30]},
		{"data cut", "cut short", file(1, good, 12)},
		{"data long", "20 bytes follow", file(1, good, 20)},
		{"dtype", "want '<f4'", file(1, strings.Replace(good, "<f4", "<f8", 1), 32)},
		{"record", "want '<f4'", file(1, strings.Replace(good, "'<f4'", "[('a', '<f4')]", 1), 32)},
		{"order", "Fortran", file(1, strings.Replace(good, "False", "True", 1), 16)},
		{"huge", "cut short", file(1, strings.Replace(good, "2, 2", "4611686018427387904, 4611686018427387904", 1), 16)},
		{"overflow", "out of range", file(1, strings.Replace(good, "2, 2", "99999999999999999999", 1), 16)},
		{"no shape", "lacks", file(1, "{'descr': '<f4'}", 16)},
	} {
		if _, err := Read(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", 16))
	f.Add(file(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read(data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, a); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(b.Bytes()); err != nil {
			t.Errorf("an array that was read cannot be read again: %v", err)
		}
	})
}
