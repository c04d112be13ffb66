//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package runtime

import (
	"fmt"
	"os"
	"syscall"
)

// weightsFromFile maps the file at path, so that processes share one copy in
// memory and a page is read when a layer first needs it.  The file must stay
// as it is while the model is open.
func weightsFromFile(p *Program, path string) (weightSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return weightSource{}, fmt.Errorf("packed weights: %w", err)
	}
	defer f.Close() // the mapping stays
	w, err := p.mapWeights(f)
	if err != nil {
		return weightSource{}, fmt.Errorf("packed weights %s: %w", path, err)
	}
	return w, nil
}

func (p *Program) mapWeights(f *os.File) (weightSource, error) {
	info, err := f.Stat()
	if err != nil {
		return weightSource{}, err
	}
	if !info.Mode().IsRegular() || bigEndian() {
		floats, err := readWeights(p, f)
		return weightSource{floats: floats}, err
	}
	header := make([]byte, min(weightHeaderSize, info.Size()))
	if _, err := f.ReadAt(header, 0); err != nil {
		return weightSource{}, err
	}
	if err := p.checkWeightHeader(header); err != nil {
		return weightSource{}, err
	}
	if err := p.checkWeightSize(info.Size()); err != nil {
		return weightSource{}, err
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return weightSource{}, fmt.Errorf("mmap: %w", err)
	}
	return weightSource{
		floats: weightFloats(b[weightHeaderSize:]),
		unmap:  func() error { return syscall.Munmap(b) },
	}, nil
}
