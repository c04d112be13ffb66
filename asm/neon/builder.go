package neon

import (
	"errors"
	"fmt"
)

// Builder collects functions instruction by instruction.  Errors, of operands
// that don't fit for instance, are kept until [Builder.Functions].
type Builder struct {
	functions []*Function
	errs      []error
}

// New returns an empty builder.
func New() *Builder { return &Builder{} }

// Function is a leaf function in assembly without a frame.
type Function struct {
	Name   string // without package
	Params string // in Go's syntax: "a *convArgs"

	args  int // bytes
	lines []line
}

// line is a label, a comment or an instruction with its operands.
type line struct {
	label   Label
	comment string
	*Instruction
	operands []any
}

// Func begins a function whose parameters take args bytes.
func (b *Builder) Func(name, params string, args int) {
	b.functions = append(b.functions, &Function{Name: name, Params: params, args: args})
}

// Inst adds an instruction.  The operands are those of GNU syntax in its order:
// the destination first, and of the kinds [Vec], [Reg], int (offsets in bytes,
// elements, immediate values), [Label] and [Arg].
func (b *Builder) Inst(i *Instruction, operands ...any) {
	if len(operands) != len(i.fields) {
		b.fail("%s: %d operands, want %d", i, len(operands), len(i.fields))
		return
	}
	for k, name := range i.fields {
		f := fields[name]
		if _, err := f.bits(operands[k]); err != nil {
			b.fail("%s: %s: %w", i, name, err)
			return
		}
	}
	if i == LDPQ && operands[0] == operands[1] {
		b.fail("%s: both operands are %v, want two registers", i, operands[0])
		return
	}
	b.add(line{Instruction: i, operands: operands})
}

// Label marks the next instruction.
func (b *Builder) Label(l Label) {
	for _, at := range b.lines() {
		if at.label == l {
			b.fail("label %s is there twice", l)
			return
		}
	}
	b.add(line{label: l})
}

// Comment adds a line of comment.
func (b *Builder) Comment(format string, args ...any) {
	b.add(line{comment: fmt.Sprintf(format, args...)})
}

// Functions returns the functions so far, or all errors.
func (b *Builder) Functions() ([]*Function, error) {
	for _, f := range b.functions {
		if _, err := f.Encode(); err != nil {
			b.errs = append(b.errs, err)
		}
	}
	return b.functions, errors.Join(b.errs...)
}

func (b *Builder) lines() []line {
	if len(b.functions) == 0 {
		return nil
	}
	return b.functions[len(b.functions)-1].lines
}

func (b *Builder) add(l line) {
	if len(b.functions) == 0 {
		b.fail("a line before the first Func")
		return
	}
	f := b.functions[len(b.functions)-1]
	f.lines = append(f.lines, l)
}

func (b *Builder) fail(format string, args ...any) {
	name := ""
	if n := len(b.functions); n > 0 {
		name = b.functions[n-1].Name + ": "
	}
	b.errs = append(b.errs, fmt.Errorf("neon: "+name+format, args...))
}

// String is the instruction's form.
func (i *Instruction) String() string { return i.gnu }
