package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unsafe"
)

// Packed weights, in a file or embedded, are a header of 64 bytes and then the
// program's float32s, little-endian (two halves in the place of one, the first
// in its lower bits), so that what starts at a multiple of 64 bytes in memory or
// in a mapped file stays there.  The header is weightMagic, Program.Hash and the
// number of float32s (8 bytes each, little-endian) and zeros.
const (
	weightMagic      = "resnetc\x01" // the last byte is the version
	weightHeaderSize = 64
)

// WeightHeader is what packed weights begin with, of a program with this Hash
// and this many float32s.
func WeightHeader(hash uint64, floats int) [64]byte {
	var h [weightHeaderSize]byte
	copy(h[:], weightMagic)
	binary.LittleEndian.PutUint64(h[8:], hash)
	binary.LittleEndian.PutUint64(h[16:], uint64(floats))
	return h
}

// The parameters of FNV-1a with 64 bits: Fowler, Noll, Vo, Eastlake, "The FNV
// Non-Cryptographic Hash Algorithm".
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// WeightHash is the Program.Hash of packed weights, without their header:
// FNV-1a, with 64-bit little-endian words in place of bytes, which is eight
// times faster.  Zeros fill the last word up.
func WeightHash(payload []byte) uint64 {
	h := uint64(fnvOffset)
	for len(payload) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(payload)) * fnvPrime
		payload = payload[8:]
	}
	if len(payload) > 0 {
		var last [8]byte
		copy(last[:], payload)
		h = (h ^ binary.LittleEndian.Uint64(last[:])) * fnvPrime
	}
	return h
}

// weightSource is a network's packed weights in memory.
type weightSource struct {
	floats []float32    // 64-byte aligned
	unmap  func() error // nil if the garbage collector owns them
}

// close gives mapped weights back: floats must not be read any more.
func (w *weightSource) close() error {
	unmap := w.unmap
	w.floats, w.unmap = nil, nil
	if unmap == nil {
		return nil
	}
	return unmap()
}

// verify reads all weights, which loading does not, and compares their hash
// with the program's.  It finds a file that was damaged after it was written.
func (w *weightSource) verify(p *Program) error {
	h := uint64(fnvOffset)
	for i := 0; i < len(w.floats); i += 2 {
		word := uint64(math.Float32bits(w.floats[i]))
		if i+1 < len(w.floats) {
			word |= uint64(math.Float32bits(w.floats[i+1])) << 32
		}
		h = (h ^ word) * fnvPrime
	}
	if h != p.Hash {
		return fmt.Errorf("the packed weights are damaged: their hash is %016x, want %016x: compile the network again", h, p.Hash)
	}
	return nil
}

// weightsFromBytes uses the packed weights in b, header included, and copies
// them only if they are not 64-byte aligned: go:embed promises no alignment.
func weightsFromBytes(p *Program, b []byte) (weightSource, error) {
	if err := p.checkWeightHeader(b); err != nil {
		return weightSource{}, fmt.Errorf("packed weights: %w", err)
	}
	if err := p.checkWeightSize(int64(len(b))); err != nil {
		return weightSource{}, fmt.Errorf("packed weights: %w", err)
	}
	return weightSource{floats: weightFloats(b[weightHeaderSize:])}, nil
}

// weightsFromReader reads packed weights, header included, up to r's end.
func weightsFromReader(p *Program, r io.Reader) (weightSource, error) {
	floats, err := readWeights(p, r)
	if err != nil {
		return weightSource{}, fmt.Errorf("packed weights: %w", err)
	}
	return weightSource{floats: floats}, nil
}

func readWeights(p *Program, r io.Reader) ([]float32, error) {
	var header [weightHeaderSize]byte
	n, err := io.ReadFull(r, header[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	if err := p.checkWeightHeader(header[:n]); err != nil {
		return nil, err
	}
	floats := alignedFloats(p.Weights)
	b := floatBytes(floats)
	switch n, err := io.ReadFull(r, b); err {
	case nil:
	case io.EOF, io.ErrUnexpectedEOF:
		return nil, p.checkWeightSize(weightHeaderSize + int64(n))
	default:
		return nil, fmt.Errorf("after %d bytes: %w", weightHeaderSize+n, err)
	}
	switch n, err := io.ReadFull(r, header[:1]); {
	case n == 1:
		return nil, fmt.Errorf("there are more than the %d bytes of %s's weights", p.weightBytes(), p.Name)
	case err != io.EOF:
		return nil, fmt.Errorf("after %d bytes: %w", p.weightBytes(), err)
	}
	if bigEndian() {
		decodeFloats(floats, b)
	}
	return floats, nil
}

// weightBytes is the size of the program's packed weights with their header.
func (p *Program) weightBytes() int64 { return weightHeaderSize + 4*int64(p.Weights) }

// checkWeightSize compares a size with weightBytes.
func (p *Program) checkWeightSize(size int64) error {
	want := p.weightBytes()
	switch {
	case size < want:
		return fmt.Errorf("cut off: %d bytes, want %d for %s", size, want, p.Name)
	case size > want:
		return fmt.Errorf("%d bytes, want %d for %s", size, want, p.Name)
	}
	return nil
}

// checkWeightHeader says whether packed weights that begin like b are this
// program's.  b holds 64 bytes or more, unless there are fewer in all.
func (p *Program) checkWeightHeader(b []byte) error {
	const magic = len(weightMagic)
	if len(b) < magic || string(b[:magic-1]) != weightMagic[:magic-1] {
		return fmt.Errorf("not a packed weight file of resnetc but %s: give the one that resnetc compile wrote beside the package", weightFormat(b))
	}
	if b[magic-1] != weightMagic[magic-1] {
		return fmt.Errorf("format version %d, want %d: write package and weights with the same resnetc", b[magic-1], weightMagic[magic-1])
	}
	if len(b) < weightHeaderSize {
		return fmt.Errorf("cut off: %d bytes, want %d for %s", len(b), p.weightBytes(), p.Name)
	}
	hash, floats := binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])
	if floats != uint64(p.Weights) {
		return fmt.Errorf("%d values, want %d: they belong to another network than %s", floats, p.Weights, p.Name)
	}
	if hash != p.Hash {
		return fmt.Errorf("hash %016x, want %016x: they were packed for another compilation of %s", hash, p.Hash, p.Name)
	}
	for _, c := range b[24:weightHeaderSize] {
		if c != 0 {
			return errors.New("the header is damaged: bytes 24 to 63 must be zeros")
		}
	}
	return nil
}

// weightFormat names the format of a file that begins like b.
func weightFormat(b []byte) string {
	starts := func(prefix string) bool { return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix }
	switch {
	case len(b) == 0:
		return "empty"
	case starts("PK\x03\x04"):
		return "a zip archive or a PyTorch checkpoint"
	case starts("\x80\x02"), starts("\x80\x03"), starts("\x80\x04"):
		return "a pickle or an old PyTorch checkpoint"
	case len(b) > 8 && b[8] == '{':
		return "a safetensors file"
	case starts("\x08") && len(b) > 2 && b[2] == 0x12:
		return "an ONNX file"
	case starts("\x1f\x8b"):
		return "gzip-compressed data"
	case starts("version https://git-lfs"):
		return "a Git LFS pointer to the real file"
	}
	return "something else"
}

// bigEndian says whether float32s in memory need their bytes swapped.
func bigEndian() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 0
}

// weightFloats sees b as float32s where they lie, or copies them to a 64-byte
// boundary and in the machine's byte order.
func weightFloats(b []byte) []float32 {
	n := len(b) / 4
	if n == 0 {
		return nil
	}
	if p := unsafe.Pointer(unsafe.SliceData(b)); !bigEndian() && uintptr(p)%64 == 0 {
		return unsafe.Slice((*float32)(p), n)
	}
	floats := alignedFloats(n)
	if bigEndian() {
		decodeFloats(floats, b)
	} else {
		copy(floatBytes(floats), b)
	}
	return floats
}

// decodeFloats reads little-endian float32s on any machine; dst may lie where b does.
func decodeFloats(dst []float32, b []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}

// floatBytes is the memory of f.
func floatBytes(f []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(f))), 4*len(f))
}

// alignedFloats allocates n zeros that begin at a multiple of 64 bytes, which
// make does not promise.
func alignedFloats(n int) []float32 {
	const line = 16 // float32s in 64 bytes
	if n <= 0 {
		return nil
	}
	f := make([]float32, n+line-1)
	skip := -uintptr(unsafe.Pointer(&f[0])) % 64 / 4
	f = f[skip:][:n:n]
	wantHugePages(f)
	return f
}
