package ir

import (
	"fmt"
	"reflect"
)

// Attrs maps an attribute's name to its value: int, float64, bool, string or []int.
type Attrs map[string]any

// AttrSpec is an attribute that an op takes.  The type of Default is the
// attribute's type; a []int has as many elements as its default.
type AttrSpec struct {
	Name    string
	Default any
	Doc     string
}

// spec returns the row of the attribute, which the op must have: a wrong name
// is a mistake in this program, never in its input.
func (n *Node) spec(name string) AttrSpec {
	for _, a := range Ops[n.Op].Attrs {
		if a.Name == name {
			return a
		}
	}
	panic(fmt.Sprintf("ir: op %s has no attribute %s", n.Op, name))
}

// Attr returns the attribute's value, or its default.
func (n *Node) Attr(name string) any {
	s := n.spec(name)
	if v, ok := n.Attrs[name]; ok {
		return v
	}
	return s.Default
}

// Set sets an attribute; a value equal to the default is left out, so that
// equal nodes have equal Attrs.
func (n *Node) Set(name string, v any) {
	if reflect.DeepEqual(v, n.spec(name).Default) {
		delete(n.Attrs, name)
		return
	}
	n.Attrs[name] = v
}

// Int, Ints, Float, Bool and Str return an attribute of that type.
func (n *Node) Int(name string) int       { return n.Attr(name).(int) }
func (n *Node) Ints(name string) []int    { return n.Attr(name).([]int) }
func (n *Node) Float(name string) float64 { return n.Attr(name).(float64) }
func (n *Node) Bool(name string) bool     { return n.Attr(name).(bool) }
func (n *Node) Str(name string) string    { return n.Attr(name).(string) }
