package emulate

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// File is an assembly file, cut into functions.
type File struct {
	name      string
	functions map[string]function
}

// function is the text of one function.
type function struct {
	frame, args int // bytes
	lines       []line
}

type line struct {
	number int
	text   string
}

// head is the first line of a function.
var head = regexp.MustCompile(`^TEXT ·(\w+)\(SB\), NOSPLIT, \$(\d+)-(\d+)$`)

// Read reads an assembly file.  What is in it matters when it is wanted.
func Read(path string) (*File, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(filepath.Base(path), string(source)), nil
}

func parse(name, source string) *File {
	file := &File{name: name, functions: map[string]function{}}
	symbol, f := "", function{}
	number := 0
	for s := range strings.Lines(source) {
		number++
		s, _, _ = strings.Cut(s, "//")
		s = strings.TrimSpace(s)
		if m := head.FindStringSubmatch(s); m != nil {
			symbol, f = m[1], function{}
			f.frame, _ = strconv.Atoi(m[2])
			f.args, _ = strconv.Atoi(m[3])
		} else if s != "" && symbol != "" {
			f.lines = append(f.lines, line{number, s})
		}
		if symbol != "" {
			file.functions[symbol] = f
		}
	}
	return file
}

// fault is what builders and instructions panic with: the reason of an error,
// which [Program] adds the place to.
type fault string

func fail(format string, args ...any) {
	panic(fault(fmt.Sprintf(format, args...)))
}

// Program translates a function, which may use instructions of some features.
func (f *File) Program(symbol string, have Feature) (p *Program, err error) {
	function, ok := f.functions[symbol]
	if !ok {
		return nil, fmt.Errorf("%s: no function %s", f.name, symbol)
	}
	p = &Program{file: f.name, symbol: symbol, frame: function.frame, args: function.args}
	labels := map[string]int{}
	count := 0
	for _, l := range function.lines {
		if label, ok := strings.CutSuffix(l.text, ":"); ok {
			labels[label] = count
			continue
		}
		count++
	}
	var at line
	defer func() {
		if reason := recover(); reason != nil {
			p, err = nil, fmt.Errorf("%s:%d: %s: %s: %v", f.name, at.number, symbol, at.text, because(reason))
		}
	}()
	for _, at = range function.lines {
		if !strings.HasSuffix(at.text, ":") {
			p.code = append(p.code, translate(at, labels, have))
		}
	}
	for label, to := range labels {
		if to == len(p.code) {
			fail("nothing follows label %s", label)
		}
	}
	if len(p.code) == 0 || !p.code[len(p.code)-1].ends {
		fail("runs on behind its end")
	}
	return p, nil
}

// because returns the reason of a fault and goes on panicking with anything
// else.
func because(reason any) fault {
	f, ok := reason.(fault)
	if !ok {
		panic(reason)
	}
	return f
}
