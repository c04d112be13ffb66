package weights

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// WriteSafetensors writes tensors as safetensors, in float32 and in their
// order: equal arguments give equal bytes.
func WriteSafetensors(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	header, err := buildHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	b := bufio.NewWriterSize(w, 1<<16)
	if err := binary.Write(b, binary.LittleEndian, uint64(len(header))); err != nil {
		return err
	}
	b.Write(header) // a bufio.Writer keeps its first error for Flush
	var word [4]byte
	for _, t := range tensors {
		for _, v := range t.Data {
			binary.LittleEndian.PutUint32(word[:], math.Float32bits(v))
			b.Write(word[:])
		}
	}
	return b.Flush()
}

func buildHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	field := func(key string, value any) error {
		if b.WriteByte(','); b.Len() == 1 {
			b.Bytes()[0] = '{'
		}
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value) // sorts the keys of a map
		b.Write(append(append(k, ':'), v...))
		return err
	}
	if len(metadata) > 0 {
		if err := field(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{metadataKey: true}
	at := 0
	for _, t := range tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %q: the name is reserved or there twice", t.Name)
		}
		seen[t.Name] = true
		if n, ok := elems(t.Shape, maxElems); !ok || n != len(t.Data) {
			return nil, fmt.Errorf("tensor %q: %d elements, but shape %v", t.Name, len(t.Data), t.Shape)
		}
		end := at + 4*len(t.Data)
		err := field(t.Name, struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{"F32", append([]int{}, t.Shape...), [2]int{at, end}})
		if err != nil {
			return nil, err
		}
		at = end
	}
	if b.Len() == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 { // so that the data is aligned
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}
