package neon

import "fmt"

// sample is an instruction with operands.
type sample struct {
	line
	word uint32
}

// samples returns every row of the table with the least, the largest and two
// mixed choices of operands.  Branches go to themselves.
func samples() ([]sample, error) {
	var all []sample
	for _, i := range table {
		for choice := range 4 {
			l := line{Instruction: i}
			for k, name := range i.fields {
				l.operands = append(l.operands, operand(fields[name], k, choice))
			}
			word, err := l.encode(0, map[Label]int{"self": 0})
			if err != nil {
				return nil, err
			}
			all = append(all, sample{l, word})
			if len(i.fields) == 0 {
				break
			}
		}
	}
	return all, nil
}

// operand is operand k of a choice.  Registers of one choice differ.
func operand(f field, k, choice int) any {
	switch f.kind {
	case vector:
		return Vec([]int{k, Vectors - 1 - k, 5 + 7*k, 21 - 9*k}[choice])
	case general:
		return Reg([]int{k, 26 - k, 5 + 7*k, 17 - 5*k}[choice])
	case branch:
		return Label("self")
	case arg:
		return Arg{"a", []int{0, 8, 64, 256}[choice]}
	}
	third := (f.max - f.min) / 3 / f.scale * f.scale
	return []int{f.min, f.max, f.min + third, f.max - third}[choice]
}

// text is the sample as LLVM and GNU read it.
func (s sample) text() string {
	out := s.gnuText()
	for _, name := range s.fields {
		if fields[name].kind == branch {
			return out[:len(out)-len("self")] + "."
		}
	}
	return out
}

func (s sample) String() string { return fmt.Sprintf("%08x %s", s.word, s.text()) }
