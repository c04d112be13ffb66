package passes

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// StemChannels is the most channels of a graph input that a convolution reads
// from planar storage, where a block of 16 would be mostly filler: one to four
// for images.
const StemChannels = 8

// layout gives every value its layout and halo, as the package comment lists
// them, and inserts a reorder where a reader wants another form.  A reorder
// stands right before its first reader, so that it lives shortly.
func layout(g *ir.Graph, _ Options) error {
	if !isTraining(g) { // whose operands the lowering checks
		if err := checkOperands(g); err != nil {
			return err
		}
	}
	l := &layouter{e: edit(g), halos: map[form]int{}, copies: map[copyKey]*ir.Value{}}
	for _, n := range g.Nodes {
		if i, halo := haloRead(n); i >= 0 {
			f := wanted(n, i)
			l.halos[f] = max(l.halos[f], halo)
		}
	}
	for _, n := range g.Nodes {
		l.node(n)
	}
	for i, v := range g.Outputs {
		if isStored(v) {
			g.Outputs[i] = l.read(form{value: v, layout: ir.NCHW16c})
		}
	}
	g.Nodes = l.nodes
	return checkStored(g)
}

// maxHalo is the widest halo that ir accepts.
const maxHalo = 1 << 10

// checkStored makes sure that halos and filled-up blocks did not blow a value up.
func checkStored(g *ir.Graph) error {
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Type.Halo > maxHalo {
				return fmt.Errorf("node %q: %q would be stored with a border of %d zeros for its readers' padding, and at most %d are possible", n.Name(), v.Name, v.Type.Halo, maxHalo)
			}
		}
		for _, v := range n.Results {
			if v.Type.Halo <= maxHalo && v.Type.Stored() > ir.MaxElems {
				return fmt.Errorf("node %q: %v takes %d elements, more than the %d that a tensor may have", n.Name(), v.Type, v.Type.Stored(), ir.MaxElems)
			}
		}
	}
	return nil
}

// form is how a value is read.
type form struct {
	value  *ir.Value
	layout ir.Layout
	dense  bool // without a halo; otherwise with the widest that such a reader wants
}

type copyKey struct {
	value  *ir.Value
	layout ir.Layout
	halo   int
}

type layouter struct {
	e      *editor
	halos  map[form]int
	copies map[copyKey]*ir.Value // results of reorders
	nodes  []*ir.Node
}

// wanted is the form in which n reads operand i, an activation.
func wanted(n *ir.Node, i int) form {
	v := n.Inputs[i]
	switch {
	case n.Op == ir.Flatten && pixels(v) > 1:
		return form{v, ir.NCHW, true}
	case n.Op == ir.Flatten:
		return form{v, ir.NCHW16c, true}
	case n.Op == ir.Unflatten && pixels(n.Out()) > 1:
		return form{v, ir.NCHW, true}
	case n.Op == ir.Conv2D && i == 0 && isStem(n), n.Op == ir.Conv2DGradWeight && i == 1 && isStem(n):
		return form{v, ir.NCHW, false}
	}
	return form{v, ir.NCHW16c, false}
}

// isStem reports whether n is a convolution, or its gradient, that reads a graph
// input from planar storage.
func isStem(n *ir.Node) bool {
	if n.Op == ir.Conv2DGradInput {
		return false
	}
	v := n.In("input")
	return v.Def == nil && n.Int("groups") == 1 && v.Type.Shape[1] <= StemChannels
}

func pixels(v *ir.Value) int { return v.Type.Shape[2] * v.Type.Shape[3] }

// node appends n, after the reorders that it needs.
func (l *layouter) node(n *ir.Node) {
	for i, v := range n.Inputs {
		if v != nil && !l.e.params[v] && isStored(v) {
			n.Inputs[i] = l.read(wanted(n, i))
		}
	}
	l.nodes = append(l.nodes, n)
	for _, v := range n.Results {
		if isStored(v) {
			v.Type.Layout = ir.NCHW16c
			v.Type.Halo = l.halos[form{value: v, layout: ir.NCHW16c}]
		}
	}
	if n.Op == ir.Flatten && n.Inputs[0].Type.Layout == ir.NCHW {
		l.flattened(n)
	}
}

// flattened brings the result of a flatten of planes back to NCHW16c, under its old name.
func (l *layouter) flattened(n *ir.Node) {
	v, name := n.Out(), n.Name()
	v.Type.Layout = ir.NCHW
	v.Name = l.e.unique(name + ".nchw")
	l.copies[copyKey{v, ir.NCHW16c, 0}] = l.reorder(name, v, ir.NCHW16c, 0)
}

// read returns f's value in the form f: itself, or the result of a reorder.
func (l *layouter) read(f form) *ir.Value {
	v, halo := f.value, l.halos[f]
	key := copyKey{v, f.layout, halo}
	if v.Def != nil && v.Type.Layout == f.layout && v.Type.Halo == halo {
		return v
	}
	if l.copies[key] == nil {
		l.copies[key] = l.reorder(l.e.unique(v.Name+"."+f.layout.String()), v, f.layout, halo)
	}
	return l.copies[key]
}

func (l *layouter) reorder(name string, v *ir.Value, layout ir.Layout, halo int) *ir.Value {
	n := &ir.Node{Op: ir.Reorder, Inputs: []*ir.Value{v}, Attrs: ir.Attrs{}}
	t := v.Type
	t.Layout, t.Halo = layout, halo
	n.Results = []*ir.Value{{Name: name, Type: t, Def: n, Offset: -1}}
	l.nodes = append(l.nodes, n)
	return n.Out()
}

// checkOperands makes sure that weights are parameters and that all else flows
// from the graph's inputs, as [N,C] or [N,C,H,W].
func checkOperands(g *ir.Graph) error {
	params := map[*ir.Value]bool{}
	for _, v := range g.Params {
		params[v] = true
	}
	for _, v := range g.Inputs {
		if err := checkActivation(v, params); err != nil {
			return fmt.Errorf("input: %w", err)
		}
	}
	for _, n := range g.Nodes {
		row := ir.Ops[n.Op].Operands
		for i, v := range n.Inputs {
			if v == nil {
				continue
			}
			operand := row[min(i, len(row)-1)].Name
			if !isActivation(operand) {
				if !params[v] {
					return fmt.Errorf("node %q: operand %s is %q, which is no parameter: weights must be known when the network is compiled, so bind data to all parameters that %q is computed from", n.Name(), operand, v.Name, v.Name)
				}
			} else if err := checkActivation(v, params); err != nil {
				return fmt.Errorf("node %q: operand %s: %w", n.Name(), operand, err)
			}
		}
	}
	for _, v := range g.Outputs {
		if err := checkActivation(v, params); err != nil {
			return fmt.Errorf("output: %w", err)
		}
	}
	return nil
}

// isActivation tells operands that flow through the network from weights, by their name in the ops table.
func isActivation(operand string) bool {
	return slices.Contains([]string{"input", "inputs", "a", "b", "residual"}, operand)
}

func checkActivation(v *ir.Value, params map[*ir.Value]bool) error {
	s := v.Type.Shape
	if params[v] || len(s) == 0 || s[0] != ir.Batch {
		return fmt.Errorf("%q is a constant of shape %v, want a value computed from the graph's inputs", v.Name, s)
	}
	if len(s) != 2 && len(s) != 4 {
		return fmt.Errorf("%q has shape %v, want N,C or N,C,H,W: no kernel stores other ranks", v.Name, s)
	}
	return nil
}
