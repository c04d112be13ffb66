package ir

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/resnetc/resnetc/ir/nearest"
)

// Parse reads the text form that [Fprint] describes.  The name stands in
// errors, which have the form name:line:column: what was expected.
//
// Statements come in any order in which every value is declared before it is
// read, after the graph line.  The type of a result may be left out, for it is
// inferred; if it is given, it must agree.
//
// The graph obeys all constraints of [Verify] but those of the memory plan
// (graph/V10 and V11), which the caller checks where it matters.
func Parse(name string, src []byte) (*Graph, error) {
	p := &parser{g: &Graph{}, values: map[string]*Value{}, updated: map[*Value]bool{}}
	line := 0
	for text := range strings.Lines(string(src)) {
		line++
		if err := p.parseLine(strings.TrimRight(text, "\r\n")); err != nil {
			return nil, fmt.Errorf("%s:%d:%d: %s", name, line, err.col, err.msg)
		}
	}
	if !p.named {
		return nil, fmt.Errorf("%s:%d:1: expected \"graph NAME\", found the end of the text", name, line+1)
	}
	if len(p.g.Outputs) == 0 {
		return nil, fmt.Errorf("%s:%d:1: expected \"output VALUE, …\", found the end of the text", name, line+1)
	}
	return p.g, nil
}

type parser struct {
	g      *Graph
	values map[string]*Value
	named  bool // graph line seen
	// updated are the parameters that an update line names.
	updated map[*Value]bool
	toks    []token // rest of the line
}

// parseLine reads one statement.
func (p *parser) parseLine(line string) *lineError {
	toks, err := lex(line)
	if err != nil {
		return err
	}
	p.toks = toks
	first := p.toks[0]
	if first.kind == 0 {
		return nil
	}
	statement, ok := statements[first.text]
	// A node may be called like a statement: input = relu(x).
	isNode := first.kind == 's' || p.toks[1].kind == '=' || p.toks[1].kind == ','
	if !p.named && (isNode || first.text != "graph") {
		return p.errorf(first, "expected \"graph NAME\" before anything else, found %v", first)
	}
	switch {
	case isNode:
		err = p.parseNode()
	case ok && first.kind == 'w':
		p.next()
		err = statement(p)
	default:
		return p.errorf(first, "expected graph, input, param, const, output, update, arena or RESULT = op(…), found %v%s",
			first, nearest.Suggestion(first.text, slices.Sorted(maps.Keys(statements))))
	}
	if err != nil {
		return err
	}
	if t := p.toks[0]; t.kind != 0 {
		return p.errorf(t, "expected the end of the line, found %v", t)
	}
	return nil
}

var statements map[string]func(*parser) *lineError

func init() { // the functions read the table, for the sake of suggestions
	statements = map[string]func(*parser) *lineError{
		"graph":  (*parser).parseGraph,
		"input":  (*parser).parseInput,
		"param":  (*parser).parseParam,
		"const":  (*parser).parseConst,
		"output": (*parser).parseOutput,
		"update": (*parser).parseUpdate,
		"arena":  (*parser).parseArena,
	}
}

func (p *parser) parseGraph() *lineError {
	t := p.toks[0]
	name, err := p.name("the graph's name")
	if err == nil && p.named {
		err = p.errorf(t, "the graph has a name already, %q", p.g.Name)
	}
	p.g.Name, p.named = name, true
	return err
}

func (p *parser) parseInput() *lineError {
	v, err := p.declaration(checkInput)
	if err == nil {
		p.g.Inputs = append(p.g.Inputs, v)
	}
	return err
}

func (p *parser) parseParam() *lineError {
	v, err := p.declaration(checkParam)
	if err == nil {
		p.g.Params = append(p.g.Params, v)
	}
	return err
}

func (p *parser) parseConst() *lineError {
	v, err := p.declaration(checkParam)
	if err != nil {
		return err
	}
	if _, err = p.expect('='); err != nil {
		return err
	}
	elems, t := v.Type.Shape.Elems(), p.toks[0]
	if t.kind == '[' {
		err = p.list('[', ']', func() *lineError {
			x, err := p.float32()
			v.Data = append(v.Data, x)
			return err
		})
		if err == nil && len(v.Data) != elems {
			err = p.errorf(t, "%d elements, want %d for the shape %v", len(v.Data), elems, v.Type.Shape)
		}
	} else {
		var x float32
		if x, err = p.float32(); err == nil && elems > maxSplat {
			err = p.errorf(t, "a constant of one repeated value has at most %d elements, not %d", maxSplat, elems)
		}
		if err == nil {
			v.Data = slices.Repeat([]float32{x}, elems)
		}
	}
	if err == nil {
		p.g.Params = append(p.g.Params, v)
	}
	return err
}

func (p *parser) parseOutput() *lineError {
	for {
		v, err := p.value()
		if err != nil {
			return err
		}
		p.g.Outputs = append(p.g.Outputs, v)
		if p.toks[0].kind != ',' {
			return nil
		}
		p.next()
	}
}

func (p *parser) parseUpdate() *lineError {
	t := p.toks[0]
	param, err := p.value()
	if err != nil {
		return err
	}
	if _, err := p.expect('='); err != nil {
		return err
	}
	v, err := p.value()
	if err != nil {
		return err
	}
	u := Update{param, v}
	if err := checkUpdate(u, p.g.IsParam(param), p.updated[param]); err != nil {
		return p.errorf(t, "%v", err)
	}
	p.updated[param] = true
	p.g.Updates = append(p.g.Updates, u)
	return nil
}

func (p *parser) parseArena() *lineError {
	t := p.toks[0]
	n, err := p.size("the arena's size")
	if err == nil && p.g.Arena != 0 {
		err = p.errorf(t, "the arena has a size already, %d", p.g.Arena)
	}
	p.g.Arena = n
	return err
}

// declaration reads a name, a colon and a type.
func (p *parser) declaration(check func(*Value) error) (*Value, *lineError) {
	v, err := p.newValue()
	if err != nil {
		return nil, err
	}
	if t := p.toks[0]; t.kind != ':' { // also where no space follows it, for names may contain colons
		return nil, p.errorf(t, "expected a colon, a space and the type of %q, found %v", v.Name, t)
	}
	p.next()
	t := p.toks[0]
	if err := p.annotation(v); err != nil {
		return nil, err
	}
	if err := check(v); err != nil {
		return nil, p.errorf(t, "%v", err)
	}
	return v, nil
}

// newValue reads the name of a value and declares it.
func (p *parser) newValue() (*Value, *lineError) {
	t := p.toks[0]
	name, err := p.name("a value's name")
	if err != nil {
		return nil, err
	}
	if name == "" || p.values[name] != nil {
		return nil, p.errorf(t, "the name %q is empty or taken; every value needs its own", name)
	}
	v := &Value{Name: name, Offset: -1}
	p.values[name] = v
	return v, nil
}

// value reads the name of a value declared before.
func (p *parser) value() (*Value, *lineError) {
	t := p.toks[0]
	name, err := p.name("a value's name")
	if err != nil {
		return nil, err
	}
	v := p.values[name]
	if v == nil {
		return nil, p.errorf(t, "no value is called %q above this line%s", name, nearest.Suggestion(name, slices.Sorted(maps.Keys(p.values))))
	}
	return v, nil
}

// annotation reads a type and, for what follows it, v's layout, halo and offset.
func (p *parser) annotation(v *Value) *lineError {
	t, err := p.expect('w')
	if err != nil {
		return err
	}
	d := slices.Index(dtypeNames[:], t.text)
	if d < 0 {
		return p.errorf(t, "expected an element type (%s), found %v", strings.Join(dtypeNames[:], ", "), t)
	}
	v.Type = Type{DType: DType(d), Shape: Shape{}}
	if err := p.list('[', ']', func() *lineError {
		n, err := Batch, (*lineError)(nil)
		if p.toks[0].text == "N" {
			p.next()
		} else {
			n, err = p.size("a size or N")
		}
		v.Type.Shape = append(v.Type.Shape, n)
		return err
	}); err != nil {
		return err
	}
	if l := slices.Index(layoutNames[:], p.toks[0].text); l >= 0 {
		v.Type.Layout = Layout(l)
		p.next()
	}
	if p.toks[0].text == "halo" {
		p.next()
		if _, err := p.expect('='); err != nil {
			return err
		}
		if v.Type.Halo, err = p.size("a halo"); err != nil {
			return err
		}
	}
	if p.toks[0].kind == '@' {
		p.next()
		v.Offset, err = p.size("an offset")
	}
	return err
}

// next takes one token.
func (p *parser) next() token {
	t := p.toks[0]
	if t.kind != 0 {
		p.toks = p.toks[1:]
	}
	return t
}

// expect takes a token of the kind.
func (p *parser) expect(kind byte) (token, *lineError) {
	t := p.toks[0]
	if t.kind != kind {
		what := "a word"
		if kind != 'w' {
			what = strconv.Quote(string(kind))
		}
		return t, p.errorf(t, "expected %s, found %v", what, t)
	}
	return p.next(), nil
}

// list takes elements between two marks, separated by commas.
func (p *parser) list(open, close byte, element func() *lineError) *lineError {
	if _, err := p.expect(open); err != nil {
		return err
	}
	for p.toks[0].kind != close {
		if err := element(); err != nil {
			return err
		}
		if p.toks[0].kind == ',' {
			p.next()
		} else if t := p.toks[0]; t.kind != close {
			return p.errorf(t, "expected \",\" or %q, found %v", string(close), t)
		}
	}
	p.next()
	return nil
}

func (p *parser) name(what string) (string, *lineError) {
	if t := p.toks[0]; t.kind != 'w' && t.kind != 's' {
		return "", p.errorf(t, "expected %s, found %v", what, t)
	}
	return p.next().text, nil
}

// size takes a number from 0 to [MaxElems].
func (p *parser) size(what string) (int, *lineError) {
	t := p.toks[0]
	n, err := strconv.ParseUint(t.text, 10, 31)
	if t.kind != 'w' || err != nil {
		return 0, p.errorf(t, "expected %s from 0 to %d, found %v", what, MaxElems, t)
	}
	p.next()
	return int(n), nil
}

func (p *parser) float32() (float32, *lineError) {
	t := p.toks[0]
	if hex, ok := strings.CutPrefix(t.text, "nan:0x"); ok && t.kind == 'w' {
		bits, err := strconv.ParseUint(hex, 16, 32)
		if x := math.Float32frombits(uint32(bits)); err == nil && x != x {
			p.next()
			return x, nil
		}
		return 0, p.errorf(t, "%v has not the bits of a NaN, want for instance nan:0x7fc00001", t)
	}
	if t.kind == 'w' && t.text == "nan" {
		p.next()
		return math.Float32frombits(usualNaN), nil
	}
	x, err := strconv.ParseFloat(t.text, 32)
	if t.kind != 'w' || err != nil {
		return 0, p.errorf(t, "expected a float32, found %v", t)
	}
	p.next()
	return float32(x), nil
}

func (p *parser) errorf(t token, format string, args ...any) *lineError {
	return &lineError{t.col, fmt.Sprintf(format, args...)}
}
