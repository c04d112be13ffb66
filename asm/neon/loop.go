package neon

import (
	"slices"
	"strings"
)

// Loop is an innermost loop of a function, and what one round of it does.
type Loop struct {
	Label        Label    // of its first instruction
	Text         []string // instructions in GNU syntax; the branch goes to Label
	MultiplyAdds int      // instructions of four multiply-adds each
	Chain        int      // the most multiply-adds into a register that goes from round to round
	Vector       int      // instructions that compute with vectors, multiply-adds among them
	Loads        int      // vector registers loaded
	Stores       int      // vector registers stored
}

// InnerLoops returns the loops of the function that contain no other, in their order.
func (f *Function) InnerLoops() []Loop {
	var loops []Loop
	places := map[Label]int{}
	from := -1 // the last branch backwards: what begins before it contains it
	for i, l := range f.lines {
		if l.label != "" {
			places[l.label] = i
		}
		if l.Instruction == nil {
			continue
		}
		for k, name := range l.fields {
			if fields[name].kind != branch {
				continue
			}
			if start, ok := places[l.operands[k].(Label)]; ok {
				if start > from {
					loops = append(loops, newLoop(f.lines[start:i+1]))
				}
				from = i
			}
		}
	}
	return loops
}

// newLoop counts the instructions of a loop that begins with its label.
func newLoop(lines []line) Loop {
	loop := Loop{Label: lines[0].label}
	chains := map[any]int{}
	fresh := map[any]bool{} // set within the round before it is added to
	for _, l := range lines {
		if l.Instruction == nil {
			continue
		}
		loop.Text = append(loop.Text, l.gnuText())
		registers := 0
		for _, operand := range l.operands {
			if _, ok := operand.(Vec); ok {
				registers++
			}
		}
		switch {
		case registers == 0:
		case strings.HasPrefix(l.gnu, "ld"):
			loop.Loads += registers
		case strings.HasPrefix(l.gnu, "st"):
			loop.Stores += registers
		default:
			loop.Vector++
			if slices.Contains([]*Instruction{FMLA, FMLALane, FMLS, FMLSLane}, l.Instruction) {
				loop.MultiplyAdds++
				if !fresh[l.operands[0]] {
					chains[l.operands[0]]++
					loop.Chain = max(loop.Chain, chains[l.operands[0]])
				}
			} else if !slices.Contains(l.operands[1:], l.operands[0]) {
				fresh[l.operands[0]] = true
			}
		}
	}
	return loop
}
