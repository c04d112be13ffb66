package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/resnetc/resnetc/ir"
)

// Choice is how to compute a convolution: an algorithm, and a schedule in the
// text form of [ir.Schedule], or "" to leave that to code generation.
type Choice struct{ Algorithm, Schedule string }

// ConvKey names what the speed of a convolution depends on: operand and result,
// kernel, stride, padding, dilation, groups and whether a residual is added,
// for instance "64x56x56->128x28x28,3x3,stride=2,pad=1".  What is 1 (of the
// padding 0) is left out.  Convolutions with equal keys take equal time.
func ConvKey(n *ir.Node) string {
	in, out, w := n.In("input").Type.Shape, n.Out().Type.Shape, n.In("weight").Type.Shape
	var b strings.Builder
	fmt.Fprintf(&b, "%dx%dx%d->%dx%dx%d,%dx%d", in[1], in[2], in[3], out[1], out[2], out[3], w[2], w[3])
	for _, a := range []struct {
		attr, name string
		usual      int
	}{{"stride", "stride", 1}, {"padding", "pad", 0}, {"dilation", "dilation", 1}} {
		if list := n.Ints(a.attr); slices.Min(list) != a.usual || slices.Max(list) != a.usual {
			fmt.Fprintf(&b, ",%s=%s", a.name, dotted(list))
		}
	}
	if g := n.Int("groups"); g != 1 {
		fmt.Fprintf(&b, ",groups=%d", g)
	}
	if n.In("residual") != nil {
		b.WriteString(",add")
	}
	return b.String()
}

// dotted prints a list of equal numbers as one.
func dotted(list []int) string {
	if slices.Min(list) == slices.Max(list) {
		list = list[:1]
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", "."), "[]")
}

// Algorithms lists the algorithms that compute n, a convolution of a graph that
// has been through merge-groups, but not yet through layout, under options: Exact leaves out those
// that round more than a plain sum of products, HalfWeights those that need weights in full precision.
func Algorithms(n *ir.Node, o Options) []string {
	var names []string
	for _, a := range algorithms {
		if a.allowed(o) && a.applies(n) {
			names = append(names, a.name)
		}
	}
	return names
}

// ChoiceError is a choice that does not fit its convolution.
type ChoiceError struct {
	Key string // of the choice
	Err error
}

func (e *ChoiceError) Error() string { return e.Err.Error() }

// Unwrap gives the error itself.
func (e *ChoiceError) Unwrap() error { return e.Err }

// apply writes the choice on n, if it is one of n's algorithms.
func (c Choice) apply(n *ir.Node, o Options) error {
	able := Algorithms(n, o)
	if !slices.Contains(Algorithms(n, Options{}), c.Algorithm) {
		return fmt.Errorf("node %q (%s): tuned to algorithm %q, but only %s can compute it",
			n.Name(), ConvKey(n), c.Algorithm, strings.Join(able, ", "))
	}
	if o.HalfWeights && !slices.Contains(Algorithms(n, Options{HalfWeights: true}), c.Algorithm) {
		return fmt.Errorf("node %q (%s): tuned to algorithm %q, which needs weights in full precision: tune with the -weights-dtype that you compile with", n.Name(), ConvKey(n), c.Algorithm)
	}
	if !slices.Contains(able, c.Algorithm) {
		return fmt.Errorf("node %q (%s): tuned to algorithm %q, which rounds more than exact arithmetic allows: tune with -exact too", n.Name(), ConvKey(n), c.Algorithm)
	}
	n.Set("algorithm", c.Algorithm)
	n.Set("schedule", c.Schedule)
	return nil
}
