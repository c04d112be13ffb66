package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Array is a float32 array in C order.
type Array struct {
	Shape []int
	Data  []float32
}

const magic = "\x93NUMPY"

// maxHeader is far above what any float32 array needs; a longer header is damage.
const maxHeader = 1 << 16

// ReadFile reads an array.  Errors name the file.
func ReadFile(path string) (Array, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Array{}, err
	}
	a, err := Read(data)
	if err != nil {
		return Array{}, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// Read decodes a whole file.
func Read(data []byte) (Array, error) {
	r := bytes.NewReader(data)
	header, err := readHeader(r)
	if err != nil {
		return Array{}, err
	}
	shape, err := parseHeader(header)
	if err != nil {
		return Array{}, err
	}
	n := 1
	for _, d := range shape {
		// The elements must be in the file, so its size bounds every product.
		if d > 0 && n > r.Len()/4/d {
			return Array{}, fmt.Errorf("shape %v needs more than the %d bytes that follow the header: the file is cut short", shape, r.Len())
		}
		n *= d
	}
	if r.Len() != 4*n {
		return Array{}, fmt.Errorf("%d bytes follow the header, but shape %v needs %d", r.Len(), shape, 4*n)
	}
	a := Array{Shape: shape, Data: make([]float32, n)}
	for i, raw := 0, data[len(data)-4*n:]; i < n; i++ {
		a.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return a, nil
}

func readHeader(r *bytes.Reader) (string, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != magic {
		return "", errors.New("not a .npy file: write it with numpy.save")
	}
	var size int64
	switch start[6] {
	case 1:
		var n uint16
		if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
			return "", errors.New("the .npy header is cut short")
		}
		size = int64(n)
	case 2:
		var n uint32
		if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
			return "", errors.New("the .npy header is cut short")
		}
		size = int64(n)
	default:
		return "", fmt.Errorf(".npy format %d.%d, want 1.0 or 2.0", start[6], start[7])
	}
	if size > maxHeader || size > int64(r.Len()) {
		return "", errors.New("the .npy header is cut short")
	}
	header := make([]byte, size)
	_, err := io.ReadFull(r, header)
	return string(header), err
}

var (
	descr   = regexp.MustCompile(`'descr':\s*('[^']*'|\[[^\]]*\])`)
	fortran = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	shapeRE = regexp.MustCompile(`'shape':\s*\(([0-9, ]*)\)`)
)

// parseHeader reads the header's Python dictionary, whose form the format fixes.
func parseHeader(h string) ([]int, error) {
	d, f, s := descr.FindStringSubmatch(h), fortran.FindStringSubmatch(h), shapeRE.FindStringSubmatch(h)
	if d == nil || f == nil || s == nil {
		return nil, fmt.Errorf(".npy header %.80q lacks descr, fortran_order or shape", strings.TrimSpace(h))
	}
	if d[1] != "'<f4'" {
		return nil, fmt.Errorf("elements are %s, want '<f4' (float32): convert with x.astype('float32')", d[1])
	}
	if f[1] != "False" {
		return nil, errors.New("array is in Fortran order, want C order: convert with numpy.ascontiguousarray(x)")
	}
	var shape []int
	for p := range strings.SplitSeq(s[1], ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("shape (%s): %w", s[1], err)
		}
		shape = append(shape, n)
	}
	return shape, nil
}
