package pickle

import (
	"errors"
	"fmt"
)

// MaxObjects is how many values one pickle may put on the stack.  A checkpoint of
// ResNet-1202 with Adam's state takes about a fifth of it.
const MaxObjects = 1 << 21

// Config gives a pickle access to the world.
type Config struct {
	// Global resolves a name, for instance "collections", "OrderedDict", to a
	// value, often a [Callable].  Its error is how a name is refused.
	Global func(module, name string) (any, error)
	// Persistent resolves a persistent id: a reference to data that lies
	// outside the pickle.
	Persistent func(id any) (any, error)
}

// mark is what the instruction MARK puts on the stack.
type mark struct{}

type machine struct {
	Config
	data   []byte
	pos    int
	stack  []any
	marks  []int // positions of the marks in stack
	memo   map[uint64]any
	pushes int
	done   bool
}

var errTruncated = errors.New("the pickle ends in the middle of an instruction")

// Load runs the pickle at the beginning of data; it returns the value and the
// number of bytes that the pickle takes.  Errors say at which byte it went wrong.
func Load(data []byte, c Config) (value any, size int, err error) {
	m := &machine{Config: c, data: data, memo: map[uint64]any{}}
	for !m.done {
		at := m.pos
		if err := m.step(); err != nil {
			return nil, 0, fmt.Errorf("pickle, byte %d: %w", at, err)
		}
	}
	return m.stack[0], m.pos, nil
}

func (m *machine) step() error {
	op, err := m.take(1)
	if err != nil {
		return errors.New("the pickle ends before its STOP instruction")
	}
	in := instructions[op[0]]
	switch {
	case in.run != nil:
		return in.run(m)
	case in.name != "":
		return fmt.Errorf("instruction %s makes an object or runs code; only plain data and tensors are read", in.name)
	}
	return fmt.Errorf("unknown instruction 0x%02x, or one of a text protocol (0 or 1)", op[0])
}

// take consumes n bytes of the pickle.
func (m *machine) take(n uint64) ([]byte, error) {
	if n > uint64(len(m.data)-m.pos) {
		return nil, errTruncated
	}
	b := m.data[m.pos : m.pos+int(n)]
	m.pos += int(n)
	return b, nil
}

// number consumes a little-endian unsigned number of n bytes.
func (m *machine) number(n uint64) (uint64, error) {
	b, err := m.take(n)
	if err != nil {
		return 0, err
	}
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v, nil
}

// line consumes a line of text, without its end.
func (m *machine) line() (string, error) {
	for i := m.pos; i < len(m.data); i++ {
		if m.data[i] == '\n' {
			s := string(m.data[m.pos:i])
			m.pos = i + 1
			return s, nil
		}
	}
	return "", errTruncated
}

func (m *machine) push(v any) error {
	if m.pushes++; m.pushes > MaxObjects {
		return fmt.Errorf("more than %d objects: this is no file of weights", MaxObjects)
	}
	m.stack = append(m.stack, v)
	return nil
}

// pop takes the last value that lies above the last mark.
func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

func (m *machine) top() (any, error) {
	floor := 0
	if len(m.marks) > 0 {
		floor = m.marks[len(m.marks)-1] + 1
	}
	if len(m.stack) <= floor {
		return nil, errors.New("an instruction finds its operand missing from the stack")
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark takes the values above the last mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("an instruction finds no MARK on the stack")
	}
	at := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	// A copy: the stack's memory is written again.
	items := append([]any(nil), m.stack[at+1:]...)
	m.stack = m.stack[:at]
	return items, nil
}
