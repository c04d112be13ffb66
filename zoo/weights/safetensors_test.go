package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// safetensors assembles a file.
func safetensors(header string, body ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), body...)
}

func TestSafetensors(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"F32", safetensors(`{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}`, f32(1, -2)...), "a F32[2 1]=[1 -2]\n"},
		{"padding and metadata", safetensors(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   `, f32(3)...), "a F32[]=[3]\n"},
		{"header not in the data's order", safetensors(`{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"shape":[1],"data_offsets":[0,4],"dtype":"F32"}}`, f32(1, 2)...),
			"b F32[1]=[2]\na F32[1]=[1]\n"},
		{"F16", safetensors(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 0, 0x3c, 1, 0), "a F16[2]=[1 5.9604645e-08]\n"},
		{"BF16", safetensors(`{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`, 0x80, 0x3f), "a BF16[1]=[1]\n"},
		{"F64", safetensors(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, binary.LittleEndian.AppendUint64(nil, math.Float64bits(-0.5))...), "a F64[1]=[-0.5]\n"},
		{"I64", safetensors(`{"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 1, 2, 3, 4, 5, 6, 7, 8), "n I64[]=[]\n"},
		{"empty tensor", safetensors(`{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}`, f32(1)...),
			"b F32[1]=[1]\na F32[0 3]=[]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) { check(t, tt.data, tt.want) })
	}
}

func TestHostileSafetensors(t *testing.T) {
	one := func(fields string) []byte { return safetensors(`{"a":{`+fields+`}}`, f32(1, 2)...) }
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"cut length", []byte("\x10\x00\x00\x00"), "neither safetensors"},
		{"length beyond the file", append([]byte{200, 0, 0, 0, 0, 0, 0, 0}, "{}"...), "the header claims 200 bytes, the file has 2 more"},
		{"huge length", append(bytes.Repeat([]byte{0xff}, 8), "{}"...), "the header claims 18446744073709551615 bytes"},
		{"no JSON", safetensors("{nonsense"), "header"},
		{"cut JSON", safetensors(`{"a":{"dtype":"F32"`), "header"},
		{"text behind", safetensors(`{}{}`), "something follows"},
		{"no tensors", safetensors(`{}`), "no tensors"},
		{"array", safetensors(`{"a":[]}`), `"a": [ where a JSON object should begin`},
		{"deep", safetensors(`{"a":{"shape":` + strings.Repeat("[", 100000)), "header"},
		{"metadata", safetensors(`{"__metadata__":{"a":1}}`), "__metadata__"},
		{"tensor twice", safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, f32(1, 2)...), `"a" is there twice`},
		{"key twice", one(`"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]`), `"dtype" is there twice`},
		{"unknown key", one(`"dtype":"F32","shape":[2],"data_offsets":[0,8],"stride":[1]`), `"stride": unknown key`},
		{"dtype", one(`"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]`), `dtype "F8_E4M3", want F32`},
		{"no dtype", one(`"shape":[2],"data_offsets":[0,8]`), `dtype ""`},
		{"no shape", one(`"dtype":"F32","data_offsets":[0,8]`), "no shape"},
		{"null shape", one(`"dtype":"F32","shape":null,"data_offsets":[0,4]`), "no shape"},
		{"negative size", one(`"dtype":"F32","shape":[-2],"data_offsets":[0,8]`), "shape [-2] is impossible"},
		{"fraction", one(`"dtype":"F32","shape":[1.5],"data_offsets":[0,8]`), `"shape"`},
		{"overflowing shape", one(`"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]`), "is impossible"},
		{"wrapping shape", one(`"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]`), "is impossible"},
		{"no offsets", one(`"dtype":"F32","shape":[2]`), "data_offsets []"},
		{"three offsets", one(`"dtype":"F32","shape":[2],"data_offsets":[0,8,8]`), "data_offsets [0 8 8]"},
		{"offsets backwards", one(`"dtype":"F32","shape":[2],"data_offsets":[8,0]`), "data_offsets [8 0]"},
		{"negative offset", one(`"dtype":"F32","shape":[2],"data_offsets":[-8,0]`), "data_offsets [-8 0]"},
		{"size", one(`"dtype":"F32","shape":[3],"data_offsets":[0,8]`), "8 bytes of data, but F32 of shape [3] takes 12"},
		{"beyond the file", one(`"dtype":"F32","shape":[3],"data_offsets":[0,12]`), `tensor "a" ends at byte 12 of 8: the file is cut short`},
		{"gap in front", one(`"dtype":"F32","shape":[1],"data_offsets":[4,8]`), `4 bytes before tensor "a" belong to nothing`},
		{"bytes behind", one(`"dtype":"F32","shape":[1],"data_offsets":[0,4]`), "4 bytes behind the last tensor"},
		{"overlap", safetensors(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, f32(1, 2)...), `tensor "b" begins at byte 4, inside of "a"`},
		{"same bytes", safetensors(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, f32(1, 2)...), `tensor "b" begins at byte 0, inside of "a"`},
	} {
		refuse(t, tt.name, tt.data, tt.want)
	}
	good := one(`"dtype":"F32","shape":[2],"data_offsets":[0,8]`)
	for n := range good {
		refuse(t, "cut", good[:n], "")
	}
}

var some = []Tensor{
	{"b.weight", []int{2, 3}, "F32", []float32{1, -2, 3, float32(math.Inf(1)), math.SmallestNonzeroFloat32, 0}},
	{"a", []int{}, "F32", []float32{math.MaxFloat32}},
	{`quoted "name" <é>`, []int{0}, "F32", []float32{}},
}

func TestWriteSafetensors(t *testing.T) {
	write := func() []byte {
		var b bytes.Buffer
		if err := WriteSafetensors(&b, some, map[string]string{"step": "7"}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	data := write()
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(some, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := binary.LittleEndian.Uint64(data); n%8 != 0 {
		t.Errorf("the header has %d bytes, want a multiple of 8, to align the data", n)
	}
	if want := `{"__metadata__":{"step":"7"},"b.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},`; !strings.HasPrefix(string(data[8:]), want) {
		t.Errorf("the file begins with %.120q, want %q", data[8:], want)
	}
	if !bytes.Equal(data, write()) {
		t.Error("equal tensors give other bytes")
	}
}

func TestWriteSafetensorsErrors(t *testing.T) {
	for _, tt := range []struct {
		tensors []Tensor
		want    string
	}{
		{[]Tensor{some[0], some[0]}, `"b.weight": the name is reserved or there twice`},
		{[]Tensor{{Name: "__metadata__", Shape: []int{0}}}, "reserved"},
		{[]Tensor{{Name: "a", Shape: []int{2}, Data: make([]float32, 3)}}, "3 elements, but shape [2]"},
	} {
		var b bytes.Buffer
		if err := WriteSafetensors(&b, tt.tensors, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", err, tt.want)
		}
		if b.Len() > 0 {
			t.Errorf("%d bytes are written", b.Len())
		}
	}
}

// full fails after some bytes, as a disk does.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

func TestWriteSafetensorsFails(t *testing.T) {
	big := []Tensor{{"a", []int{1 << 16}, "F32", slices.Repeat([]float32{1}, 1<<16)}}
	for _, room := range []full{0, 100, 1 << 17} {
		if err := WriteSafetensors(&room, big, nil); err == nil || err.Error() != "disk full" {
			t.Errorf("error %v, want the writer's", err)
		}
	}
	var b bytes.Buffer
	if err := WriteSafetensors(&b, nil, nil); err != nil || b.String()[8:] != "{}      " {
		t.Errorf("no tensors give %q, error %v", b.String(), err)
	}
}
