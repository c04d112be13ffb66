package ir

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A parameter's data is printed, as a const, if it is at most maxListed
// elements or one value maxSplat times at most: more is unreadable, and belongs
// into a weight file.
const (
	maxListed = 16
	maxSplat  = 1 << 20
)

// Fprint writes g's text form, which [Parse] reads.
//
//	graph tiny
//	input x: f32[N,3,8,8]
//	param conv.weight: f32[16,3,3,3]
//	const conv.bias: f32[16] = 0
//	conv = conv2d(x, conv.weight, bias=conv.bias) {padding=[1,1,1,1], relu=true} : f32[N,16,8,8] nchw16c halo=1 @4096
//	output conv
//	arena 8192
//
// The form has one statement a line and comments from // to the end of the
// line.  A name of letters, digits and the characters _ . / : - stands bare,
// any other between double quotes, with Go's escapes.  Optional operands are
// printed as name=value, attributes where they differ from their default.
// Layout, halo and @offset follow the type where they are not the default.
// A graph that trains has a line "update PARAM = VALUE" for each parameter that
// a run changes.
//
// The data of a parameter is part of the text, as a const, only where it is
// short or one value repeated; other parameters print as param, with or
// without data.
func Fprint(w io.Writer, g *Graph) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "graph %s\n", quote(g.Name))
	for _, v := range g.Inputs {
		fmt.Fprintf(b, "input %s\n", declare(v))
	}
	for _, v := range g.Params {
		if data := printData(v); data != "" {
			fmt.Fprintf(b, "const %s = %s\n", declare(v), data)
		} else {
			fmt.Fprintf(b, "param %s\n", declare(v))
		}
	}
	for _, n := range g.Nodes {
		fmt.Fprintln(b, n)
	}
	if len(g.Outputs) > 0 {
		fmt.Fprintf(b, "output %s\n", names(g.Outputs))
	}
	for _, u := range g.Updates {
		fmt.Fprintf(b, "update %s = %s\n", valueName(u.Param), valueName(u.Value))
	}
	if g.Arena != 0 {
		fmt.Fprintf(b, "arena %d\n", g.Arena)
	}
	return b.Flush()
}

// String is g's text form; see [Fprint].
func (g *Graph) String() string {
	var b strings.Builder
	Fprint(&b, g) // a Builder never fails
	return b.String()
}

// String is the node's line in the text form; see [Fprint].
func (n *Node) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s = %s(%s)", names(n.Results), n.Op, strings.Join(n.operands(), ", "))
	if attrs := n.attrs(); len(attrs) > 0 {
		fmt.Fprintf(&b, " {%s}", strings.Join(attrs, ", "))
	}
	for i, v := range n.Results {
		fmt.Fprintf(&b, "%s%s", [...]string{" : ", ", "}[min(i, 1)], annotation(v))
	}
	return b.String()
}

func (n *Node) operands() []string {
	var out []string
	specs := Ops[n.Op].Operands
	for i, v := range n.Inputs {
		if i < len(specs) && specs[i].Optional {
			if v != nil {
				out = append(out, specs[i].Name+"="+quote(v.Name))
			}
			continue
		}
		out = append(out, valueName(v))
	}
	return out
}

func (n *Node) attrs() []string {
	var out []string
	known := map[string]bool{}
	for _, s := range Ops[n.Op].Attrs {
		known[s.Name] = true
		if v, ok := n.Attrs[s.Name]; ok && !reflect.DeepEqual(v, s.Default) {
			out = append(out, s.Name+"="+printAttr(v))
		}
	}
	var unknown []string // printed too: a broken node must show what is wrong
	for name, v := range n.Attrs {
		if !known[name] {
			unknown = append(unknown, quote(name)+"="+printAttr(v))
		}
	}
	slices.Sort(unknown)
	return append(out, unknown...)
}

func printAttr(v any) string {
	switch v := v.(type) {
	case []int:
		return strings.ReplaceAll(fmt.Sprint(v), " ", ",")
	case float64:
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+"))
	case string:
		return quote(v)
	}
	return fmt.Sprint(v)
}

func declare(v *Value) string { return quote(v.Name) + ": " + annotation(v) }

func annotation(v *Value) string {
	if v == nil {
		return "<nil>"
	}
	if v.Offset != -1 {
		return fmt.Sprintf("%v @%d", v.Type, v.Offset)
	}
	return v.Type.String()
}

func names(vs []*Value) string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = valueName(v)
	}
	return strings.Join(out, ", ")
}

func valueName(v *Value) string {
	if v == nil {
		return "<nil>"
	}
	return quote(v.Name)
}

// quote gives a name as it stands in the text.
func quote(name string) string {
	bare := name != "" && !strings.HasSuffix(name, ":") && !strings.Contains(name, "//")
	for i := range len(name) {
		bare = bare && wordChar(name[i]) && name[i] != '+'
	}
	if bare {
		return name
	}
	return strconv.Quote(name)
}

// printData gives a parameter's elements, or "" if they are not part of the text.
func printData(v *Value) string {
	d := v.Data
	if len(d) == 0 || len(d) != v.Type.Shape.Elems() {
		return ""
	}
	same := len(d) <= maxSplat
	for _, x := range d {
		same = same && math.Float32bits(x) == math.Float32bits(d[0])
	}
	if same {
		return printFloat(d[0])
	}
	if len(d) > maxListed {
		return ""
	}
	out := make([]string, len(d))
	for i, x := range d {
		out[i] = printFloat(x)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// printFloat gives the shortest decimal that reads back as x, inf, -inf, nan,
// or nan:0x… for a NaN whose bits are not the usual ones.
func printFloat(x float32) string {
	bits := math.Float32bits(x)
	if x != x && bits != usualNaN {
		return fmt.Sprintf("nan:%#x", bits)
	}
	return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(float64(x), 'g', -1, 32), "+"))
}

const usualNaN = 0x7fc00000
