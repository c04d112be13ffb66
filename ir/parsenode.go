package ir

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/resnetc/resnetc/ir/nearest"
)

// parseNode reads RESULT, … = op(operand, …, name=operand, …) {attr=value, …} : type, …
func (p *parser) parseNode() *lineError {
	n := &Node{Attrs: Attrs{}}
	for {
		v, err := p.newValue()
		if err != nil {
			return err
		}
		v.Def = n
		n.Results = append(n.Results, v)
		if p.toks[0].kind != ',' {
			break
		}
		p.next()
	}
	for _, v := range n.Results { // a node cannot read its own result
		delete(p.values, v.Name)
	}
	if _, err := p.expect('='); err != nil {
		return err
	}
	opTok, err := p.expect('w')
	if err != nil {
		return err
	}
	n.Op = OpName(opTok.text)
	op, ok := Ops[n.Op]
	if !ok {
		return p.errorf(opTok, "unknown op %q%s", n.Op, nearest.Suggestion(opTok.text, listed(slices.Sorted(maps.Keys(Ops)), func(op OpName) string { return string(op) })))
	}
	if err := p.list('(', ')', func() *lineError { return p.operand(n, op) }); err != nil {
		return err
	}
	if p.toks[0].kind == '{' {
		seen := map[string]bool{}
		if err := p.list('{', '}', func() *lineError { return p.attr(n, op, seen) }); err != nil {
			return err
		}
	}
	if err := p.infer(n, opTok); err != nil {
		return err
	}
	for _, v := range n.Results {
		p.values[v.Name] = v
	}
	p.g.Nodes = append(p.g.Nodes, n)
	return nil
}

// infer sets the types of n's results, and reads what the text says of them.
func (p *parser) infer(n *Node, opTok token) *lineError {
	types, inferErr := Infer(n)
	if inferErr != nil {
		return p.errorf(opTok, "%v", inferErr)
	}
	if len(types) != len(n.Results) {
		return p.errorf(opTok, "op %s has %d results, not %d", n.Op, len(types), len(n.Results))
	}
	annotated := p.toks[0].kind == ':'
	for i, v := range n.Results {
		if !annotated {
			v.Type = types[i]
			continue
		}
		if _, err := p.expect([...]byte{':', ','}[min(i, 1)]); err != nil {
			return err
		}
		t := p.toks[0]
		if err := p.annotation(v); err != nil {
			return err
		}
		if !v.Type.Same(types[i]) {
			return p.errorf(t, "the type of %q is %v by inference, not %v", v.Name, types[i], v.Type)
		}
		if err := checkStorage(v); err != nil {
			return p.errorf(t, "%v", err)
		}
	}
	return nil
}

// operand reads one operand, positional or by name.
func (p *parser) operand(n *Node, op Op) *lineError {
	t := p.toks[0]
	if t.kind == 'w' && p.toks[1].kind == '=' {
		p.next()
		p.next()
		i := slices.IndexFunc(op.Operands, func(o Operand) bool { return o.Name == t.text })
		if i < 0 {
			return p.errorf(t, "op %s has no operand %q%s", n.Op, t.text, nearest.Suggestion(t.text, listed(op.Operands, func(o Operand) string { return o.Name })))
		}
		if op.Operands[i].Variadic {
			return p.errorf(t, "the operands %q stand without their name", t.text)
		}
		if n.In(t.text) != nil {
			return p.errorf(t, "operand %q is given twice", t.text)
		}
		v, err := p.value()
		if err == nil {
			n.SetIn(t.text, v)
		}
		return err
	}
	v, err := p.value()
	if err != nil {
		return err
	}
	at := len(n.Inputs)
	last := op.Operands[len(op.Operands)-1]
	if !last.Variadic && (at >= len(op.Operands) || op.Operands[at].Optional) {
		return p.errorf(t, "op %s takes %s, and optional ones as name=value: %q is one too many", n.Op, required(op), v.Name)
	}
	n.Inputs = append(n.Inputs, v)
	return nil
}

// required says which operands an op must have, for an error.
func required(op Op) string {
	names := []string{}
	for _, o := range op.Operands {
		if !o.Optional {
			names = append(names, o.Name)
		}
	}
	return fmt.Sprintf("%d operands %q", len(names), names)
}

// attr reads name=value; seen are the attributes read before.
func (p *parser) attr(n *Node, op Op, seen map[string]bool) *lineError {
	t := p.toks[0]
	name, err := p.name("an attribute")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(op.Attrs, func(a AttrSpec) bool { return a.Name == name })
	if i < 0 {
		return p.errorf(t, "op %s has no attribute %q%s", n.Op, name, nearest.Suggestion(name, listed(op.Attrs, func(a AttrSpec) string { return a.Name })))
	}
	if seen[name] {
		return p.errorf(t, "attribute %q is given twice", name)
	}
	seen[name] = true
	if _, err := p.expect('='); err != nil {
		return err
	}
	v, err := p.attrValue(op.Attrs[i].Default)
	if err != nil {
		return err
	}
	n.Set(name, v)
	return nil
}

// attrValue reads a value of the same type as like.
func (p *parser) attrValue(like any) (any, *lineError) {
	t := p.toks[0]
	var v any
	var err error
	want := ""
	switch like.(type) {
	case []int:
		list := []int{}
		err := p.list('[', ']', func() *lineError {
			x, err := p.attrValue(0)
			if err == nil {
				list = append(list, x.(int))
			}
			return err
		})
		return list, err
	case string:
		return p.name("a string")
	case int:
		v, err = strconv.Atoi(t.text)
		want = "an integer"
	case float64:
		v, err = strconv.ParseFloat(t.text, 64)
		want = "a number"
	case bool:
		if v = t.text == "true"; t.text != "true" && t.text != "false" {
			err = strconv.ErrSyntax
		}
		want = "true or false"
	}
	if t.kind != 'w' || err != nil {
		return nil, p.errorf(t, "expected %s, found %v", want, t)
	}
	p.next()
	return v, nil
}

// listed gives the name of each thing.
func listed[T any](things []T, name func(T) string) []string {
	list := make([]string, len(things))
	for i, t := range things {
		list[i] = name(t)
	}
	return list
}
