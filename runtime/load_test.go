package runtime

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"
)

// packed gives a program of n weights and the packed form of them.
func packed(n int) (*Program, []byte) {
	payload := make([]byte, 4*n)
	for i := range n {
		binary.LittleEndian.PutUint32(payload[4*i:], math.Float32bits(float32(i)*0.5-3))
	}
	p := &Program{Name: "net", Weights: n, Hash: WeightHash(payload)}
	header := WeightHeader(p.Hash, n)
	return p, append(header[:], payload...)
}

// at copies b to an address that is that many bytes past a multiple of 64.
func at(b []byte, offset int) []byte {
	f := floatBytes(alignedFloats(len(b)/4 + 32))[offset:][:len(b)]
	copy(f, b)
	return f
}

func checkWeights(t *testing.T, p *Program, w weightSource) {
	t.Helper()
	if len(w.floats) != p.Weights {
		t.Fatalf("%d weights, want %d", len(w.floats), p.Weights)
	}
	for i, v := range w.floats {
		if want := float32(i)*0.5 - 3; v != want {
			t.Fatalf("weight %d is %v, want %v", i, v, want)
		}
	}
	if p.Weights > 0 && uintptr(unsafe.Pointer(&w.floats[0]))%64 != 0 {
		t.Errorf("weights at %p, want a multiple of 64", &w.floats[0])
	}
	if err := w.verify(p); err != nil {
		t.Error(err)
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
	if err := w.close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if w.floats != nil {
		t.Error("closed weights can still be read")
	}
}

func TestWeightsLoad(t *testing.T) {
	for _, n := range []int{0, 1, 2, 15, 16, 17, 5000} {
		p, b := packed(n)
		for _, offset := range []int{0, 1, 4, 32, 63} {
			w, err := weightsFromBytes(p, at(b, offset))
			if err != nil {
				t.Fatal(err)
			}
			checkWeights(t, p, w)
		}
		for _, r := range []io.Reader{bytes.NewReader(b), iotest.OneByteReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b))} {
			w, err := weightsFromReader(p, r)
			if err != nil {
				t.Fatal(err)
			}
			checkWeights(t, p, w)
		}
		path := filepath.Join(t.TempDir(), "net.weights")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := weightsFromFile(p, path)
		if err != nil {
			t.Fatal(err)
		}
		checkWeights(t, p, w)
	}
}

func TestWeightsFromBytesCopiesOnlyIfItMust(t *testing.T) {
	p, b := packed(100)
	b = at(b, 0)
	w, err := weightsFromBytes(p, b)
	if err != nil {
		t.Fatal(err)
	}
	if !bigEndian() && unsafe.Pointer(&w.floats[0]) != unsafe.Pointer(&b[weightHeaderSize]) {
		t.Error("aligned bytes were copied")
	}
}

// Each of the three ways must find each fault, and say where it is and what
// would be right.
func TestWeightsReject(t *testing.T) {
	p, good := packed(40)
	change := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "but empty"},
		{"zip", []byte("PK\x03\x04abcd"), "a zip archive or a PyTorch checkpoint: give the one that resnetc compile wrote"},
		{"pickle", []byte("\x80\x02\x8a\x0a"), "an old PyTorch checkpoint"},
		{"safetensors", []byte("\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}"), "a safetensors file"},
		{"onnx", []byte("\x08\x07\x12\x07pytorch"), "an ONNX file"},
		{"gzip", []byte("\x1f\x8b\x08\x00"), "gzip"},
		{"lfs", []byte("version https://git-lfs.github.com/spec/v1"), "Git LFS pointer"},
		{"text", bytes.Repeat([]byte("x"), 300), "something else"},
		{"version", change(func(b []byte) []byte { b[7] = 9; return b }), "format version 9, want 1"},
		{"header only", good[:30], "cut off: 30 bytes, want 224 for net"},
		{"no payload", good[:64], "cut off: 64 bytes, want 224"},
		{"cut off", good[:223], "cut off: 223 bytes, want 224"},
		{"too long", append(bytes.Clone(good), 0), "224"},
		{"count", change(func(b []byte) []byte { b[16]++; return b }), "41 values, want 40: they belong to another network than net"},
		{"huge count", change(func(b []byte) []byte { b[23] = 0xff; return b }), "want 40"},
		{"hash", change(func(b []byte) []byte { b[8]++; return b }), "another compilation of net"},
		{"reserved", change(func(b []byte) []byte { b[63] = 1; return b }), "bytes 24 to 63 must be zeros"},
	} {
		check := func(way string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "packed weights") {
				t.Errorf("%s from %s: error %v, want one with %q", c.name, way, err, c.want)
			}
		}
		_, err := weightsFromBytes(p, c.data)
		check("bytes", err)
		_, err = weightsFromReader(p, bytes.NewReader(c.data))
		check("reader", err)
		path := filepath.Join(t.TempDir(), "bad.weights")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = weightsFromFile(p, path)
		check("file", err)
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %q does not name the file", c.name, err)
		}
	}
}

func TestWeightsFromFileErrors(t *testing.T) {
	p, _ := packed(4)
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.weights")
	if _, err := weightsFromFile(p, missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := weightsFromFile(p, dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("folder: %v", err)
	}
}

func TestWeightsFromReaderErrors(t *testing.T) {
	p, b := packed(40)
	broken := errors.New("the line is dead")
	for _, n := range []int{0, 10, 64, 100, len(b)} {
		r := io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken))
		if _, err := weightsFromReader(p, r); !errors.Is(err, broken) {
			t.Errorf("failure after %d bytes: %v", n, err)
		}
	}
}

func TestVerifyFindsEveryBit(t *testing.T) {
	p, b := packed(9)
	for bit := range 8 * 4 * 9 {
		c := at(b, 0)
		c[weightHeaderSize+bit/8] ^= 1 << (bit % 8)
		w, err := weightsFromBytes(p, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.verify(p); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Fatalf("bit %d: error %v, want damage", bit, err)
		}
	}
}

// Where only the low byte of each word is not zero, the hash is FNV-1a of
// those bytes, which the standard library has.
func TestWeightHashIsFNV(t *testing.T) {
	want := fnv.New64a()
	var words []byte
	for _, c := range []byte("resnet") {
		if got := WeightHash(words); got != want.Sum64() {
			t.Errorf("hash of %q is %x, want %x", words, got, want.Sum64())
		}
		want.Write([]byte{c})
		words = append(words, c, 0, 0, 0, 0, 0, 0, 0)
	}
	if WeightHash([]byte{1, 2, 3}) != WeightHash([]byte{1, 2, 3, 0, 0, 0, 0, 0}) {
		t.Error("a last word in part is not filled up with zeros")
	}
}

// Machines with the other byte order decode weights where they lie.
func TestDecodeFloatsInPlace(t *testing.T) {
	f := alignedFloats(2)
	copy(floatBytes(f), []byte{0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc1})
	decodeFloats(f, floatBytes(f))
	if f[0] != 1 || f[1] != -10 {
		t.Errorf("%v, want [1 -10]", f)
	}
}

func TestAlignedFloats(t *testing.T) {
	for n := range 200 {
		f := alignedFloats(n)
		if len(f) != n || cap(f) != n {
			t.Fatalf("alignedFloats(%d) has length %d and capacity %d", n, len(f), cap(f))
		}
		if n > 0 && uintptr(unsafe.Pointer(&f[0]))%64 != 0 {
			t.Fatalf("alignedFloats(%d) at %p", n, &f[0])
		}
	}
}

// FuzzWeights checks that what loads has the right size and that the three
// ways agree, whatever the bytes.
func FuzzWeights(f *testing.F) {
	_, b := packed(5)
	f.Add(b, 5, uint64(0))
	f.Add(b[:70], 5, uint64(1))
	f.Add([]byte("PK\x03\x04"), 0, uint64(2))
	f.Fuzz(func(t *testing.T, b []byte, n int, hash uint64) {
		if n < 0 || n > 1<<16 {
			return
		}
		p := &Program{Name: "net", Weights: n, Hash: hash}
		if len(b) >= 16 && hash%2 == 0 { // let some come through
			p.Hash = binary.LittleEndian.Uint64(b[8:])
		}
		w, err := weightsFromBytes(p, b)
		r, errR := weightsFromReader(p, bytes.NewReader(b))
		if (err == nil) != (errR == nil) {
			t.Fatalf("from bytes: %v; from a reader: %v", err, errR)
		}
		if err == nil && (len(w.floats) != n || !bytes.Equal(floatBytes(w.floats), floatBytes(r.floats))) {
			t.Fatalf("%d and %d weights, want the same %d", len(w.floats), len(r.floats), n)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	p := &Program{Weights: 1 << 20}
	w := weightSource{floats: alignedFloats(p.Weights)}
	p.Hash = WeightHash(floatBytes(w.floats))
	b.SetBytes(4 << 20)
	for b.Loop() {
		if err := w.verify(p); err != nil {
			b.Fatal(err)
		}
	}
}
