package neon

import (
	"bytes"
	"fmt"
	"strings"
)

// Print returns the functions as a file of Go assembly after the given header,
// comments and build constraint.  Instructions that Go's assembler does not
// know are WORDs with their GNU text as a comment.
func Print(header string, functions []*Function) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(header)
	b.WriteString("\n#include \"textflag.h\"\n")
	for _, f := range functions {
		if err := f.print(&b); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func (f *Function) print(b *bytes.Buffer) error {
	code, err := f.Encode()
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n// func %s(%s)\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", f.Name, f.Params, f.Name, f.args)
	var run []string // instructions to align
	at := 0
	for i, l := range f.lines {
		if l.Instruction != nil {
			run = append(run, l.goText(code[at]))
			at++
			if l.Instruction == RET { // asmfmt begins new columns
				align(b, run)
				run = run[:0]
			}
			continue
		}
		align(b, run)
		run = run[:0]
		if i > 0 && f.lines[i-1].Instruction != nil {
			b.WriteByte('\n')
		}
		if l.label != "" {
			fmt.Fprintf(b, "%s:\n", l.label)
		} else {
			fmt.Fprintf(b, "\t// %s\n", l.comment)
		}
	}
	align(b, run)
	return nil
}

// align prints instructions in the columns that asmfmt wants: mnemonic,
// operands, comment.
func align(b *bytes.Buffer, instructions []string) {
	mnemonics, operands := 0, 0
	for _, s := range instructions {
		if mnemonic, rest, ok := strings.Cut(s, " "); ok {
			rest, _, _ = strings.Cut(rest, " //")
			mnemonics, operands = max(mnemonics, len(mnemonic)), max(operands, len(rest))
		}
	}
	for _, s := range instructions {
		mnemonic, rest, _ := strings.Cut(s, " ")
		if rest, comment, ok := strings.Cut(rest, " //"); ok {
			fmt.Fprintf(b, "\t%-*s %-*s //%s\n", mnemonics, mnemonic, operands, rest, comment)
		} else {
			fmt.Fprintf(b, "\t%s\n", strings.TrimSpace(fmt.Sprintf("%-*s %s", mnemonics, mnemonic, rest)))
		}
	}
}

// goText is the instruction in Go's syntax, or its word.
func (l *line) goText(word uint32) string {
	if l.goasm == "" {
		return fmt.Sprintf("WORD $%#08x // %s", word, l.gnuText())
	}
	// An offset of 0 goes without saying.
	return strings.ReplaceAll(l.fill(l.goasm, false), " 0(", " (")
}

// gnuText is the instruction in GNU syntax.
func (l *line) gnuText() string { return l.fill(l.gnu, true) }

// fill replaces the variables in text by the operands.
func (l *line) fill(text string, gnu bool) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		for k, have := range l.fields {
			if have == name {
				f := fields[name]
				return f.text(l.operands[k], gnu)
			}
		}
		return name
	})
}
