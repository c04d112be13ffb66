package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxHeader is the longest header that the safetensors library accepts.
const maxHeader = 100_000_000

const metadataKey = "__metadata__"

// entry is one tensor in a safetensors header.
type entry struct {
	name       string
	dtype      *dtype
	shape      []int
	begin, end int // in the data that follows the header
}

// readSafetensors reads the format of github.com/huggingface/safetensors: the
// header's length (8 bytes), the header in JSON, and the tensors' bytes, which
// must fill the rest of the file without a gap or an overlap.
func readSafetensors(data []byte) ([]Tensor, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("safetensors: %d bytes, too short for a header", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader || n > uint64(len(data)-8) {
		return nil, fmt.Errorf("safetensors: the header claims %d bytes, the file has %d more (at most %d allowed)", n, len(data)-8, maxHeader)
	}
	entries, err := parseHeader(data[8 : 8+n])
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	body := data[8+n:]
	if err := checkOffsets(entries, len(body)); err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	list := make([]Tensor, len(entries))
	for i, e := range entries {
		list[i] = Tensor{e.name, e.shape, e.dtype.name, e.dtype.decode(body[e.begin:e.end])}
	}
	return list, nil
}

func parseHeader(text []byte) ([]entry, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	var entries []entry
	err := object(dec, func(name string) error {
		if name == metadataKey {
			var m map[string]string
			return dec.Decode(&m)
		}
		e, err := parseEntry(dec)
		e.name = name
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return entries, nil
}

// object reads a JSON object and calls value to read what belongs to each key.
// A repeated key, which encoding/json would let pass, is an error.
func object(dec *json.Decoder, value func(key string) error) error {
	open, err := dec.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('{') {
		return fmt.Errorf("%v where a JSON object should begin", open)
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		key := t.(string) // the decoder accepts nothing else there
		if seen[key] {
			return fmt.Errorf("%q is there twice", key)
		}
		seen[key] = true
		if err := value(key); err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
	}
	_, err = dec.Token()
	return err
}

func parseEntry(dec *json.Decoder) (e entry, err error) {
	var dtype string
	var shape, offsets []int
	err = object(dec, func(key string) error {
		switch key {
		case "dtype":
			return dec.Decode(&dtype)
		case "shape":
			return dec.Decode(&shape)
		case "data_offsets":
			return dec.Decode(&offsets)
		}
		return errors.New("unknown key")
	})
	if err != nil {
		return e, err
	}
	if e.dtype = dtypeNamed(dtype); e.dtype == nil {
		return e, fmt.Errorf("dtype %q, want F32, F16, BF16, F64 or an integer type", dtype)
	}
	n, ok := elems(shape, maxElems)
	switch {
	case shape == nil:
		return e, errors.New("no shape")
	case !ok:
		return e, fmt.Errorf("shape %v is impossible", shape)
	case len(offsets) != 2 || offsets[0] < 0 || offsets[1] < offsets[0]:
		return e, fmt.Errorf("data_offsets %v, want a begin and an end behind it", offsets)
	case offsets[1]-offsets[0] != n*e.dtype.size:
		return e, fmt.Errorf("%d bytes of data, but %s of shape %v takes %d", offsets[1]-offsets[0], dtype, shape, n*e.dtype.size)
	}
	e.shape, e.begin, e.end = shape, offsets[0], offsets[1]
	return e, nil
}

// checkOffsets checks that the entries fill size bytes.
func checkOffsets(entries []entry, size int) error {
	order := slices.Clone(entries)
	slices.SortStableFunc(order, func(a, b entry) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return a.end - b.end // empty tensors first
	})
	at, before := 0, "the header"
	for _, e := range order {
		switch {
		case e.end > size:
			return fmt.Errorf("tensor %q ends at byte %d of %d: the file is cut short", e.name, e.end, size)
		case e.begin < at:
			return fmt.Errorf("tensor %q begins at byte %d, inside of %q", e.name, e.begin, before)
		case e.begin > at:
			return fmt.Errorf("%d bytes before tensor %q belong to nothing", e.begin-at, e.name)
		}
		at, before = e.end, e.name
	}
	if at != size {
		return fmt.Errorf("%d bytes behind the last tensor belong to nothing", size-at)
	}
	return nil
}
