package ir

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Batch stands for the batch size in a shape: it is chosen at run time.
// It prints and parses as N.
const Batch = -1

// MaxElems is the most elements, of one image, that a tensor or the arena has:
// 8 GiB of float32.  With it sizes never overflow.
const MaxElems = math.MaxInt32

// maxRank is the most axes that a shape has.
const maxRank = 8

// Block is the number of channels that [NCHW16c] stores together.
const Block = 16

// DType is the type of one element.
type DType uint8

// Element types.
const (
	F32 DType = iota
	I32       // class labels, the number of a step, a seed
)

var dtypeNames = [...]string{F32: "f32", I32: "i32"}

func (d DType) String() string {
	if int(d) < len(dtypeNames) {
		return dtypeNames[d]
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// Layout says how an activation lies in memory.  Parameters have the layout
// NCHW (row-major) until code generation packs them.
type Layout uint8

const (
	// NCHW is row-major storage.
	NCHW Layout = iota
	// NCHW16c stores channels in blocks of 16: [N][C/16][H][W][16], the last
	// block filled up with zeros.
	NCHW16c
)

var layoutNames = [...]string{NCHW: "nchw", NCHW16c: "nchw16c"}

func (l Layout) String() string {
	if int(l) < len(layoutNames) {
		return layoutNames[l]
	}
	return fmt.Sprintf("layout(%d)", uint8(l))
}

// Shape is the size of each axis, outermost first; [Batch] for the batch axis.
// A scalar has no axes.
type Shape []int

// String gives the form N,64,56,56, and [] for a scalar.
func (s Shape) String() string {
	if len(s) == 0 {
		return "[]"
	}
	return s.list()
}

func (s Shape) list() string {
	p := make([]string, len(s))
	for i, d := range s {
		if p[i] = strconv.Itoa(d); d == Batch {
			p[i] = "N"
		}
	}
	return strings.Join(p, ",")
}

// Elems is the number of elements, of one image where the shape has a batch axis.
func (s Shape) Elems() int {
	n := 1
	for _, d := range s {
		if d != Batch {
			n *= d
		}
	}
	return n
}

// Type is what is known of a value before the network runs.
type Type struct {
	DType  DType
	Shape  Shape
	Layout Layout
	// Halo is the number of zero pixels stored around each image plane, on
	// all four sides, so that a padded convolution reads them instead of
	// testing for the border.
	Halo int
}

// String gives the form f32[N,64,56,56], followed by the layout and the halo
// where they are not the default: f32[N,64,56,56] nchw16c halo=1.
func (t Type) String() string {
	s := fmt.Sprintf("%v[%s]", t.DType, t.Shape.list())
	if t.Layout != NCHW {
		s += " " + t.Layout.String()
	}
	if t.Halo != 0 {
		s += fmt.Sprintf(" halo=%d", t.Halo)
	}
	return s
}

// Same reports whether t and u have the same element type and logical shape.
func (t Type) Same(u Type) bool { return t.DType == u.DType && slices.Equal(t.Shape, u.Shape) }

// Stored is the number of elements that one image of this type, or a tensor
// without a batch axis, takes in memory, with channel blocks filled up and the
// halo included.
func (t Type) Stored() int {
	s := t.Shape
	if len(s) < 2 || s[0] != Batch {
		return s.Elems()
	}
	c, n := s[1], 1
	if t.Layout == NCHW16c {
		c = (c + Block - 1) / Block * Block
	}
	for _, d := range s[2:] {
		n *= d + 2*t.Halo
	}
	return c * n
}
