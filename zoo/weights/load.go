package weights

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxFile bounds a file, and what a compressed one grows to: four times what
// the largest network of the zoo takes in float64.
const maxFile = 4 << 30

// Load reads the tensors of a file of weights, in the file's order.
func Load(path string) ([]Tensor, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("weights: %s is not a regular file", path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("weights: %s: %d bytes, want at most %d", path, info.Size(), int64(maxFile))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return Read(path, data)
}

// Read is [Load] for a file already in memory; path is for errors only.
func Read(path string, data []byte) ([]Tensor, error) {
	list, err := sniff(data, true)
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", path, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("weights: %s: no tensors in it", path)
	}
	stripPrefixes(list)
	return list, nil
}

// sniff reads data in whatever format it has; archive says whether it may be
// an archive around a file of weights.
func sniff(data []byte, archive bool) ([]Tensor, error) {
	switch {
	case len(data) == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readZip(data, archive)
	case bytes.HasPrefix(data, []byte("\x80")) && len(data) > 1 && data[1] >= 2 && data[1] <= 5:
		return readLegacy(data)
	case len(data) > 8 && data[8] == '{':
		return readSafetensors(data)
	}
	for _, f := range foreign {
		if bytes.HasPrefix(data, []byte(f.prefix)) {
			return nil, errors.New(f.advice)
		}
	}
	return nil, fmt.Errorf("neither safetensors nor a PyTorch file: it begins with %q", data[:min(16, len(data))])
}

// foreign lists what people have in place of a file of weights.
var foreign = []struct{ prefix, advice string }{
	{"version https://git-lfs", "a Git LFS pointer and not the file itself: run git lfs pull"},
	{"\x89HDF", "an HDF5 (Keras) file; save the weights as safetensors"},
	{"\x93NUMPY", "a NumPy array; save the weights as safetensors"},
	{"<", "a web page and not weights: the download went wrong"},
	{"\x1f\x8b", "compressed by gzip: unpack it first"},
}

// prefixes are what wrappers put in front of every name: DistributedDataParallel,
// torch.compile and Lightning.
var prefixes = []string{"module.", "_orig_mod.", "model."}

// stripPrefixes removes the wrappers' prefixes where all names have them.
func stripPrefixes(list []Tensor) {
	for again := true; again; {
		again = false
		for _, p := range prefixes {
			all := true
			for _, t := range list {
				all = all && strings.HasPrefix(t.Name, p) && len(t.Name) > len(p)
			}
			for i := range list {
				if all {
					list[i].Name = list[i].Name[len(p):]
				}
			}
			again = again || all
		}
	}
}
