//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package runtime

import (
	"fmt"
	"os"
)

// weightsFromFile reads the file at path: this system's way of mapping a file
// is not in the standard library.
func weightsFromFile(p *Program, path string) (weightSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return weightSource{}, fmt.Errorf("packed weights: %w", err)
	}
	defer f.Close()
	floats, err := readWeights(p, f)
	if err != nil {
		return weightSource{}, fmt.Errorf("packed weights %s: %w", path, err)
	}
	return weightSource{floats: floats}, nil
}
