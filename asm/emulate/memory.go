package emulate

import (
	"fmt"
	"unsafe"
)

// stack is the memory that SP and FP point to: the frame, the frame pointer
// and return address, which are nobody's, and the arguments, with space around
// them where nobody may go.
type stack struct {
	memory      []uint64
	from        uint64 // address
	frame, args uint64 // addresses
	frameSize   uint64
	argsSize    uint64
	written     []bool // by byte of the frame
}

const redZone = 512 // bytes

func (s *stack) init(p *Program, arg uint64) {
	s.memory = make([]uint64, (2*redZone+p.frame+7)/8+2+p.args/8)
	s.from = uint64(uintptr(unsafe.Pointer(&s.memory[0])))
	s.frame, s.frameSize = s.from+redZone, uint64(p.frame)
	at := (redZone+p.frame+7)/8 + 2
	s.memory[at] = arg
	s.args, s.argsSize = s.from+8*uint64(at), uint64(p.args)
	s.written = make([]bool, p.frame)
}

// check checks an access to the stack's memory.
func (s *stack) check(a, size uint64, write bool) {
	switch {
	case a >= s.frame && a+size <= s.frame+s.frameSize:
		for i := a - s.frame; i < a-s.frame+size; i++ {
			if !write && !s.written[i] {
				fail("reads byte %d of the frame, which nothing has written", i)
			}
			s.written[i] = true
		}
	case a >= s.args && a+size <= s.args+s.argsSize && !write:
	default:
		fail("touches %d bytes at %d of a frame of %d bytes", size, int64(a-s.frame), s.frameSize)
	}
}

// address returns the address of a memory operand.
func (m *machine) address(o *operand) uint64 {
	return m.general[o.base] + m.general[o.index]*o.scale + o.disp
}

// load returns a pointer to memory to be read.
func (m *machine) load(a, size uint64) unsafe.Pointer {
	if a-m.stack.from < 8*uint64(len(m.stack.memory)) {
		m.stack.check(a, size, false)
	}
	return pointer(a)
}

// store returns a pointer to memory to be written.
func (m *machine) store(a, size uint64) unsafe.Pointer {
	if a-m.stack.from < 8*uint64(len(m.stack.memory)) {
		m.stack.check(a, size, true)
	} else if m.log != nil {
		s := stored{address: a, size: size}
		copy(s.before[:size], unsafe.Slice((*byte)(pointer(a)), size))
		*m.log = append(*m.log, s)
	}
	return pointer(a)
}

// pointer makes a pointer of an address.  The memory is the caller's, who keeps
// it alive; the compiler's check of conversions would miss that.
func pointer(a uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// stored is a store of the function, with what was there before it.
type stored struct {
	address, size uint64
	before        [64]byte
}

func (s *stored) memory() []byte { return unsafe.Slice((*byte)(pointer(s.address)), s.size) }

// Compare calls the function, takes back what it has written, and calls native,
// which is to do the same: an error says where memory differs.
func (p *Program) Compare(args unsafe.Pointer, native func()) error {
	var log []stored
	if err := p.run(args, &log); err != nil {
		return err
	}
	after := make([][64]byte, len(log))
	for i := range log {
		copy(after[i][:], log[i].memory())
	}
	for i := len(log) - 1; i >= 0; i-- {
		copy(log[i].memory(), log[i].before[:])
	}
	native()
	for i := range log {
		for k, native := range log[i].memory() {
			if emulated := after[i][k]; native != emulated {
				return fmt.Errorf("%s: byte %d at address %#x is %#02x, emulated %#02x", p.symbol, k, log[i].address, native, emulated)
			}
		}
	}
	return nil
}
