package passes

import (
	"slices"

	"github.com/resnetc/resnetc/ir"
)

// joins lists the pairs of ops of a training step that code generation computes
// in one sweep if nobody else reads what the first gives the second: batch norm
// with the addition or the ReLU behind it, a ReLU's gradient with that of the
// batch norm before it, a convolution's gradient with the sum that it is a part of.
var joins = map[[2]ir.OpName]func(first, second *ir.Node) bool{
	{ir.BatchNormTrain, ir.ReLU}: nil,
	{ir.BatchNormTrain, ir.Add}:  nil,
	{ir.BatchNorm, ir.ReLU}:      isRepeated,
	{ir.BatchNorm, ir.Add}:       isRepeated,
	{ir.ReLUGrad, ir.BatchNormGrad}: func(first, second *ir.Node) bool {
		return second.In("dy") == first.Out()
	},
	{ir.Conv2DGradInput, ir.Add}: func(first, second *ir.Node) bool {
		return slices.Equal(first.Ints("stride"), []int{1, 1}) && !second.Bool("relu")
	},
}

// isRepeated reports whether a batch norm repeats one of the same step, with the
// statistics of that.
func isRepeated(bn, _ *ir.Node) bool {
	first := bn.In("mean").Def
	return first != nil && first.Op == ir.BatchNormTrain
}

// joined gives, for each node that shares a sweep with the only reader of its
// result, that reader.  Between the two stand only running averages.  The
// result is never stored: plan-memory leaves it without a place, which tells
// code generation, and keeps the operands for the reader.  What is joined
// depends on the graph alone and not on the plan, for it decides about roundings.
func joined(g *ir.Graph) map[*ir.Node]*ir.Node {
	uses, pairs := g.Uses(), map[*ir.Node]*ir.Node{}
	var first *ir.Node // the last node that is no running average
	for _, n := range g.Nodes {
		if n.Op == ir.RunningAverage {
			continue
		}
		if first != nil && slices.Contains(n.Inputs, first.Out()) && len(uses[first.Out()]) == 1 &&
			isStored(first.Out()) && isStored(n.Out()) && !slices.Contains(g.Outputs, first.Out()) {
			if fits, ok := joins[[2]ir.OpName{first.Op, n.Op}]; ok && (fits == nil || fits(first, n)) {
				pairs[first] = n
			}
		}
		first = n
	}
	return pairs
}

// pairTraining moves a batch norm, with the running averages of its statistics,
// down to the addition that alone reads it, so that the two can be joined.  Of
// two such batch norms the later one moves.
func pairTraining(g *ir.Graph, _ Options) error {
	if !isTraining(g) {
		return nil
	}
	at, uses := make(map[*ir.Node]int, len(g.Nodes)), g.Uses()
	for i, n := range g.Nodes {
		at[n] = i
	}
	moved := map[*ir.Node][]*ir.Node{} // addition: what comes right before it
	gone := map[*ir.Node]bool{}
	for i, n := range g.Nodes {
		if n.Op != ir.Add || !isStored(n.Out()) {
			continue
		}
		var bn *ir.Node
		for _, v := range n.Inputs {
			if d := v.Def; d != nil && d.Op == ir.BatchNormTrain && len(uses[v]) == 1 && !slices.Contains(g.Outputs, v) && (bn == nil || at[d] > at[bn]) {
				bn = d
			}
		}
		if bn == nil {
			continue
		}
		group := []*ir.Node{bn}
		for _, v := range bn.Results[1:] {
			for _, r := range uses[v] {
				if r.Op == ir.RunningAverage && !slices.Contains(group, r) {
					group = append(group, r)
				}
			}
		}
		if !readBefore(group, uses, at, i) {
			moved[n] = group
			for _, m := range group {
				gone[m] = true
			}
		}
	}
	nodes := make([]*ir.Node, 0, len(g.Nodes))
	for _, n := range g.Nodes {
		nodes = append(nodes, moved[n]...)
		if !gone[n] {
			nodes = append(nodes, n)
		}
	}
	g.Nodes = nodes
	return nil
}

// readBefore reports whether a result of the group, or a statistic that it
// averages, is read by another node before the i-th.
func readBefore(group []*ir.Node, uses map[*ir.Value][]*ir.Node, at map[*ir.Node]int, i int) bool {
	for _, n := range group {
		values := n.Results
		if n.Op == ir.RunningAverage {
			values = append(values[:1:1], n.In("running"))
		}
		for _, v := range values {
			for _, r := range uses[v] {
				if at[r] < i && !slices.Contains(group, r) {
					return true
				}
			}
		}
	}
	return false
}
