package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"
)

// IDX (LeCun, Cortes, Burges, "The MNIST database of handwritten digits"): two
// zero bytes, one for the type of the elements (8 for bytes), one for the
// number of axes, a big-endian uint32 for the length of each axis, and then the
// elements.
const (
	idxBytes = 8
	idxLimit = 4 << 30
)

// openIDX reads train-images-idx3-ubyte with train-labels-idx1-ubyte, or the
// same of t10k, for MNIST and what is stored like it.  The number of classes is
// that of the largest label, at least 10.
func openIDX(t *dataTree, root, split string) (*Dataset, error) {
	prefix, ok := map[string]string{"": "train", "train": "train", "test": "t10k"}[split]
	if !ok {
		return nil, fmt.Errorf("data %s: MNIST has a split train and a split test, none %q", t.name, split)
	}
	images, labels := path.Join(root, prefix+"-images-idx3-ubyte"), path.Join(root, prefix+"-labels-idx1-ubyte")
	b, err := t.read(images, idxLimit)
	if err != nil {
		return nil, err
	}
	axes, pixels, err := parseIDX(b, 3)
	if err != nil {
		return nil, t.errorf(images, "%w", err)
	}
	if b, err = t.read(labels, idxLimit); err != nil {
		return nil, err
	}
	count, classes, err := parseIDX(b, 1)
	if err != nil {
		return nil, t.errorf(labels, "%w", err)
	}
	if count[0] != axes[0] {
		return nil, t.errorf(labels, "%d labels for %d images", count[0], axes[0])
	}
	d := &Dataset{name: t.name, count: 10, shape: [3]int{1, axes[1], axes[2]}, pixels: pixels}
	for _, c := range classes {
		d.labels = append(d.labels, int32(c))
		d.count = max(d.count, int(c)+1)
	}
	return newDataset(d)
}

// parseIDX gives the lengths of the axes and the elements.
func parseIDX(b []byte, axes int) ([]int, []byte, error) {
	header := 4 + 4*axes
	switch {
	case len(b) == 0:
		return nil, nil, errors.New("empty, want an IDX file")
	case len(b) < header:
		return nil, nil, fmt.Errorf("%d bytes, too short for an IDX header of %d", len(b), header)
	case b[0] != 0 || b[1] != 0:
		return nil, nil, fmt.Errorf("not an IDX file: it begins with % x, want 00 00", b[:2])
	case b[2] != idxBytes:
		return nil, nil, fmt.Errorf("elements of type %#02x, want %#02x (bytes)", b[2], idxBytes)
	case int(b[3]) != axes:
		return nil, nil, fmt.Errorf("%d axes, want %d", b[3], axes)
	}
	lengths := make([]int, axes)
	size := uint64(1)
	for i := range lengths {
		n := binary.BigEndian.Uint32(b[4+4*i:])
		lengths[i] = int(n)
		if n == 0 {
			return nil, nil, fmt.Errorf("axis %d has length 0", i)
		}
		if size *= uint64(n); size > idxLimit {
			return nil, nil, fmt.Errorf("the header claims more than %d bytes", int64(idxLimit))
		}
	}
	body := b[header:]
	if uint64(len(body)) < size {
		return nil, nil, fmt.Errorf("cut off: element %d of %d is missing: download it again", len(body), size)
	}
	if uint64(len(body)) > size {
		return nil, nil, fmt.Errorf("%d bytes behind the last of %d elements", uint64(len(body))-size, size)
	}
	return lengths, body, nil
}
