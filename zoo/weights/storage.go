package weights

import (
	"fmt"

	"github.com/resnetc/resnetc/zoo/weights/internal/pickle"
)

// storages maps PyTorch's storage classes to their element types.
var storages = map[string]string{
	"FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16", "DoubleStorage": "F64",
	"LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8",
	"ByteStorage": "U8", "BoolStorage": "BOOL",
}

// class is one of PyTorch's storage classes.
type class struct {
	name  string
	dtype *dtype
}

func (c class) String() string { return "torch." + c.name }

// storage is a flat array that tensors are views of.
type storage struct {
	key    string
	dtype  *dtype
	elems  int
	data   []byte
	filled bool // data is there
	// base and offset, in elements, are set for a view of another storage,
	// as PyTorch before 0.4 wrote them.
	base   *storage
	offset int
}

func (s *storage) String() string { return fmt.Sprintf("storage %q", s.key) }

// bytes returns the storage's data.
func (s *storage) bytes() []byte {
	if s.base == nil {
		return s.data
	}
	return s.base.data[s.offset*s.dtype.size:][:s.elems*s.dtype.size]
}

// storageSet keeps the storages that a pickle refers to, each once.
type storageSet map[string]*storage

// resolve makes a storage of a persistent id: the tuple "storage", class, key,
// device, number of elements, and in the older format None or a view.
func (set storageSet) resolve(id any) (any, error) {
	t, ok := id.(pickle.Tuple)
	if !ok || len(t) < 5 || len(t) > 6 || t[0] != "storage" {
		if ok && len(t) > 0 && t[0] == "module" {
			return nil, errWholeModel
		}
		return nil, fmt.Errorf("a persistent id that is no storage")
	}
	c, ok1 := t[1].(class)
	key, ok2 := t[2].(string)
	n, ok3 := t[4].(int64)
	if !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("a storage whose class, key or size has the wrong type")
	}
	if n < 0 || n > int64(maxElems) {
		return nil, fmt.Errorf("storage %q of %d elements", key, n)
	}
	s, err := set.add(key, c.dtype, int(n))
	if err != nil || len(t) == 5 || t[5] == nil {
		return s, err
	}
	return set.view(s, t[5])
}

func (set storageSet) add(key string, d *dtype, n int) (*storage, error) {
	s, ok := set[key]
	if !ok {
		s = &storage{key: key, dtype: d, elems: n}
		set[key] = s
	}
	if s.dtype != d || s.elems != n {
		return nil, fmt.Errorf("storage %q is %d elements of %s in one place and %d of %s in another", key, s.elems, s.dtype.name, n, d.name)
	}
	return s, nil
}

// view makes a storage that is part of base: the tuple key, offset, size.
func (set storageSet) view(base *storage, meta any) (*storage, error) {
	t, ok := meta.(pickle.Tuple)
	if !ok || len(t) != 3 {
		return nil, fmt.Errorf("%v: a view that is no tuple of key, offset and size", base)
	}
	key, ok1 := t[0].(string)
	offset, ok2 := t[1].(int64)
	size, ok3 := t[2].(int64)
	if !ok1 || !ok2 || !ok3 || offset < 0 || size < 0 || size > int64(base.elems) || offset > int64(base.elems)-size {
		return nil, fmt.Errorf("%v has %d elements; a view of %v elements from %v does not fit", base, base.elems, t[2], t[1])
	}
	return &storage{key: key, dtype: base.dtype, elems: int(size), base: base, offset: int(offset)}, nil
}
