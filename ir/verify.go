package ir

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// graphConstraints are checked in this order; each one relies on those before
// it.  Verify's comment says what they are.
var graphConstraints = []struct {
	number int
	check  func(*Graph) error
}{
	{1, checkNames},
	{2, checkDefinitions},
	{3, checkOperandsExist},
	{4, checkOrder},
	{5, checkTypes},
	{6, checkOutputs},
	{7, checkShapes},
	{8, checkData},
	{9, checkLayouts},
	{10, checkOffsets},
	{11, checkOverlaps},
	{12, checkUpdates},
}

// Verify gives the first constraint that the graph breaks, or nil.  It cites
// graph/V1 to graph/V12, in this order:
//
//   - V1: no node or value is nil; every value has a name, and no two have the
//     same.
//   - V2: a value stands once in Inputs, in Params or in the Results of the
//     node that is its Def; a node has results.
//   - V3: a node's operands are values of the graph.
//   - V4: nodes stand in topological order.
//   - V5: the types of a node's results have the element type and the shape
//     that [Infer] gives, whose own constraints are cited as op/C3.
//   - V6: there is an output, and outputs are values of the graph.
//   - V7: an input is a scalar or its first axis is [Batch]; no other axis and
//     no parameter's is; sizes are positive and at most [MaxElems] in all;
//     parameters are f32.
//   - V8: the Data of a parameter is nil or has as many elements as its shape;
//     other values have none.
//   - V9: parameters are stored nchw without a halo; only images (N,C,H,W) have
//     a halo, and only images and N,C are stored nchw16c.
//   - V10: an offset is -1, or the value lies within the arena; parameters lie
//     outside.
//   - V11: two values in the arena that are live at the same time do not
//     overlap, unless the one is the other's flatten, or a node writes its
//     result over an operand that it is the last to read: at the same offset,
//     with the same type, of an op that works element by element (a
//     convolution: over its residual).
//   - V12: an update gives a parameter the value of a node, of the parameter's
//     type; no parameter has two.
func Verify(g *Graph) error {
	for _, c := range graphConstraints {
		if err := c.check(g); err != nil {
			return err
		}
	}
	return nil
}

func brokenGraph(number int, format string, args ...any) error {
	return fmt.Errorf("graph/V%d: %s", number, fmt.Sprintf(format, args...))
}

func checkNames(g *Graph) error {
	if slices.Contains(g.Nodes, nil) {
		return brokenGraph(1, "there is a nil among the nodes")
	}
	seen := map[string]bool{}
	for v := range g.Values() {
		switch {
		case v == nil:
			return brokenGraph(1, "there is a nil among inputs, parameters or results")
		case v.Name == "":
			return brokenGraph(1, "a value of type %v has no name", v.Type)
		case seen[v.Name]:
			return brokenGraph(1, "two values are called %q", v.Name)
		}
		seen[v.Name] = true
	}
	return nil
}

func checkDefinitions(g *Graph) error {
	for _, v := range slices.Concat(g.Inputs, g.Params) {
		if v.Def != nil {
			return brokenGraph(2, "input or parameter %q has a defining node (%s)", v.Name, v.Def.Op)
		}
	}
	for i, n := range g.Nodes {
		if len(n.Results) == 0 {
			return brokenGraph(2, "node %d (%s) has no results", i, n.Op)
		}
		for _, v := range n.Results {
			if v.Def != n {
				return brokenGraph(2, "the Def of %q is not the node whose result it is", v.Name)
			}
		}
	}
	return nil // V1 leaves no value twice
}

// members is the set of g's values.
func (g *Graph) members() map[*Value]bool {
	m := map[*Value]bool{}
	for v := range g.Values() {
		m[v] = true
	}
	return m
}

func checkOperandsExist(g *Graph) error {
	member := g.members()
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && !member[v] {
				return brokenGraph(3, "node %q reads %q, which is not a value of the graph", n.Name(), v.Name)
			}
		}
	}
	return nil
}

func checkOrder(g *Graph) error {
	done := map[*Node]bool{nil: true}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && !done[v.Def] {
				return brokenGraph(4, "node %q reads %q before it is defined", n.Name(), v.Name)
			}
		}
		done[n] = true
	}
	return nil
}

func checkTypes(g *Graph) error {
	for _, n := range g.Nodes {
		types, err := Infer(n)
		if err != nil {
			return err
		}
		if len(types) != len(n.Results) {
			return brokenGraph(5, "node %q has %d results, op %s has %d", n.Name(), len(n.Results), n.Op, len(types))
		}
		for i, v := range n.Results {
			if !v.Type.Same(types[i]) {
				return brokenGraph(5, "the type of %q is %v, want %v", v.Name, v.Type, types[i])
			}
		}
	}
	return nil
}

func checkOutputs(g *Graph) error {
	if len(g.Outputs) == 0 {
		return brokenGraph(6, "the graph has no output")
	}
	member := g.members()
	for i, v := range g.Outputs {
		if v == nil {
			return brokenGraph(6, "output %d is nil", i)
		}
		if !member[v] {
			return brokenGraph(6, "output %q is not a value of the graph", v.Name)
		}
	}
	return nil
}

func checkUpdates(g *Graph) error {
	param, updated := map[*Value]bool{}, map[*Value]bool{}
	for _, v := range g.Params {
		param[v] = true
	}
	member := g.members()
	for i, u := range g.Updates {
		if u.Param == nil || u.Value == nil {
			return brokenGraph(12, "update %d has no parameter or no value", i)
		}
		if !member[u.Value] {
			return brokenGraph(12, "parameter %q is updated with %q, which is not a value of the graph", u.Param.Name, u.Value.Name)
		}
		if err := checkUpdate(u, param[u.Param], updated[u.Param]); err != nil {
			return err
		}
		updated[u.Param] = true
	}
	return nil
}

// checkUpdate checks one update of values that are not nil, given whether its
// Param is a parameter and has an update before it.
func checkUpdate(u Update, param, updated bool) error {
	switch {
	case !param:
		return brokenGraph(12, "%q is updated, but is not a parameter", u.Param.Name)
	case u.Value.Def == nil:
		return brokenGraph(12, "parameter %q is updated with %q, want the result of a node", u.Param.Name, u.Value.Name)
	case !u.Value.Type.Same(u.Param.Type):
		return brokenGraph(12, "parameter %q of type %v is updated with %q of type %v, want the same", u.Param.Name, u.Param.Type, u.Value.Name, u.Value.Type)
	case updated:
		return brokenGraph(12, "parameter %q is updated twice", u.Param.Name)
	}
	return nil
}

func checkShapes(g *Graph) error {
	for _, v := range g.Inputs {
		if err := checkInput(v); err != nil {
			return err
		}
	}
	for _, v := range g.Params {
		if err := checkParam(v); err != nil {
			return err
		}
	}
	return nil
}

// checkInput gives the constraints that an input breaks by itself.
func checkInput(v *Value) error {
	s := v.Type.Shape
	if len(s) > 0 && s[0] != Batch {
		return brokenGraph(7, "input %q has shape %v, want N as the first axis, or a scalar []", v.Name, s)
	}
	return checkDeclared(v)
}

// checkParam gives the constraints that a parameter breaks by itself.
func checkParam(v *Value) error {
	s := v.Type.Shape
	if slices.Contains(s, Batch) {
		return brokenGraph(7, "parameter %q has shape %v, want no N in it", v.Name, s)
	}
	if v.Type.DType != F32 {
		return brokenGraph(7, "parameter %q has element type %v, want f32", v.Name, v.Type.DType)
	}
	if v.Type.Layout != NCHW || v.Type.Halo != 0 {
		return brokenGraph(9, "parameter %q has type %v, want it stored nchw without a halo", v.Name, v.Type)
	}
	if v.Offset != -1 {
		return brokenGraph(10, "parameter %q has offset %d, but parameters lie outside the arena", v.Name, v.Offset)
	}
	return checkDeclared(v)
}

func checkDeclared(v *Value) error {
	if int(v.Type.DType) >= len(dtypeNames) {
		return brokenGraph(7, "%q has the unknown element type %v", v.Name, v.Type.DType)
	}
	if err := checkShape(v.Type.Shape); err != nil {
		return brokenGraph(7, "%q has shape %v: %v", v.Name, v.Type.Shape, err)
	}
	return checkStorage(v)
}

// checkShape gives what is wrong with a shape: its rank, a size, or their product.
func checkShape(s Shape) error {
	if len(s) > maxRank {
		return fmt.Errorf("%d axes, want at most %d", len(s), maxRank)
	}
	n := uint64(1)
	for i, d := range s {
		if d == Batch && i == 0 {
			continue
		}
		if d < 1 {
			return errors.New("sizes must be positive, and only the first axis may be N")
		}
		if n *= min(uint64(d), math.MaxUint32); n > MaxElems { // cannot overflow: n was at most MaxElems
			return fmt.Errorf("more than %d elements", MaxElems)
		}
	}
	return nil
}

func checkData(g *Graph) error {
	param := map[*Value]bool{}
	for _, v := range g.Params {
		param[v] = true
	}
	for v := range g.Values() {
		want := v.Type.Shape.Elems()
		switch {
		case v.Data == nil:
		case !param[v]:
			return brokenGraph(8, "%q has data, but is not a parameter", v.Name)
		case len(v.Data) != want:
			return brokenGraph(8, "parameter %q has %d elements of data, want %d for the shape %v", v.Name, len(v.Data), want, v.Type.Shape)
		}
	}
	return nil
}

func checkLayouts(g *Graph) error {
	for v := range g.Values() {
		if err := checkStorage(v); err != nil {
			return err
		}
	}
	return nil
}

// checkStorage checks layout and halo.
func checkStorage(v *Value) error {
	t := v.Type
	activation := len(t.Shape) > 0 && t.Shape[0] == Batch
	switch {
	case int(t.Layout) >= len(layoutNames) || t.Halo < 0 || t.Halo > maxHalo:
		return brokenGraph(9, "%q has type %v, want a known layout and a halo between 0 and %d", v.Name, t, maxHalo)
	case t.Halo != 0 && (len(t.Shape) != 4 || !activation):
		return brokenGraph(9, "%q has type %v, but only an image N,C,H,W has a halo", v.Name, t)
	case t.Layout != NCHW && (len(t.Shape) != 4 && len(t.Shape) != 2 || !activation):
		return brokenGraph(9, "%q has type %v, but only N,C and N,C,H,W are stored %v", v.Name, t, t.Layout)
	case len(t.Shape) == 4 && storedImage(t) > MaxElems:
		return brokenGraph(9, "%q has type %v, which takes more than %d elements", v.Name, t, MaxElems)
	}
	return nil
}

const maxHalo = 1 << 10

// storedImage is t.Stored() of an image, in arithmetic that cannot overflow.
func storedImage(t Type) float64 {
	s := t.Shape
	return (float64(s[1]) + Block) * float64(s[2]+2*t.Halo) * float64(s[3]+2*t.Halo)
}
