package pickle

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// maxLong is the longest integer in bytes; the longest in use is PyTorch's
// magic number, of ten.
const maxLong = 64

func skip(n uint64) func(*machine) error {
	return func(m *machine) error { _, err := m.take(n); return err }
}

func constant(v any) func(*machine) error { return func(m *machine) error { return m.push(v) } }

func (m *machine) stop() error {
	if len(m.stack) != 1 || len(m.marks) != 0 {
		return fmt.Errorf("the pickle ends with %d values on the stack, want 1", len(m.stack))
	}
	m.done = true
	return nil
}

func (m *machine) mark() error {
	m.marks = append(m.marks, len(m.stack))
	return m.push(mark{})
}

func (m *machine) drop() error { _, err := m.pop(); return err }

func (m *machine) dup() error {
	v, err := m.top()
	if err != nil {
		return err
	}
	return m.push(v)
}

func put(width uint64) func(*machine) error {
	return func(m *machine) error {
		i, err := m.number(width)
		if err != nil {
			return err
		}
		m.memo[i], err = m.top()
		return err
	}
}

func (m *machine) memoize() (err error) {
	i := uint64(len(m.memo))
	m.memo[i], err = m.top()
	return err
}

func get(width uint64) func(*machine) error {
	return func(m *machine) error {
		i, err := m.number(width)
		if err != nil {
			return err
		}
		v, ok := m.memo[i]
		if !ok {
			return fmt.Errorf("memo %d is read before it is written", i)
		}
		return m.push(v)
	}
}

func unsigned(width uint64) func(*machine) error {
	return func(m *machine) error {
		v, err := m.number(width)
		if err != nil {
			return err
		}
		return m.push(int64(v))
	}
}

func (m *machine) int32() error {
	v, err := m.number(4)
	if err != nil {
		return err
	}
	return m.push(int64(int32(v)))
}

// long reads a little-endian integer in two's complement.
func long(width uint64) func(*machine) error {
	return func(m *machine) error {
		n, err := m.number(width)
		if err != nil {
			return err
		}
		if n > maxLong {
			return fmt.Errorf("an integer of %d bytes, want at most %d", n, maxLong)
		}
		b, err := m.take(n)
		if err != nil {
			return err
		}
		b = slices.Clone(b)
		slices.Reverse(b)
		v := new(big.Int).SetBytes(b)
		if n > 0 && b[0]&0x80 != 0 {
			v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
		}
		if v.IsInt64() {
			return m.push(v.Int64())
		}
		return m.push(v)
	}
}

func (m *machine) float64() error {
	b, err := m.take(8)
	if err != nil {
		return err
	}
	var bits uint64
	for _, x := range b { // the one big-endian number of the format
		bits = bits<<8 | uint64(x)
	}
	return m.push(math.Float64frombits(bits))
}

// counted reads a length of the given width and that many bytes.
func (m *machine) counted(width uint64) ([]byte, error) {
	n, err := m.number(width)
	if err != nil {
		return nil, err
	}
	b, err := m.take(n)
	if errors.Is(err, errTruncated) {
		return nil, fmt.Errorf("a string of %d bytes, but only %d are left", n, len(m.data)-m.pos)
	}
	return b, err
}

func text(width uint64) func(*machine) error {
	return func(m *machine) error {
		b, err := m.counted(width)
		if err != nil {
			return err
		}
		return m.push(string(b))
	}
}

func bytes(width uint64) func(*machine) error {
	return func(m *machine) error {
		b, err := m.counted(width)
		if err != nil {
			return err
		}
		return m.push(slices.Clone(b))
	}
}
