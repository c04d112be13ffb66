package neon

import (
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
)

// unknown are the rows that golang.org/x/arch cannot decode.
var unknown = map[*Instruction]bool{SDOT: true, SDOTLane: true}

// TestDisassembler decodes every row and compares the text.
func TestDisassembler(t *testing.T) {
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		var code [4]byte
		binary.LittleEndian.PutUint32(code[:], s.word)
		inst, err := arm64asm.Decode(code[:])
		if (err != nil) != unknown[s.Instruction] {
			t.Errorf("%s: decodes with error %v; expected one: %t", s, err, unknown[s.Instruction])
			continue
		}
		if err != nil {
			continue
		}
		if got, want := normalize(arm64asm.GNUSyntax(inst)), normalize(s.text()); got != want {
			t.Errorf("%08x is %q, want %q", s.word, got, want)
		}
	}
}

var numbers = regexp.MustCompile(`#?-?\b(0x[0-9a-f]+|[0-9]+)\b`)

// normalize writes numbers in one way, and leaves out offsets of 0.
func normalize(s string) string {
	s = numbers.ReplaceAllStringFunc(s, func(n string) string {
		digits := strings.TrimPrefix(n, "#")
		v, err := strconv.ParseInt(digits, 0, 64)
		if err != nil {
			return n
		}
		return strconv.FormatInt(v, 10)
	})
	s = strings.ReplaceAll(s, ", ", ",")
	s = strings.ReplaceAll(s, ",0]", "]")
	s = strings.ReplaceAll(s, ".+0", ".")
	return strings.TrimSuffix(s, ".0") // of fcmlt's #0.0
}
