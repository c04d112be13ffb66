package peers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// The .npy format, version 1.0: numpy.lib.format.
var npyMagic = []byte("\x93NUMPY\x01\x00")

// encodeNPY writes float32 elements as an array of n rows.
func encodeNPY(data []float32, n int) []byte {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", n, len(data)/n)
	// The data start at a multiple of 64 bytes.
	pad := 63 - (len(npyMagic)+2+len(header))%64
	header += strings.Repeat(" ", pad) + "\n"
	b := make([]byte, 0, len(npyMagic)+2+len(header)+4*len(data))
	b = append(b, npyMagic...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	b = append(b, header...)
	for _, x := range data {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

var npyShape = regexp.MustCompile(`'shape': \(([0-9, ]*)\)`)

// decodeNPY reads what numpy.save writes of a float32 array in C order.
func decodeNPY(b []byte) (data []float32, shape []int, err error) {
	rest, ok := bytes.CutPrefix(b, npyMagic)
	if !ok || len(rest) < 2 {
		return nil, nil, errors.New("not an .npy file of version 1.0")
	}
	size := int(binary.LittleEndian.Uint16(rest))
	if rest = rest[2:]; len(rest) < size {
		return nil, nil, errors.New("the .npy header is cut off")
	}
	header, body := string(rest[:size]), rest[size:]
	dims := npyShape.FindStringSubmatch(header)
	if dims == nil || !strings.Contains(header, "'descr': '<f4'") || !strings.Contains(header, "'fortran_order': False") {
		return nil, nil, fmt.Errorf("the .npy header is %q, want little-endian float32 in C order", header)
	}
	elems := 1
	for d := range strings.FieldsFuncSeq(dims[1], func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(d)
		if err != nil || n > len(body) {
			return nil, nil, fmt.Errorf("the .npy header has shape (%s), more than the file holds", dims[1])
		}
		shape = append(shape, n)
		if elems *= n; elems > len(body) {
			break
		}
	}
	if 4*elems != len(body) {
		return nil, nil, fmt.Errorf("the .npy file has %d bytes of data, want those of shape (%s)", len(body), dims[1])
	}
	data = make([]float32, elems)
	for i := range data {
		data[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
	}
	return data, shape, nil
}
