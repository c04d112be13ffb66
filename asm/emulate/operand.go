package emulate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kind is a kind of operand.
type kind byte

const (
	immediate kind = 'i'
	general   kind = 'r' // register
	vector    kind = 'v'
	mask      kind = 'k'
	memory    kind = 'm'
	label     kind = 'l'
)

// operand is an operand of an instruction.
type operand struct {
	kind      kind
	value     int64 // of an immediate
	register  int
	bytes     int // of a vector register
	base      int // of memory, and so on: registers
	index     int
	scale     uint64
	disp      uint64
	text      string
	fromFrame bool // memory relative to FP
}

// general registers that are none: one that is always zero, and the arguments.
const (
	sp      = 4
	bp      = 5
	nothing = 16
	fp      = 17
)

var generalNames = []string{
	"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI",
	"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
}

var (
	vectorName = regexp.MustCompile(`^([XYZ])(\d|[12]\d|3[01])$`)
	maskName   = regexp.MustCompile(`^K([0-7])$`)
	// disp(BASE)(INDEX*scale), and name+disp(FP).
	memoryText = regexp.MustCompile(`^(?:[a-zA-Z_]\w*\+)?(-?\d+)?\(([A-Z0-9]+)\)(?:\(([A-Z0-9]+)\*([1248])\))?$`)
	labelName  = regexp.MustCompile(`^[a-z_]\w*$`)
)

func parseOperand(s string) operand {
	o := operand{text: s}
	if digits, ok := strings.CutPrefix(s, "$"); ok {
		v, err := strconv.ParseInt(strings.TrimPrefix(digits, "+"), 0, 64)
		if err != nil {
			fail("the immediate %s is no number", s)
		}
		o.kind, o.value = immediate, v
		return o
	}
	if r := slices.Index(generalNames, s); r >= 0 {
		o.kind, o.register = general, r
		return o
	}
	if m := vectorName.FindStringSubmatch(s); m != nil {
		o.kind, o.bytes = vector, map[string]int{"X": 16, "Y": 32, "Z": 64}[m[1]]
		o.register, _ = strconv.Atoi(m[2])
		return o
	}
	if m := maskName.FindStringSubmatch(s); m != nil {
		o.kind = mask
		o.register, _ = strconv.Atoi(m[1])
		return o
	}
	if m := memoryText.FindStringSubmatch(s); m != nil {
		o.kind, o.index, o.scale = memory, nothing, 1
		disp, _ := strconv.ParseInt(m[1], 10, 32) // the pattern allows an empty one
		o.disp = uint64(disp)
		o.base = slices.Index(generalNames, m[2])
		if m[2] == "FP" {
			o.base, o.fromFrame = fp, true
		}
		if m[3] != "" {
			o.index = slices.Index(generalNames, m[3])
			o.scale, _ = strconv.ParseUint(m[4], 10, 64)
		}
		if o.base < 0 || o.index < 0 || o.index == sp || strings.Contains(s, "+") != o.fromFrame {
			fail("no such memory operand: %s", s)
		}
		return o
	}
	if labelName.MatchString(s) {
		o.kind = label
		return o
	}
	fail("no such operand: %s", s)
	return o
}
