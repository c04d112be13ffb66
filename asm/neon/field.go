package neon

import (
	"fmt"
	"regexp"
)

// field is what a variable in an instruction's text stands for: an operand,
// and the bits that hold it.
type field struct {
	kind  kind
	shift []int  // of the register number
	gnu   string // prefix of the register in GNU syntax
	goasm string // and in Go's

	// For numbers: the largest and least, what they are a multiple of, and how
	// they are encoded (after division).
	min, max, scale int
	// What is a multiple of this and not negative belongs to another form.
	other  int
	encode func(n int) uint32
}

type kind uint8

const (
	vector  kind = iota // a Vec
	general             // a Reg
	number              // an int
	branch              // a Label
	arg                 // an Arg
)

// fields holds the variables.  A register's letters are those of the Arm
// manual: its size, and d, n, m or a for the bits 0, 5, 16 or 10.
var fields = map[string]field{
	"Vd": {kind: vector, gnu: "v", goasm: "V", shift: []int{0}},
	"Vn": {kind: vector, gnu: "v", goasm: "V", shift: []int{5}},
	"Vm": {kind: vector, gnu: "v", goasm: "V", shift: []int{16}},
	"Vs": {kind: vector, gnu: "v", goasm: "V", shift: []int{5, 16}}, // source of a move
	"Qd": {kind: vector, gnu: "q", goasm: "F", shift: []int{0}},
	"Qa": {kind: vector, gnu: "q", goasm: "F", shift: []int{10}},
	"Dd": {kind: vector, gnu: "d", goasm: "F", shift: []int{0}},
	"Sd": {kind: vector, gnu: "s", goasm: "F", shift: []int{0}},
	"Xd": {kind: general, gnu: "x", goasm: "R", shift: []int{0}},
	"Xn": {kind: general, gnu: "x", goasm: "R", shift: []int{5}},
	"Xm": {kind: general, gnu: "x", goasm: "R", shift: []int{16}},
	"Xa": {kind: general, gnu: "x", goasm: "R", shift: []int{10}},
	"Wd": {kind: general, gnu: "w", goasm: "R", shift: []int{0}},
	"Wn": {kind: general, gnu: "w", goasm: "R", shift: []int{5}},

	// Go's assembler wants no moves of, or shifts by, zero.
	"<imm8>":  {kind: number, max: 255, scale: 1, encode: func(n int) uint32 { return uint32(n>>5<<16 | n&31<<5) }},
	"<imm12>": {kind: number, max: 4095, scale: 1, encode: at(10)},
	"<imm16>": {kind: number, min: 1, max: 65535, scale: 1, encode: at(5)},
	"<high>":  {kind: number, min: 1 << 16, max: 65535 << 16, scale: 1 << 16, encode: at(5)},
	"<shift>": {kind: number, min: 1, max: 63, scale: 1, encode: at(10)},
	"<bit>":   {kind: number, max: 31, scale: 1, encode: at(19)},
	// Offsets of loads and stores.
	"<off4>":   {kind: number, max: 4095 * 4, scale: 4, encode: at(10)},
	"<off8>":   {kind: number, max: 4095 * 8, scale: 8, encode: at(10)},
	"<off16>":  {kind: number, max: 4095 * 16, scale: 16, encode: at(10)},
	"<near8>":  {kind: number, min: -256, max: 255, scale: 1, other: 8, encode: near},
	"<near16>": {kind: number, min: -256, max: 255, scale: 1, other: 16, encode: near},
	"<pair>":   {kind: number, min: -1024, max: 1008, scale: 16, encode: func(n int) uint32 { return uint32(n) & 0x7f << 15 }},
	// Elements of a vector.
	"<lane>":  {kind: number, max: 3, scale: 1, encode: func(n int) uint32 { return uint32(n&1<<21 | n>>1<<11) }},
	"<index>": {kind: number, max: 3, scale: 1, encode: at(19)},

	// Distances in instructions.
	"<label14>": {kind: branch, encode: func(n int) uint32 { return uint32(n) & (1<<14 - 1) << 5 }, min: -1 << 13, max: 1<<13 - 1},
	"<label19>": {kind: branch, encode: func(n int) uint32 { return uint32(n) & (1<<19 - 1) << 5 }, min: -1 << 18, max: 1<<18 - 1},
	"<label26>": {kind: branch, encode: func(n int) uint32 { return uint32(n) & (1<<26 - 1) }, min: -1 << 25, max: 1<<25 - 1},

	// A parameter lies above the return address, which stays in a register but
	// has its place on the stack.
	"<arg>": {kind: arg, encode: func(n int) uint32 { return uint32(n+8) / 8 << 10 }},
}

// at is the encoding of unsigned numbers from bit shift on.
func at(shift int) func(int) uint32 { return func(n int) uint32 { return uint32(n) << shift } }

// near is the encoding of an offset that is not scaled.
func near(n int) uint32 { return uint32(n) & 0x1ff << 12 }

// variable finds the variables in an instruction's text.
var variable = regexp.MustCompile(`[VQDSXW][dnmas]\b|<[a-z0-9]+>`)

// bits checks an operand and returns its bits; those of a label are known only
// when the function is complete.
func (f *field) bits(operand any) (uint32, error) {
	switch x := operand.(type) {
	case Vec:
		if f.kind == vector && x < Vectors {
			return f.register(uint8(x)), nil
		}
	case Reg:
		if f.kind == general && x.free() {
			return f.register(uint8(x)), nil
		}
	case int:
		if f.kind == number && f.min <= x && x <= f.max && x%f.scale == 0 && (f.other == 0 || x < 0 || x%f.other != 0) {
			return f.encode(x / f.scale), nil
		}
	case Label:
		if f.kind == branch && x != "" {
			return 0, nil
		}
	case Arg:
		if f.kind == arg && x.Name != "" && x.Offset >= 0 && x.Offset <= 4000 && x.Offset%8 == 0 {
			return f.encode(x.Offset), nil
		}
	}
	return 0, fmt.Errorf("operand %v (a %T), want %s", operand, operand, f.want())
}

func (f *field) register(n uint8) uint32 {
	var bits uint32
	for _, s := range f.shift {
		bits |= uint32(n) << s
	}
	return bits
}

// want describes the operands that fit.
func (f *field) want() string {
	switch f.kind {
	case vector:
		return "a Vec from 0 to 31"
	case general:
		return "a Reg from X0 to X26 but 18"
	case branch:
		return "a Label"
	case arg:
		return "an Arg at a multiple of 8"
	}
	if f.other > 0 {
		return fmt.Sprintf("an int from %d to %d; ldr takes multiples of %d that are not negative", f.min, f.max, f.other)
	}
	return fmt.Sprintf("an int from %d to %d that is a multiple of %d", f.min, f.max, f.scale)
}

// text is the operand in GNU syntax or in Go's.
func (f *field) text(operand any, gnu bool) string {
	prefix := f.goasm
	if gnu {
		prefix = f.gnu
	}
	switch x := operand.(type) {
	case Vec:
		return fmt.Sprintf("%s%d", prefix, uint8(x))
	case Reg:
		return fmt.Sprintf("%s%d", prefix, uint8(x))
	case Arg:
		if gnu {
			return fmt.Sprint(x.Offset + 8)
		}
		return fmt.Sprintf("%s+%d(FP)", x.Name, x.Offset)
	}
	return fmt.Sprint(operand)
}
