package weights

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/resnetc/resnetc/zoo/weights/internal/pickle"
)

// readZip reads PyTorch's zip format: NAME/data.pkl and NAME/data/KEY for each
// storage.  If archive is set, an archive around one file of weights will do too.
func readZip(data []byte, archive bool) ([]Tensor, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("zip archive: %w", err)
	}
	a, err := archiveOf(r, len(data))
	if err != nil {
		return nil, err
	}
	var root string
	var found int
	for name := range a.files {
		if path.Base(name) == "data.pkl" {
			root = path.Dir(name)
			found++
		}
	}
	switch {
	case found == 1:
		return a.readTorch(root)
	case found > 1:
		return nil, fmt.Errorf("zip archive: %d files data.pkl, want one", found)
	case archive && len(a.files) == 1:
		for name := range a.files {
			inner, err := a.read(name, maxFile)
			if err != nil {
				return nil, err
			}
			list, err := sniff(inner, false)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return list, nil
		}
	}
	return nil, fmt.Errorf("zip archive: %d files and no data.pkl; want one that PyTorch wrote, or a single file of weights", len(a.files))
}

type archive struct {
	files map[string]*zip.File
	size  uint64 // of the whole archive
	left  uint64 // bytes that may still be unpacked
}

func archiveOf(r *zip.Reader, size int) (*archive, error) {
	a := &archive{map[string]*zip.File{}, uint64(size), min(maxFile, maxRatio*uint64(size)+1<<20)}
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if a.files[f.Name] != nil {
			return nil, fmt.Errorf("zip archive: %s is there twice", f.Name)
		}
		a.files[f.Name] = f
	}
	return a, nil
}

// maxRatio bounds how many bytes may be unpacked of one, on the whole: coded
// weights reach ten, an attack a thousand.
const maxRatio = 100

// read returns a file's content, whose checksum it tests; more than limit
// bytes are an error.
func (a *archive) read(name string, limit uint64) ([]byte, error) {
	f := a.files[name]
	if f == nil {
		return nil, fmt.Errorf("zip archive: no file %s", name)
	}
	size := f.UncompressedSize64
	if limit = min(limit, a.left); size > limit {
		return nil, fmt.Errorf("zip archive: %s unpacks to %d bytes, want at most %d", name, size, limit)
	}
	a.left -= size
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("zip archive: %s: %w", name, err)
	}
	defer r.Close()
	// The size is a claim: not much more is reserved for it than the file has.
	var b bytes.Buffer
	b.Grow(int(min(size, 4*a.size)) + bytes.MinRead)
	// A file that goes on past its claim is found out by the zip reader.
	if _, err := b.ReadFrom(io.LimitReader(r, int64(size)+1)); err != nil {
		return nil, fmt.Errorf("zip archive: %s: %w", name, err)
	}
	return b.Bytes(), nil
}

func (a *archive) readTorch(root string) ([]Tensor, error) {
	if order := path.Join(root, "byteorder"); a.files[order] != nil {
		text, err := a.read(order, 64)
		if err != nil {
			return nil, err
		}
		if string(text) != "little" {
			return nil, fmt.Errorf("byte order %q, want little", text)
		}
	}
	program, err := a.read(path.Join(root, "data.pkl"), maxPickle)
	if err != nil {
		return nil, err
	}
	set := storageSet{}
	value, _, err := pickle.Load(program, pickle.Config{Global: resolveGlobal, Persistent: set.resolve})
	if err != nil {
		return nil, err
	}
	list, err := stateDict(value)
	if err != nil {
		return nil, err
	}
	// Only what the state_dict needs is read: an optimizer's state, twice
	// as large as the weights, stays where it is.
	for _, n := range list {
		if err := a.fill(root, n.view.storage); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", n.name, err)
		}
	}
	return materializeFilled(list)
}

// maxPickle bounds data.pkl, which holds names and shapes only.
const maxPickle = 256 << 20

func (a *archive) fill(root string, s *storage) error {
	if s.base != nil {
		return errors.New("a view of a storage, which this format does not have")
	}
	if s.filled {
		return nil
	}
	want := uint64(s.elems) * uint64(s.dtype.size) // maxElems forbids an overflow
	data, err := a.read(path.Join(root, "data", s.key), want)
	if err != nil {
		return err
	}
	if uint64(len(data)) != want {
		return fmt.Errorf("storage %q has %d bytes, want %d", s.key, len(data), want)
	}
	s.data, s.filled = data, true
	return nil
}
