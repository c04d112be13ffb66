package weights

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/nearest"
)

// Bind gives every parameter of g the data of the tensor of its name, copied.
// source, usually the file's path, is for errors.
//
// One error lists everything that does not fit: parameters that no tensor is
// for, with the closest name that is left; tensors that no parameter is for;
// shapes and types that differ; numbers that are not finite, and negative
// variances.  Then g is left as it was.  Tensors of integers that the network
// has no parameter for, such as num_batches_tracked, are ignored.
func Bind(g *ir.Graph, tensors []Tensor, source string) error {
	byName := map[string]*Tensor{}
	for i := range tensors {
		byName[tensors[i].Name] = &tensors[i]
	}
	c := &comparison{graph: g}
	for _, p := range g.Params {
		t := byName[p.Name]
		if t == nil {
			c.missing = append(c.missing, p)
			continue
		}
		c.check(p, t)
	}
	for i := range tensors {
		if t := &tensors[i]; t.Data != nil && !c.isParam(t.Name) {
			c.extra = append(c.extra, t)
		}
	}
	if lines := c.lines(); len(lines) > 0 {
		return fmt.Errorf("weights: %s does not fit %s: %d of %d parameters are missing, %d tensors are unknown, %d are wrong:\n\t%s",
			source, g.Name, len(c.missing), len(g.Params), len(c.extra), len(c.wrong), strings.Join(lines, "\n\t"))
	}
	for _, p := range g.Params {
		p.Data = slices.Clone(byName[p.Name].Data)
	}
	return nil
}

// comparison collects what does not fit.
type comparison struct {
	graph   *ir.Graph
	params  map[string]bool    // names, made on first use
	vars    map[*ir.Value]bool // made on first use
	missing []*ir.Value
	extra   []*Tensor
	wrong   []string // one line per tensor
}

func (c *comparison) isParam(name string) bool {
	if c.params == nil {
		c.params = map[string]bool{}
		for _, p := range c.graph.Params {
			c.params[p.Name] = true
		}
	}
	return c.params[name]
}

func (c *comparison) check(p *ir.Value, t *Tensor) {
	report := func(format string, args ...any) {
		c.wrong = append(c.wrong, fmt.Sprintf("%q ", t.Name)+fmt.Sprintf(format, args...))
	}
	switch {
	case !slices.Equal(t.Shape, p.Type.Shape):
		report("has shape %v, want %v%s", t.Shape, []int(p.Type.Shape), c.classesHint(p, t))
		return
	case len(t.Data) != p.Type.Shape.Elems():
		report("has %d elements of type %s, want %d of a float type", len(t.Data), t.DType, p.Type.Shape.Elems())
		return
	}
	variance := c.variances()[p]
	for i, v := range t.Data {
		switch {
		case math.IsNaN(float64(v)) || math.IsInf(float64(v), 0):
			report("is %v at index %d, want a finite number", v, i)
			return
		case variance && v < 0:
			report("is %v at index %d, want a variance, which is not negative", v, i)
			return
		}
	}
}

// variances is the set of parameters that are a batch norm's variance.
func (c *comparison) variances() map[*ir.Value]bool {
	if c.vars == nil {
		c.vars = map[*ir.Value]bool{}
		for _, n := range c.graph.Nodes {
			if n.Op == ir.BatchNorm {
				c.vars[n.In("var")] = true
			}
		}
	}
	return c.vars
}

// classesHint advises on the classifier of another number of classes.
func (c *comparison) classesHint(p *ir.Value, t *Tensor) string {
	if len(t.Shape) != len(p.Type.Shape) || !slices.Equal(t.Shape[1:], p.Type.Shape[1:]) {
		return ""
	}
	for _, n := range c.graph.Nodes {
		if n.Op == ir.Linear && (n.In("weight") == p || n.In("bias") == p) {
			return fmt.Sprintf(": these weights are for %d classes, pass -classes %[1]d", t.Shape[0])
		}
	}
	return ""
}

// maxPairs bounds the search for the closest names, which compares each missing
// name with each that is left: two unlike networks, or a hostile file, would
// make it take longer than anybody waits for advice.
const maxPairs = 1 << 21

// lines gives a line per thing that does not fit.
func (c *comparison) lines() []string {
	lines := c.wrong
	free := make([]string, len(c.extra))
	for i, t := range c.extra {
		free[i] = t.Name
	}
	if len(c.missing)*len(c.extra) > maxPairs {
		free = nil
	}
	for _, p := range c.missing {
		line := fmt.Sprintf("%q, of shape %v, is missing", p.Name, []int(p.Type.Shape))
		if near := nearest.Names(p.Name, free, 1); len(near) > 0 {
			line += fmt.Sprintf("; the closest name is %q", near[0])
		}
		lines = append(lines, line)
	}
	for _, t := range c.extra {
		lines = append(lines, fmt.Sprintf("%q, of shape %v, is not a parameter of the network", t.Name, t.Shape))
	}
	if old, new := c.renamed(); old != "" {
		lines = append(lines, fmt.Sprintf("the file says %q where the network says %q: rename it in the file", old, new))
	}
	return lines
}

// renamed finds the one dotted part of the missing names that the extra names
// spell otherwise, for instance shortcut for downsample.
func (c *comparison) renamed() (old, new string) {
	if len(c.missing) == 0 || len(c.missing) != len(c.extra) {
		return "", ""
	}
	have := map[string]bool{}
	for _, t := range c.extra {
		have[t.Name] = true
	}
	first := strings.Split(c.missing[0].Name, ".")
	for _, t := range c.extra {
		parts := strings.Split(t.Name, ".")
		if at := onlyDifference(first, parts); at >= 0 && c.allRenamed(parts[at], first[at], have) {
			return parts[at], first[at]
		}
	}
	return "", ""
}

func (c *comparison) allRenamed(old, new string, have map[string]bool) bool {
	for _, p := range c.missing {
		parts := strings.Split(p.Name, ".")
		for i := range parts {
			if parts[i] == new {
				parts[i] = old
			}
		}
		if !have[strings.Join(parts, ".")] {
			return false
		}
	}
	return true
}

// onlyDifference gives the one place where a and b differ, or -1.
func onlyDifference(a, b []string) int {
	if len(a) != len(b) {
		return -1
	}
	at := -1
	for i := range a {
		if a[i] != b[i] {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}
