package weights

import (
	"os"
	"path/filepath"
	"testing"
)

// sane checks what [Read] promises of its result.
func sane(t *testing.T, list []Tensor) {
	t.Helper()
	for _, x := range list {
		n, ok := elems(x.Shape, maxElems)
		if !ok || x.Data != nil && len(x.Data) != n {
			t.Fatalf("tensor %q has %d elements and shape %v", x.Name, len(x.Data), x.Shape)
		}
	}
}

// FuzzRead reads anything as a file, in whatever format it looks like.
func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join(samples, "*.p*"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no samples (error %v)", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(legacyFile(stateDictPickle("N", floats("a", "0", 2)), file{"0", counted(2, f32(1, 2))}))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Read("fuzz", data)
		if err == nil {
			sane(t, list)
		}
	})
}

// FuzzSafetensors reads anything behind a header's length that is right, so that
// the fuzzer gets past it.
func FuzzSafetensors(f *testing.F) {
	f.Add(`{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}`, f32(1, -2))
	f.Add(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"b":{"dtype":"I64","shape":[1],"data_offsets":[2,10]}}  `, make([]byte, 10))
	f.Add(`{"b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},"a":{"shape":[1],"data_offsets":[0,2],"dtype":"BF16"}}`, make([]byte, 4))
	f.Add(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, []byte{})
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		list, err := Read("fuzz", safetensors(header, body...))
		if err == nil {
			sane(t, list)
		}
	})
}

// FuzzUnpickle runs anything as the pickle of a file in the zip format with two
// storages, and of one in the older format.
func FuzzUnpickle(f *testing.F) {
	f.Add(stateDictPickle("", floats("a", "0", 2), floats("b", "1", 3, 2)))
	f.Add(stateDictPickle("N", floats("a", "0", 2), floats("b", "1", 3, 2)))
	f.Add(stateDictPickle("", torchTensor{"a", "HalfStorage", "1", 12, 1, []int{2, 3}, []int{1, 4}}))
	f.Add([]byte("\x80\x02ccollections\nOrderedDict\n](]U\x01aK\x01ee\x85R."))
	f.Add([]byte("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x05torch\x94\x8c\x0cFloatStorage\x93."))
	f.Add([]byte("\x80\x02cos\nsystem\nU\x02ls\x85R."))
	f.Add([]byte("\x80\x02}q\x00U\x05modelh\x00s."))
	small, large := f32(1, 2), f32(ramp(0, 6)...)
	f.Fuzz(func(t *testing.T, program []byte) {
		for _, data := range [][]byte{
			torchZip(t, program, file{"0", small}, file{"1", large}),
			legacyFile(program, file{"0", counted(2, small)}, file{"1", counted(6, large)}),
		} {
			list, err := Read("fuzz", data)
			if err == nil {
				sane(t, list)
			}
		}
	})
}
