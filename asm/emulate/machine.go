package emulate

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// Program is a function that can be run.
type Program struct {
	file, symbol string
	frame, args  int
	code         []instruction
}

// vec is a vector register.  Lanes that an instruction is too narrow for are
// zero.
type vec [16]float32

// bits returns the lanes as integers.
func (v *vec) bits() *[16]uint32 { return (*[16]uint32)(unsafe.Pointer(v)) }

// machine is a CPU that runs a function.
type machine struct {
	vectors [32]vec
	general [18]uint64 // and nothing, and fp
	masks   [8]uint64
	defined state // what has been written
	result  int64 // of which flags tell, and whether it overflowed
	over    bool
	next    int // instruction
	done    bool
	stack   stack
	log     *[]stored // of stores, if not nil

	operand, out vec // of the instruction that is being run
	pair         [32]float32
}

// limit is how many instructions a call may run.  A kernel takes well under a
// millisecond.
const limit = 10_000_000

// Run calls the function with a pointer to its arguments.
func (p *Program) Run(args unsafe.Pointer) error { return p.run(args, nil) }

func (p *Program) run(args unsafe.Pointer, log *[]stored) (err error) {
	if p.args != 8 {
		return fmt.Errorf("%s: %s has %d bytes of arguments, want those of a pointer", p.file, p.symbol, p.args)
	}
	m := &machine{log: log, defined: generalState(sp)}
	m.stack.init(p, uint64(uintptr(args)))
	m.general[sp], m.general[fp] = m.stack.frame, m.stack.args
	defer runtime.KeepAlive(args) // and what it points to
	defer runtime.KeepAlive(m)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	at := &p.code[0]
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%s:%d: %s: %s: %v", p.file, at.number, p.symbol, at.text, m.describe(reason))
		}
	}()
	for range limit {
		at = &p.code[m.next]
		m.next++
		if missing := at.reads &^ m.defined; missing != 0 {
			fail("reads %v, which nothing has written", missing)
		}
		at.run(m)
		m.defined = m.defined&^at.kills | at.writes
		if m.done {
			return nil
		}
	}
	fail("still runs after %d instructions", limit)
	return nil
}

// describe turns the reason of a panic into that of an error: also that of a
// fault of the memory which an instruction touched.
func (m *machine) describe(reason any) any {
	if err, ok := reason.(interface {
		runtime.Error
		Addr() uintptr
	}); ok {
		return fmt.Sprintf("fault at address %#x", err.Addr())
	}
	if err, ok := reason.(runtime.Error); ok {
		return err // of the page at 0
	}
	return because(reason)
}
