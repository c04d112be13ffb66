package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// pickler assembles a pickle as Python's pickle module writes it in protocol 2.
type pickler struct{ bytes.Buffer }

func (p *pickler) op(s string) *pickler { p.WriteString(s); return p }

func (p *pickler) str(s string) *pickler {
	p.WriteByte('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
	return p
}

func (p *pickler) int(v int) *pickler {
	if v != int(int32(v)) { // LONG1 of eight bytes
		p.WriteString("\x8a\x08")
		p.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
		return p
	}
	p.WriteByte('J')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(v)))
	return p
}

func (p *pickler) ints(list []int) *pickler {
	p.op("(")
	for _, v := range list {
		p.int(v)
	}
	return p.op("t")
}

func (p *pickler) global(module, name string) *pickler {
	return p.op("c" + module + "\n" + name + "\n")
}

// torchTensor is a tensor as a pickle describes it.
type torchTensor struct {
	name           string
	class          string // of the storage
	key            string // of the storage
	numel          int    // of the storage
	offset         int
	shape, strides []int
}

// floats is a contiguous float32 tensor with a storage of its own.
func floats(name, key string, shape ...int) torchTensor {
	t := torchTensor{name: name, class: "FloatStorage", key: key, numel: 1, shape: shape, strides: make([]int, len(shape))}
	for i := len(shape) - 1; i >= 0; i-- {
		t.strides[i] = t.numel
		t.numel *= shape[i]
	}
	return t
}

// tensor appends the call that rebuilds t; view is the sixth element of the
// persistent id, which only the older format has.
func (p *pickler) tensor(t torchTensor, view string) *pickler {
	p.global("torch._utils", "_rebuild_tensor_v2").op("(")
	p.op("(").str("storage").global("torch", t.class).str(t.key).str("cpu").int(t.numel).op(view).op("tQ")
	p.int(t.offset).ints(t.shape).ints(t.strides)
	return p.op("\x89").global("collections", "OrderedDict").op(")RtR")
}

// stateDict appends an OrderedDict of the tensors with PyTorch's _metadata.
func (p *pickler) stateDict(view string, tensors ...torchTensor) *pickler {
	p.global("collections", "OrderedDict").op(")R(")
	for _, t := range tensors {
		p.str(t.name).tensor(t, view)
	}
	return p.op("u}").str("_metadata").op("}sb")
}

// stateDictPickle is a whole pickle of one state_dict.
func stateDictPickle(view string, tensors ...torchTensor) []byte {
	p := new(pickler)
	p.op("\x80\x02").stateDict(view, tensors...).op(".")
	return p.Bytes()
}

// file is one file of an archive.
type file struct {
	name string
	data []byte
}

func zipFile(t testing.TB, method uint16, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		out, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// torchZip is a file in PyTorch's zip format; storages are named by their key.
func torchZip(t testing.TB, program []byte, storages ...file) []byte {
	t.Helper()
	files := []file{{"archive/data.pkl", program}, {"archive/byteorder", []byte("little")}}
	for _, s := range storages {
		files = append(files, file{"archive/data/" + s.name, s.data})
	}
	return zipFile(t, zip.Store, append(files, file{"archive/version", []byte("3\n")})...)
}

const legacyHead = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + "\x80\x02M\xe9\x03."

// legacyFile is a file in PyTorch's older format.
func legacyFile(program []byte, storages ...file) []byte {
	var b bytes.Buffer
	b.WriteString(legacyHead)
	p := new(pickler)
	p.op("\x80\x02}(").str("protocol_version").int(1001).str("little_endian").op("\x88u.")
	p.op(string(program))
	p.op("\x80\x02](")
	for _, s := range storages {
		p.str(s.name)
	}
	p.op("e.")
	b.Write(p.Bytes())
	for _, s := range storages {
		b.Write(s.data)
	}
	return b.Bytes()
}

// counted puts the number of elements before a storage's data, as the older format has it.
func counted(n int, data []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(n)), data...)
}

// f32 encodes numbers.
func f32(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// ramp is first, first+1, … of n elements.
func ramp(first float32, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = first + float32(i)
	}
	return out
}

func show(list []Tensor) string {
	s := ""
	for _, t := range list {
		s += fmt.Sprintf("%s %s%v=%v\n", t.Name, t.DType, t.Shape, t.Data)
	}
	return s
}
