package neon

import "fmt"

// Encode returns the function's machine code.  Errors: a branch to a label that
// is missing or too far away, and a function that does not end.
func (f *Function) Encode() ([]uint32, error) {
	places := map[Label]int{}
	count := 0
	for _, l := range f.lines {
		if l.Instruction != nil {
			count++
		} else if l.label != "" {
			places[l.label] = count
		}
	}
	code := make([]uint32, 0, count)
	for _, l := range f.lines {
		if l.Instruction == nil {
			continue
		}
		word, err := l.encode(len(code), places)
		if err != nil {
			return nil, fmt.Errorf("neon: %s: %w", f.Name, err)
		}
		code = append(code, word)
	}
	if count == 0 || f.lines[len(f.lines)-1].Instruction != RET {
		return nil, fmt.Errorf("neon: %s does not end with ret", f.Name)
	}
	return code, nil
}

// encode returns the machine code of an instruction, which is number at of
// its function.
func (l *line) encode(at int, places map[Label]int) (uint32, error) {
	word := l.base
	for k, name := range l.fields {
		f := fields[name]
		bits, err := f.bits(l.operands[k])
		if err != nil {
			return 0, fmt.Errorf("%s: %s: %w", l.gnu, name, err)
		}
		if f.kind == branch {
			place, ok := places[l.operands[k].(Label)]
			if !ok {
				return 0, fmt.Errorf("%s: no label %s", l.gnu, l.operands[k])
			}
			if d := place - at; d < f.min || d > f.max {
				return 0, fmt.Errorf("%s: label %s is %d instructions away, want %d to %d", l.gnu, l.operands[k], d, f.min, f.max)
			}
			bits = f.encode(place - at)
		}
		word |= bits
	}
	return word, nil
}
