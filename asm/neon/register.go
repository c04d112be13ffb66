package neon

import "fmt"

// Reg is a 64-bit general-purpose register, X0 to X30.
type Reg uint8

// General-purpose registers that generated code may use.  The others have a
// meaning for Go or the platform: R18 belongs to the operating system, R27 to
// Go's assembler, R28 is the goroutine, R29 and R30 are frame pointer and
// return address.
const (
	X0 Reg = iota
	X1
	X2
	X3
	X4
	X5
	X6
	X7
	X8
	X9
	X10
	X11
	X12
	X13
	X14
	X15
	X16
	X17
	_
	X19
	X20
	X21
	X22
	X23
	X24
	X25
	X26
)

// free reports whether generated code may use the register.
func (r Reg) free() bool { return r <= X26 && r != 18 }

func (r Reg) String() string { return fmt.Sprintf("x%d", uint8(r)) }

// Vec is a 128-bit vector register, 0 to 31.  All are free: Go's assembly
// calling convention saves none.
type Vec uint8

// Vectors is the number of vector registers.
const Vectors = 32

func (v Vec) String() string { return fmt.Sprintf("v%d", uint8(v)) }

// Arg is a parameter of the function, by name and offset from the first.
type Arg struct {
	Name   string
	Offset int
}

// Label is a place in the function to branch to.
type Label string
