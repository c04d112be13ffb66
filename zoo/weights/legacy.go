package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/resnetc/resnetc/zoo/weights/internal/pickle"
)

// magic is the number that torch.save wrote first until PyTorch 1.6.
var magic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

// plain is what a pickle without tensors needs: nothing.
var plain = pickle.Config{
	Global: resolveGlobal,
	Persistent: func(any) (any, error) {
		return nil, errors.New("a persistent id where there can be none")
	},
}

// readLegacy reads PyTorch's older format: five pickles (the magic number, the
// version, the system's type sizes, the object, the storages' keys) and then,
// for each key, the number of elements and the elements.
func readLegacy(data []byte) ([]Tensor, error) {
	r := &legacy{data: data}
	first, err := r.load(plain)
	if err != nil {
		return nil, err
	}
	if n, ok := first.(*big.Int); !ok || n.Cmp(magic) != 0 {
		return nil, errors.New("a pickle, but not one that torch.save wrote; " + advice)
	}
	version, err := r.load(plain)
	if err != nil {
		return nil, err
	}
	if version != int64(1001) {
		return nil, fmt.Errorf("version %v of PyTorch's older format, want 1001", version)
	}
	if err := r.checkSystem(); err != nil {
		return nil, err
	}
	set := storageSet{}
	value, err := r.load(pickle.Config{Global: resolveGlobal, Persistent: set.resolve})
	if err != nil {
		return nil, err
	}
	list, err := stateDict(value)
	if err != nil {
		return nil, err
	}
	if err := r.fill(set); err != nil {
		return nil, err
	}
	return materializeFilled(list)
}

// legacy reads a file from front to back.
type legacy struct{ data []byte }

func (r *legacy) load(c pickle.Config) (any, error) {
	v, n, err := pickle.Load(r.data, c)
	if err != nil {
		return nil, err
	}
	r.data = r.data[n:]
	return v, nil
}

func (r *legacy) checkSystem() error {
	system, err := r.load(plain)
	if err != nil {
		return err
	}
	d, ok := system.(*pickle.Dict)
	if !ok {
		return errors.New("no dict where the system's description should be")
	}
	if little, ok := d.Get("little_endian"); ok && little != true {
		return errors.New("written by a big-endian machine, want little-endian")
	}
	return nil
}

// fill reads the storages' elements.
func (r *legacy) fill(set storageSet) error {
	v, err := r.load(plain)
	if err != nil {
		return err
	}
	keys, ok := v.(*pickle.List)
	if !ok {
		return errors.New("no list where the storages' keys should be")
	}
	for _, k := range keys.Items {
		key, ok := k.(string)
		s := set[key]
		if !ok || s == nil || s.filled {
			return fmt.Errorf("storage %q is not one that a tensor uses, or is there twice", key)
		}
		if len(r.data) < 8 {
			return fmt.Errorf("storage %q: the file ends before it", key)
		}
		n := binary.LittleEndian.Uint64(r.data)
		r.data = r.data[8:]
		if n != uint64(s.elems) {
			return fmt.Errorf("storage %q has %d elements, want %d", key, n, s.elems)
		}
		if s.elems > len(r.data)/s.dtype.size {
			return fmt.Errorf("storage %q takes %d elements of %d bytes, but the file has only %d bytes more", key, n, s.dtype.size, len(r.data))
		}
		s.data, s.filled = r.data[:s.elems*s.dtype.size], true
		r.data = r.data[len(s.data):]
	}
	return nil
}

// materializeFilled copies the tensors; every storage must have been filled.
func materializeFilled(list []named) ([]Tensor, error) {
	stored := 0
	seen := map[*storage]bool{}
	for _, n := range list {
		s := n.view.storage
		if s.base != nil {
			s = s.base
		}
		if seen[s] {
			continue
		}
		seen[s] = true
		if !s.filled {
			return nil, fmt.Errorf("tensor %q: its storage %q is not in the file", n.name, s.key)
		}
		stored += s.elems
	}
	return materialize(list, stored)
}
