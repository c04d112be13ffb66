package passes

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// editor changes a graph while it keeps track of who reads what, so that a
// pass over thousands of nodes stays linear.  Call close when done.
type editor struct {
	g       *ir.Graph
	readers map[*ir.Value][]*ir.Node // a node that reads a value twice is listed twice
	params  map[*ir.Value]bool
	outputs map[*ir.Value]bool
	updates map[*ir.Value]bool // parameters that change, and what they change to
	names   map[string]bool
	dropped map[*ir.Node]bool
}

func edit(g *ir.Graph) *editor {
	e := &editor{
		g:       g,
		readers: g.Uses(),
		params:  map[*ir.Value]bool{},
		outputs: map[*ir.Value]bool{},
		updates: map[*ir.Value]bool{},
		names:   map[string]bool{},
		dropped: map[*ir.Node]bool{},
	}
	for _, v := range g.Params {
		e.params[v] = true
	}
	for _, v := range g.Outputs {
		e.outputs[v] = true
	}
	for _, u := range g.Updates {
		e.updates[u.Param], e.updates[u.Value] = true, true
	}
	for v := range g.Values() {
		e.names[v.Name] = true
	}
	return e
}

// close removes the dropped nodes, and the parameters that nobody reads.
func (e *editor) close() {
	e.g.Remove(func(n *ir.Node) bool { return e.dropped[n] })
	e.g.Params = slices.DeleteFunc(e.g.Params, func(v *ir.Value) bool {
		return len(e.readers[v]) == 0 && !e.outputs[v] && !e.updates[v]
	})
}

// private reports whether v is read exactly once, is no output and updates no
// parameter, so that a change of v is seen by that reader only.
func (e *editor) private(v *ir.Value) bool {
	return len(e.readers[v]) == 1 && !e.outputs[v] && !e.updates[v]
}

// allConstant reports whether every one of values is a parameter that no run
// changes; nil counts as one.
func (e *editor) allConstant(values ...*ir.Value) bool {
	for _, v := range values {
		if v != nil && (!e.params[v] || e.updates[v]) {
			return false
		}
	}
	return true
}

// unique returns a name that no value has, made from name.
func (e *editor) unique(name string) string {
	u := name
	for i := 2; e.names[u]; i++ {
		u = fmt.Sprintf("%s.%d", name, i)
	}
	e.names[u] = true
	return u
}

// param declares a parameter with a name made from name.
func (e *editor) param(name string, shape ir.Shape, data []float32) *ir.Value {
	v := e.g.AddParam(e.unique(name), shape...)
	v.Data = data
	e.params[v] = true
	return v
}

// setIn makes v the operand of n called operand.
func (e *editor) setIn(n *ir.Node, operand string, v *ir.Value) {
	if old := n.In(operand); old != nil {
		e.unread(old, n)
	}
	n.SetIn(operand, v)
	e.readers[v] = append(e.readers[v], n)
}

// drop marks a node for removal, whose results nobody reads any more.
func (e *editor) drop(n *ir.Node) {
	e.dropped[n] = true
	for _, v := range n.Inputs {
		if v != nil {
			e.unread(v, n)
		}
	}
}

func (e *editor) unread(v *ir.Value, n *ir.Node) {
	r := e.readers[v]
	i := slices.Index(r, n)
	e.readers[v] = slices.Delete(r, i, i+1)
}

// replace makes the readers of old, the outputs and the updates read v, and
// reports whether it could: an output keeps its name, so old's is given to v,
// and if v is an input, a parameter or an output itself then old has to stay.
// So it has if it updates a parameter and v is no node's result.
func (e *editor) replace(old, v *ir.Value) bool {
	if e.outputs[old] && (v.Def == nil || e.outputs[v]) || e.updates[old] && v.Def == nil {
		return false
	}
	if e.outputs[old] {
		old.Name, v.Name = v.Name, old.Name
		for i, x := range e.g.Outputs {
			if x == old {
				e.g.Outputs[i] = v
			}
		}
		delete(e.outputs, old)
		e.outputs[v] = true
	}
	if e.updates[old] {
		for i, u := range e.g.Updates {
			if u.Value == old {
				e.g.Updates[i].Value = v
			}
		}
		delete(e.updates, old)
		e.updates[v] = true
	}
	for _, n := range e.readers[old] {
		if i := slices.Index(n.Inputs, old); i >= 0 {
			n.Inputs[i] = v
			e.readers[v] = append(e.readers[v], n)
		}
	}
	delete(e.readers, old)
	return true
}
