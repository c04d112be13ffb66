package emulate

import (
	"fmt"
	"slices"
	"strings"
)

// state is a set of parts of the machine: vector registers from bit 0 on,
// then mask registers, general registers, the flags, and whether upper halves of
// vector registers are in use.
type state uint64

const (
	flags state = 1 << 56
	upper state = 1 << 57
)

func vectorState(r int) state  { return 1 << r }
func maskState(r int) state    { return 1 << (32 + r) }
func generalState(r int) state { return 1 << (40 + r) }

func (s state) String() string {
	var names []string
	for i := range 64 {
		switch bit := state(1) << i; {
		case s&bit == 0:
		case i < 32:
			names = append(names, fmt.Sprint("vector register ", i))
		case i < 40:
			names = append(names, fmt.Sprint("K", i-32))
		case i < 56:
			names = append(names, generalNames[i-40])
		case bit == flags:
			names = append(names, "flags")
		default:
			names = append(names, "upper halves")
		}
	}
	return strings.Join(names, ", ")
}

// instruction is a translated instruction.
type instruction struct {
	line
	run                  func(*machine)
	reads, writes, kills state
	ends                 bool // nothing is run behind it
}

// form is an instruction while it is translated.
type form struct {
	instruction
	name      string
	operands  []operand // in Go's order: the destination is last; without a write mask
	masked    bool      // by register mask
	mask      int
	zeroing   bool // what the mask leaves out is zero
	broadcast bool // the memory operand is one lane
	evex      bool // needs that encoding
	labels    map[string]int
}

// translate makes an instruction of a line.
func translate(l line, labels map[string]int, have Feature) instruction {
	f := &form{instruction: instruction{line: l}, labels: labels}
	name, rest, _ := strings.Cut(l.text, " ")
	name, suffixes, _ := strings.Cut(name, ".")
	f.name = name
	if rest = strings.TrimSpace(rest); rest != "" {
		for s := range strings.SplitSeq(rest, ",") {
			f.operands = append(f.operands, parseOperand(strings.TrimSpace(s)))
		}
	}
	if suffixes != "" {
		for suffix := range strings.SplitSeq(suffixes, ".") {
			switch suffix {
			case "BCST":
				f.broadcast = true
			case "Z":
				f.zeroing = true
			default:
				fail("unknown suffix %s", suffix)
			}
		}
	}
	row, ok := table[name]
	if !ok {
		fail("the table of instructions has no %s", name)
	}
	if row.vex|row.evex != 0 { // beside jumps, say, which have no vectors
		f.encoding(row, have)
	}
	f.run = row.build(f)
	if f.run == nil {
		fail("the table has %s, but not with such operands", name)
	}
	return f.instruction
}

// encoding takes the write mask out of the operands, and checks that a level
// has the encoding that they need.
func (f *form) encoding(row row, have Feature) {
	n := len(f.operands)
	if n > 2 && f.operands[n-1].kind == vector && f.operands[n-2].kind == mask {
		f.masked, f.mask = true, f.operands[n-2].register
		if f.mask == 0 {
			fail("K0 is no write mask")
		}
		f.reads |= maskState(f.mask)
		f.operands = slices.Delete(f.operands, n-2, n-1)
	}
	if f.zeroing && !f.masked {
		fail("zeroing without a mask")
	}
	if f.broadcast && !slices.ContainsFunc(f.operands, func(o operand) bool { return o.kind == memory }) {
		fail("broadcasts no memory")
	}
	widest := 0
	f.evex = row.vex == 0 || f.masked || f.broadcast
	for _, o := range f.operands {
		widest = max(widest, o.bytes)
		f.evex = f.evex || o.kind == mask || o.bytes == 64 || o.kind == vector && o.register > 15
	}
	need := row.vex
	if f.evex {
		need = row.evex
		if need == 0 {
			fail("%s has no form with those registers", f.name)
		}
		if widest == 16 || widest == 32 {
			need |= AVX512VL
		}
	}
	if missing := need &^ have; missing != 0 {
		fail("needs %v, which the level lacks", missing)
	}
}

// is reports whether there are as many operands as strings, each of one of the
// kinds in its string.
func (f *form) is(kinds ...string) bool {
	return slices.EqualFunc(f.operands, kinds, func(o operand, kinds string) bool {
		return strings.IndexByte(kinds, byte(o.kind)) >= 0
	})
}

// readsOf marks an operand, or the address that it has, as read.
func (f *form) readsOf(o operand) {
	switch o.kind {
	case general:
		f.reads |= generalState(o.register)
	case vector:
		f.reads |= vectorState(o.register)
	case mask:
		f.reads |= maskState(o.register)
	case memory:
		for _, r := range []int{o.base, o.index} {
			if r < nothing {
				f.reads |= generalState(r)
			}
		}
	}
}

// writesTo marks a register as written, or an address as read.
func (f *form) writesTo(o operand) {
	switch o.kind {
	case general:
		if o.register == sp || o.register == bp {
			fail("writes to %s, which is the caller's", o.text)
		}
		f.writes |= generalState(o.register)
	case vector:
		f.writes |= vectorState(o.register)
		if o.bytes > 16 {
			f.writes |= upper
		}
	case mask:
		f.writes |= maskState(o.register)
	case memory:
		if o.fromFrame {
			fail("writes to the arguments")
		}
		f.readsOf(o)
	}
}
