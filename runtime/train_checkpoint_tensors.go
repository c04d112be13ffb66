package runtime

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math"
	"slices"
)

// Tensors are stored as safetensors (github.com/huggingface/safetensors): the
// length of a header, 8 bytes, the header in JSON, the float32s.

const maxTensorHeader = 100_000_000 // what the safetensors library accepts

type tensorEntry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// writeTensors writes tensors in their order: equal ones give equal bytes.
func writeTensors(w io.Writer, tensors []Tensor) error {
	header := []byte{'{'}
	at := 0
	for i, t := range tensors {
		if n := elementsOf(t.Shape); n != len(t.Data) {
			return fmt.Errorf("tensor %s: %d values, but shape %v", t.Name, len(t.Data), t.Shape)
		}
		if slices.ContainsFunc(tensors[:i], func(u Tensor) bool { return u.Name == t.Name }) {
			return fmt.Errorf("tensor %s is there twice", t.Name)
		}
		end := at + 4*len(t.Data)
		name, err := json.Marshal(t.Name)
		if err != nil {
			return err
		}
		entry, err := json.Marshal(tensorEntry{"F32", append([]int{}, t.Shape...), [2]int{at, end}})
		if err != nil {
			return err
		}
		if i > 0 {
			header = append(header, ',')
		}
		header = append(append(append(header, name...), ':'), entry...)
		at = end
	}
	header = append(header, '}')
	for len(header)%8 != 0 { // so that the data is aligned
		header = append(header, ' ')
	}
	b := bufio.NewWriterSize(w, 1<<16)
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], uint64(len(header)))
	b.Write(word[:]) // a bufio.Writer keeps its first error for Flush
	b.Write(header)
	for _, t := range tensors {
		if !bigEndian() {
			b.Write(floatBytes(t.Data))
			continue
		}
		for _, v := range t.Data {
			binary.LittleEndian.PutUint32(word[:4], math.Float32bits(v))
			b.Write(word[:4])
		}
	}
	return b.Flush()
}

// readTensors reads what writeTensors writes, in the order of the data.
func readTensors(b []byte) ([]Tensor, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("%d bytes, too short for safetensors", len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	if n > maxTensorHeader || n > uint64(len(b)-8) {
		return nil, fmt.Errorf("the safetensors header claims %d bytes, the file has %d more", n, len(b)-8)
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	delete(header, "__metadata__")
	body := b[8+n:]
	type named struct {
		name string
		tensorEntry
	}
	var entries []named
	for name, raw := range header {
		var e tensorEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("safetensors header: tensor %s: %w", name, err)
		}
		entries = append(entries, named{name, e})
	}
	slices.SortFunc(entries, func(a, b named) int {
		if c := a.Offsets[0] - b.Offsets[0]; c != 0 {
			return c
		}
		return a.Offsets[1] - b.Offsets[1]
	})
	var tensors []Tensor
	at := 0
	for _, e := range entries {
		size := elementsOf(e.Shape)
		switch {
		case e.DType != "F32":
			return nil, fmt.Errorf("tensor %s is %s, want F32", e.name, e.DType)
		case size < 0:
			return nil, fmt.Errorf("tensor %s has the impossible shape %v", e.name, e.Shape)
		case e.Offsets[0] != at || e.Offsets[1]-at != 4*size || e.Offsets[1] > len(body):
			return nil, fmt.Errorf("tensor %s lies at bytes %v of %d, want it from %d on with %d bytes", e.name, e.Offsets, len(body), at, 4*size)
		}
		data := make([]float32, size)
		decodeFloats(data, body[at:])
		tensors = append(tensors, Tensor{e.name, e.Shape, data})
		at = e.Offsets[1]
	}
	if at != len(body) {
		return nil, errors.New("bytes behind the last tensor")
	}
	return tensors, nil
}

// elementsOf is the product of a shape, or -1 if that cannot be a tensor's in memory.
func elementsOf(shape []int) int {
	const most = 1 << 40
	n := 1
	for _, v := range shape {
		if v < 0 || v > most || v > 0 && n > most/v {
			return -1
		}
		n *= v
	}
	return n
}

var checkpointTable = crc64.MakeTable(crc64.ECMA)
