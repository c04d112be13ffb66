package codegen

import (
	"fmt"
	"slices"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// stored reports whether a value lies in the arena, once for each image.
func stored(v *ir.Value) bool {
	s := v.Type.Shape
	return v.Type.DType == ir.F32 && len(s) > 1 && s[0] == ir.Batch
}

// vectorSize is how many float32s one value per channel takes.
func vectorSize(channels int) int { return (channels + ir.Block - 1) / ir.Block * ir.Block }

// reserve takes n more float32s of the store.
func (l *trainLowering) reserve(n int) int {
	at := l.program.Store
	l.program.Store += vectorSize(n)
	return at
}

// at is where a value without a batch axis lies in the store.
func (l *trainLowering) at(v *ir.Value) int { return l.slots[v].Offset }

// allocate gives every value without a batch axis its slot.  Gradients of
// parameters come one after another, in the order in which they are complete, so
// that a reduction over machines finds them in few pieces, early; a value that
// updates a parameter takes its place.
func (l *trainLowering) allocate() error {
	packing := map[*ir.Value]runtime.Slot{}
	for _, n := range l.graph.Nodes {
		if err := l.packing(packing, n); err != nil {
			return err
		}
	}
	place := func(v, like *ir.Value) {
		if v == nil || l.slots[v] != nil || stored(v) || v.Type.DType != ir.F32 {
			return
		}
		s := packing[like]
		s.Name, s.Shape = v.Name, slices.Clone([]int(v.Type.Shape))
		s.Offset = l.reserve(s.Stored())
		l.slots[v] = &s
	}
	for _, v := range l.graph.Params {
		place(v, v)
	}
	params := map[*ir.Value]*ir.Value{} // by gradient
	for _, n := range l.graph.Nodes {
		if isUpdate(n) {
			params[n.In("grad")] = n.In("param")
		}
	}
	for _, n := range l.graph.Nodes {
		for _, v := range n.Results {
			if p := params[v]; p != nil && l.slots[v] == nil {
				place(v, p)
				l.grads = append(l.grads, v)
			}
		}
	}
	for _, u := range l.graph.Updates {
		if l.slots[u.Value] != nil {
			return fmt.Errorf("%q updates two parameters or is one", u.Value.Name)
		}
		l.slots[u.Value] = l.slots[u.Param]
	}
	for _, n := range l.graph.Nodes {
		for _, v := range n.Results {
			// A running average or a sum that is not the last of several.
			like := n.Inputs[0]
			if n.Op == ir.Conv2DGradWeight || n.Op == ir.LinearGradWeight || n.Op == ir.Add {
				like = l.trained(v)
			}
			if n.Op == ir.RunningAverage && l.slots[v] == nil {
				l.slots[v] = l.slots[like]
			}
			place(v, like)
		}
	}
	return nil
}

func isUpdate(n *ir.Node) bool { return n.Op == ir.SGD || n.Op == ir.AdamW }

// trained is the parameter whose gradient v is a part of.
func (l *trainLowering) trained(v *ir.Value) *ir.Value {
	for _, n := range l.uses[v] {
		if isUpdate(n) && n.In("grad") == v {
			return n.In("param")
		}
		if n.Op == ir.Add {
			return l.trained(n.Out())
		}
	}
	return nil
}

// packing notes how a node wants its weight stored, and that what the optimizer
// keeps for a parameter is stored like it.
func (l *trainLowering) packing(packing map[*ir.Value]runtime.Slot, n *ir.Node) error {
	want := runtime.Slot{InBlock: ir.Block, Groups: 1, Merged: 1}
	switch n.Op {
	case ir.Conv2D:
		if n.In("input").Type.Layout == ir.NCHW {
			want.InBlock = 1
		}
		want.Fill = runtime.FillNormal
		want.Groups = n.Int("groups")
		want.Merged = mergedGroups(n.In("weight").Type.Shape, want.Groups)
	case ir.Linear:
		want.Fill = runtime.FillUniform
		if b := n.In("bias"); b != nil {
			packing[b] = runtime.Slot{}
		}
	case ir.BatchNormTrain:
		packing[n.In("gamma")] = runtime.Slot{Fill: runtime.FillOne}
		return nil
	case ir.RunningAverage:
		if n.In("input") != nil { // the variance
			packing[n.In("running")] = runtime.Slot{Fill: runtime.FillOne}
		}
		return nil
	case ir.SGD, ir.AdamW:
		for _, kept := range []string{"velocity", "m", "v"} {
			if v := operand(n, kept); v != nil {
				s := packing[n.In("param")]
				s.Fill = runtime.FillZero
				packing[v] = s
			}
		}
		return nil
	default:
		return nil
	}
	w := n.In("weight")
	if old, ok := packing[w]; ok && (old.InBlock != want.InBlock || old.Groups != want.Groups) {
		return fmt.Errorf("node %q: weight %q is shared by layers that store it in different ways", n.Name(), w.Name)
	}
	packing[w] = want
	return nil
}

// operand is n.In for an operand that the op may not have.
func operand(n *ir.Node, name string) *ir.Value {
	for _, o := range ir.Ops[n.Op].Operands {
		if o.Name == name {
			return n.In(name)
		}
	}
	return nil
}

// mergedGroups is into how many groups of whole channel blocks a weight's
// groups are joined.
func mergedGroups(weight ir.Shape, groups int) int {
	for share := 1; share < groups; share++ {
		if groups%share == 0 && weight[1]*share%ir.Block == 0 && weight[0]/groups*share%ir.Block == 0 {
			return groups / share
		}
	}
	return 1
}

// bucketize cuts the gradients into buckets of a quarter of a MiB to 16 MiB,
// eight or more where that allows it: small enough that most are on their way
// before the last gradient is complete, large enough that starting them costs
// little.
func (l *trainLowering) bucketize() {
	total := 0
	for _, v := range l.grads {
		total += l.slots[v].Stored()
	}
	size := min(max(total/8, 1<<16), 4<<20)
	p := &l.program
	for i, v := range l.grads {
		s := l.slots[v]
		if i == 0 || p.Buckets[len(p.Buckets)-1].Size >= size {
			p.Buckets = append(p.Buckets, runtime.Bucket{Offset: s.Offset})
		}
		b := &p.Buckets[len(p.Buckets)-1]
		b.Size += s.Stored()
		b.Ready = max(b.Ready, l.complete[v])
	}
}

// list fills in the program's tables of tensors.
func (l *trainLowering) list() {
	p := &l.program
	kept := map[*ir.Value]bool{}
	for _, n := range l.graph.Nodes {
		if !isUpdate(n) {
			continue
		}
		g := *l.slots[n.In("grad")]
		g.Name = n.In("param").Name
		p.Gradients = append(p.Gradients, g)
		for _, name := range []string{"velocity", "m", "v"} {
			if v := operand(n, name); v != nil {
				kept[v] = true
			}
		}
	}
	for _, v := range l.graph.Params {
		if s := *l.slots[v]; kept[v] {
			p.State = append(p.State, s)
		} else {
			p.Parameters = append(p.Parameters, s)
		}
	}
}
