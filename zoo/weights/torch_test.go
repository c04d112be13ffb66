package weights

import (
	"archive/zip"
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// check reads data and compares it, printed, with what is wanted.
func check(t *testing.T, data []byte, want string) {
	t.Helper()
	list, err := Read("test.pth", data)
	if err != nil {
		t.Fatal(err)
	}
	if got := show(list); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

const twoTensors = "a F32[2 3]=[1 2 3 4 5 6]\nb F32[]=[7]\n"

func TestZip(t *testing.T) {
	program := stateDictPickle("", floats("a", "0", 2, 3), floats("b", "1"))
	storages := []file{{"0", f32(ramp(1, 6)...)}, {"1", f32(7)}}
	check(t, torchZip(t, program, storages...), twoTensors)
	t.Run("deflated", func(t *testing.T) {
		check(t, zipFile(t, zip.Deflate, file{"x/data.pkl", program},
			file{"x/data/0", storages[0].data}, file{"x/data/1", storages[1].data}), twoTensors)
	})
	t.Run("without a folder", func(t *testing.T) {
		check(t, zipFile(t, zip.Store, file{"data.pkl", program},
			file{"data/0", storages[0].data}, file{"data/1", storages[1].data}), twoTensors)
	})
	t.Run("in an archive", func(t *testing.T) {
		check(t, zipFile(t, zip.Deflate, file{"w.pth", torchZip(t, program, storages...)}), twoTensors)
	})
}

func TestLegacy(t *testing.T) {
	program := stateDictPickle("N", floats("a", "70", 2, 3), floats("b", "71"))
	a, b := counted(6, f32(ramp(1, 6)...)), counted(1, f32(7))
	check(t, legacyFile(program, file{"70", a}, file{"71", b}), twoTensors)
	t.Run("other order", func(t *testing.T) {
		check(t, legacyFile(program, file{"71", b}, file{"70", a}), twoTensors)
	})
	t.Run("views", func(t *testing.T) {
		// a is elements 2 to 7 of the storage, b the last one of it.
		view := func(offset, size int) string {
			p := new(pickler)
			p.op("(").str("view").int(offset).int(size).op("t")
			return p.String()
		}
		p := new(pickler)
		whole := floats("", "70", 8)
		at, bt := floats("a", "", 2, 3), floats("b", "")
		at.key, at.numel, bt.key, bt.numel = whole.key, 8, whole.key, 8
		p.op("\x80\x02}(").str("a").tensor(at, view(1, 6)).str("b").tensor(bt, view(7, 1)).op("u.")
		check(t, legacyFile(p.Bytes(), file{"70", counted(8, f32(ramp(0, 8)...))}), twoTensors)
	})
}

// Tensors that are not stored row by row.
func TestStrides(t *testing.T) {
	base := torchTensor{name: "a", class: "FloatStorage", key: "0", numel: 12}
	for _, tt := range []struct {
		name           string
		offset         int
		shape, strides []int
		want           string
	}{
		{"transposed", 0, []int{3, 2}, []int{1, 3}, "a F32[3 2]=[0 3 1 4 2 5]\n"},
		{"every second", 1, []int{3}, []int{2}, "a F32[3]=[1 3 5]\n"},
		{"channels last", 0, []int{1, 2, 2, 2}, []int{8, 1, 4, 2}, "a F32[1 2 2 2]=[0 2 4 6 1 3 5 7]\n"},
		{"expanded", 2, []int{2, 2}, []int{0, 1}, "a F32[2 2]=[2 3 2 3]\n"},
		{"up to the end", 6, []int{2, 3}, []int{3, 1}, "a F32[2 3]=[6 7 8 9 10 11]\n"},
		{"empty", 12, []int{0, 5}, []int{5, 1}, "a F32[0 5]=[]\n"},
		{"stride of a single row", 10, []int{1, 2}, []int{99, 1}, "a F32[1 2]=[10 11]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tensor := base
			tensor.offset, tensor.shape, tensor.strides = tt.offset, tt.shape, tt.strides
			check(t, torchZip(t, stateDictPickle("", tensor), file{"0", f32(ramp(0, 12)...)}), tt.want)
		})
	}
}

func TestStorageClasses(t *testing.T) {
	half := binary.LittleEndian.AppendUint16(nil, 0x3e00)                      // 1.5
	bfloat := binary.LittleEndian.AppendUint16(nil, 0xc000)                    // -2
	double := binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.15625)) // exact in float32
	for class, tt := range map[string]struct {
		data []byte
		want string
	}{
		"FloatStorage":    {f32(2.5), "a F32[1]=[2.5]\n"},
		"HalfStorage":     {half, "a F16[1]=[1.5]\n"},
		"BFloat16Storage": {bfloat, "a BF16[1]=[-2]\n"},
		"DoubleStorage":   {double, "a F64[1]=[0.15625]\n"},
		"LongStorage":     {make([]byte, 8), "a I64[1]=[]\n"},
		"BoolStorage":     {make([]byte, 1), "a BOOL[1]=[]\n"},
	} {
		t.Run(class, func(t *testing.T) {
			tensor := floats("a", "0", 1)
			tensor.class = class
			check(t, torchZip(t, stateDictPickle("", tensor), file{"0", tt.data}), tt.want)
			check(t, legacyFile(stateDictPickle("N", tensor), file{"0", counted(1, tt.data)}), tt.want)
		})
	}
}

func TestCheckpoints(t *testing.T) {
	for _, holder := range holders {
		p := new(pickler)
		p.op("\x80\x02}(").str("epoch").int(90).str("best").op("G\x3f\xf8\x00\x00\x00\x00\x00\x00")
		p.str(holder).stateDict("", floats("a", "0", 2)).op("u.")
		check(t, torchZip(t, p.Bytes(), file{"0", f32(1, 2)}), "a F32[2]=[1 2]\n")
	}
	t.Run("parameters", func(t *testing.T) {
		p := new(pickler)
		p.op("\x80\x02}").str("a").global("torch._utils", "_rebuild_parameter").op("(")
		p.tensor(floats("a", "0", 2), "").op("\x88").global("collections", "OrderedDict").op(")RtRs.")
		check(t, torchZip(t, p.Bytes(), file{"0", f32(1, 2)}), "a F32[2]=[1 2]\n")
	})
	t.Run("Python 2", func(t *testing.T) {
		p := new(pickler)
		p.op("\x80\x02").global("collections", "OrderedDict").op("](](U\x01a").tensor(floats("a", "0", 2), "N").op("ee\x85R.")
		check(t, legacyFile(p.Bytes(), file{"0", counted(2, f32(1, 2))}), "a F32[2]=[1 2]\n")
	})
	t.Run("tied weights", func(t *testing.T) {
		program := stateDictPickle("", floats("a", "0", 2), floats("b", "0", 2))
		check(t, torchZip(t, program, file{"0", f32(1, 2)}), "a F32[2]=[1 2]\nb F32[2]=[1 2]\n")
	})
	t.Run("unused storage", func(t *testing.T) { // the optimizer's need not be read
		p := new(pickler)
		p.op("\x80\x02}(").str("optimizer").op("}").int(0).tensor(floats("", "9", 5), "").op("s")
		p.str("model").stateDict("", floats("a", "0", 2)).op("u.")
		check(t, torchZip(t, p.Bytes(), file{"0", f32(1, 2)}), "a F32[2]=[1 2]\n")
	})
}

func TestPrefixes(t *testing.T) {
	for _, tt := range []struct{ names, want string }{
		{"module.conv1.weight module.fc.bias", "conv1.weight fc.bias"},
		{"module._orig_mod.a module._orig_mod.b", "a b"},
		{"model.module.a model.module.b", "a b"},
		{"module.a b", "module.a b"},
		{"module.", "module."},
	} {
		var list []Tensor
		for _, name := range strings.Fields(tt.names) {
			list = append(list, Tensor{Name: name})
		}
		stripPrefixes(list)
		var got []string
		for _, tensor := range list {
			got = append(got, tensor.Name)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s becomes %s, want %s", tt.names, s, tt.want)
		}
	}
}
