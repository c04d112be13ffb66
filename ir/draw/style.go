package draw

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/resnetc/resnetc/ir"
)

// colour is a box's fill and its border.
type colour struct{ fill, stroke string }

var (
	inputColour   = colour{"#ffffff", "#64748b"}
	unknownColour = colour{"#f8fafc", "#94a3b8"}
)

// colours has a row per op; ops of one kind look alike.
var colours = map[ir.OpName]colour{
	ir.Conv2D:        {"#dbeafe", "#3b82f6"},
	ir.Linear:        {"#c7d2fe", "#4f46e5"},
	ir.BatchNorm:     {"#dcfce7", "#4ade80"},
	ir.Affine:        {"#dcfce7", "#4ade80"},
	ir.ReLU:          {"#fee2e2", "#f87171"},
	ir.Softmax:       {"#fee2e2", "#f87171"},
	ir.Add:           {"#fef3c7", "#f59e0b"},
	ir.Concat:        {"#fef3c7", "#f59e0b"},
	ir.MaxPool:       {"#f3e8ff", "#a855f7"},
	ir.AvgPool:       {"#f3e8ff", "#a855f7"},
	ir.GlobalAvgPool: {"#f3e8ff", "#a855f7"},
	ir.Subsample:     {"#ccfbf1", "#14b8a6"},
	ir.PadChannels:   {"#ccfbf1", "#14b8a6"},
	ir.Flatten:       {"#f1f5f9", "#94a3b8"},
	ir.Dropout:       {"#f1f5f9", "#94a3b8"},
	ir.Reorder:       {"#f1f5f9", "#94a3b8"},

	ir.StochasticDepth:      {"#f1f5f9", "#94a3b8"},
	ir.DropoutTrain:         {"#f1f5f9", "#94a3b8"},
	ir.StochasticDepthTrain: {"#f1f5f9", "#94a3b8"},
	ir.Unflatten:            {"#f1f5f9", "#94a3b8"},
	ir.BatchNormTrain:       {"#dcfce7", "#4ade80"},
	ir.RunningAverage:       {"#ecfeff", "#06b6d4"},
	ir.CrossEntropy:         {"#ffe4e6", "#e11d48"},
	ir.CrossEntropyGrad:     {"#ffe4e6", "#e11d48"},
	ir.Conv2DGradInput:      {"#dbeafe", "#1d4ed8"},
	ir.Conv2DGradWeight:     {"#dbeafe", "#1d4ed8"},
	ir.LinearGradInput:      {"#c7d2fe", "#3730a3"},
	ir.LinearGradWeight:     {"#c7d2fe", "#3730a3"},
	ir.BiasGrad:             {"#c7d2fe", "#3730a3"},
	ir.BatchNormGrad:        {"#dcfce7", "#15803d"},
	ir.AffineGrad:           {"#dcfce7", "#15803d"},
	ir.ReLUGrad:             {"#fee2e2", "#b91c1c"},
	ir.SoftmaxGrad:          {"#fee2e2", "#b91c1c"},
	ir.MaxPoolGrad:          {"#f3e8ff", "#7e22ce"},
	ir.AvgPoolGrad:          {"#f3e8ff", "#7e22ce"},
	ir.SubsampleGrad:        {"#ccfbf1", "#0f766e"},
	ir.SliceChannels:        {"#ccfbf1", "#0f766e"},
	ir.GradNorm:             {"#ecfeff", "#06b6d4"},
	ir.SGD:                  {"#ecfeff", "#06b6d4"},
	ir.AdamW:                {"#ecfeff", "#06b6d4"},
}

func colourOf(n *ir.Node) colour {
	if n == nil {
		return inputColour
	}
	if c, ok := colours[n.Op]; ok {
		return c
	}
	return unknownColour
}

// detail says what a box's node does, and which parameters its results update.
func (it *item) detail() string {
	if it.node == nil {
		return ""
	}
	out := it.updates
	if d := detail(it.node); d != "" {
		out = append([]string{d}, out...)
	}
	return strings.Join(out, ", ")
}

// detail says in words what a node does beyond its op: 3×3, 64 → 128, stride 2.
// It is empty for a node without weights and attributes.
func detail(n *ir.Node) string {
	var out []string
	switch n.Op {
	case ir.Conv2D:
		k := n.In("weight").Type.Shape
		out = append(out, fmt.Sprintf("%d×%d", k[2], k[3]), fmt.Sprintf("%d → %d", k[1]*n.Int("groups"), k[0]))
	case ir.Linear:
		k := n.In("weight").Type.Shape
		out = append(out, fmt.Sprintf("%d → %d", k[1], k[0]))
	case ir.MaxPool, ir.AvgPool, ir.MaxPoolGrad, ir.AvgPoolGrad, ir.Conv2DGradWeight:
		k := n.Ints("kernel")
		out = append(out, fmt.Sprintf("%d×%d", k[0], k[1]))
	}
	algorithm := ""
	for _, a := range ir.Ops[n.Op].Attrs {
		v, set := n.Attrs[a.Name]
		switch {
		case a.Name == "stride" && !reflect.DeepEqual(a.Default, []int{1, 1}):
			out = append(out, "stride "+short(n.Attr("stride")))
		case !set || a.Name == "kernel" || a.Name == "relu":
		case a.Name == "algorithm":
			algorithm = n.Str("algorithm")
		case a.Name == "schedule":
			algorithm += " " + n.Str("schedule")
		case v == true:
			out = append(out, a.Name)
		case v == false:
			out = append(out, "no "+a.Name)
		default:
			out = append(out, a.Name+" "+short(v))
		}
	}
	for _, o := range ir.Ops[n.Op].Operands {
		if o.Name == "residual" && n.In("residual") != nil {
			out = append(out, "+ residual")
		}
	}
	if n.Attrs["relu"] == true {
		out = append(out, "+ relu")
	}
	if algorithm != "" {
		out = append(out, algorithm)
	}
	return strings.Join(out, ", ")
}

// short prints an attribute, a list of equal numbers as one.
func short(v any) string {
	list, ok := v.([]int)
	if !ok {
		return fmt.Sprint(v)
	}
	for _, x := range list {
		if x != list[0] {
			return strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", ",")
		}
	}
	return fmt.Sprint(list[0])
}

// group is the part of a name up to its first number between dots, layer1.0 of
// layer1.0.conv2; "" if it has none.
func group(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts[:len(parts)-1] {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			return strings.Join(parts[:i+1], ".")
		}
	}
	return ""
}

// summary is the line under a drawing's title.
func summary(g *ir.Graph) string {
	s := fmt.Sprintf("%s parameters · %s multiply-adds per image · %d nodes",
		amount(g.ParamCount()), amount(g.MACs()), len(g.Nodes))
	if g.Arena > 0 {
		s += fmt.Sprintf(" · arena of %s elements", amount(g.Arena))
	}
	return s
}

// amount prints a number with three digits and a unit.
func amount(n int) string {
	for _, u := range []struct {
		size float64
		unit string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if float64(n) >= u.size {
			return fmt.Sprintf("%.3g%s", float64(n)/u.size, u.unit)
		}
	}
	return fmt.Sprint(n)
}
