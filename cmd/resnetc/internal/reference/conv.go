package reference

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/resnetc/resnetc/ir"
)

// geometry is the shape of one convolution.
type geometry struct {
	c, h, w    int // input channels per group, height, width
	o, oh, ow  int // output channels per group, height, width
	kh, kw     int
	sh, sw     int
	dh, dw     int
	top, left  int
	groups     int
	wholeInput bool // the im2col matrix would be the input itself
}

func geometryOf(node *ir.Node) geometry {
	in, k, out := node.In("input").Type.Shape, node.In("weight").Type.Shape, node.Out().Type.Shape
	s, d, p := node.Ints("stride"), node.Ints("dilation"), node.Ints("padding")
	g := geometry{
		groups: node.Int("groups"),
		h:      in[2], w: in[3], oh: out[2], ow: out[3], kh: k[2], kw: k[3],
		sh: s[0], sw: s[1], dh: d[0], dw: d[1], top: p[0], left: p[1],
	}
	g.c, g.o = in[1]/g.groups, out[1]/g.groups
	g.wholeInput = g.kh == 1 && g.kw == 1 && g.sh == 1 && g.sw == 1 && p[0]+p[1]+p[2]+p[3] == 0
	return g
}

func columnSize(node *ir.Node) int {
	g := geometryOf(node)
	if g.wholeInput {
		return 0
	}
	return g.c * g.kh * g.kw * g.oh * g.ow
}

// conv2d multiplies, for each image and group, the weights [o, c*kh*kw] by the
// im2col matrix [c*kh*kw, oh*ow].
func conv2d(n *Net, node *ir.Node) {
	g := geometryOf(node)
	in, out := n.operand(node, "input"), n.data[node.Out()]
	weight, bias, residual := n.operand(node, "weight"), n.operand(node, "bias"), n.operand(node, "residual")
	depth, pixels := g.c*g.kh*g.kw, g.oh*g.ow
	for image := range n.batch {
		for group := range g.groups {
			block := image*g.groups + group
			column := in[block*g.c*g.h*g.w:][:g.c*g.h*g.w]
			if !g.wholeInput {
				im2col(n.column, column, g)
				column = n.column
			}
			result := out[block*g.o*pixels:][:g.o*pixels]
			beta := float32(0)
			if residual != nil {
				copy(result, residual[block*g.o*pixels:])
				beta = 1
			}
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1,
				blas32.General{Rows: g.o, Cols: depth, Stride: depth, Data: weight[group*g.o*depth:][:g.o*depth]},
				blas32.General{Rows: depth, Cols: pixels, Stride: pixels, Data: column[:depth*pixels]},
				beta,
				blas32.General{Rows: g.o, Cols: pixels, Stride: pixels, Data: result})
			for o := range g.o {
				b := float32(0)
				if bias != nil {
					b = bias[group*g.o+o]
				}
				epilogue(result[o*pixels:][:pixels], b, node.Bool("relu"))
			}
		}
	}
}

// epilogue adds bias to x and clamps it at 0 if relu is set; NaN stays NaN.
func epilogue(x []float32, bias float32, relu bool) {
	for i, v := range x {
		if v += bias; relu && v < 0 {
			v = 0
		}
		x[i] = v
	}
}

// im2col copies what each kernel tap sees of the input: dst[c,y,x] is a plane of
// oh*ow pixels.
func im2col(dst, src []float32, g geometry) {
	for c := range g.c {
		plane := src[c*g.h*g.w:][:g.h*g.w]
		for y := range g.kh {
			for x := range g.kw {
				for oy := range g.oh {
					row := dst[:g.ow]
					dst = dst[g.ow:]
					iy := oy*g.sh + y*g.dh - g.top
					if iy < 0 || iy >= g.h {
						clear(row)
						continue
					}
					tap(row, plane[iy*g.w:][:g.w], x*g.dw-g.left, g.sw)
				}
			}
		}
	}
}

// tap sets dst[i] to src[offset+i*stride], 0 outside.
func tap(dst, src []float32, offset, stride int) {
	first := 0
	if offset < 0 {
		first = min(len(dst), (-offset+stride-1)/stride)
	}
	last := first
	if offset < len(src) {
		last = max(first, min(len(dst), (len(src)-1-offset)/stride+1))
	}
	clear(dst[:first])
	if stride == 1 {
		copy(dst[first:last], src[min(len(src), max(0, offset)):])
	} else {
		for i := first; i < last; i++ {
			dst[i] = src[offset+i*stride]
		}
	}
	clear(dst[last:])
}

// linear multiplies the batch [N,I] by the transposed weights [O,I].
func linear(n *Net, node *ir.Node) {
	k := node.In("weight").Type.Shape
	out := n.data[node.Out()]
	blas32.Gemm(blas.NoTrans, blas.Trans, 1,
		blas32.General{Rows: n.batch, Cols: k[1], Stride: k[1], Data: n.operand(node, "input")},
		blas32.General{Rows: k[0], Cols: k[1], Stride: k[1], Data: n.operand(node, "weight")},
		0,
		blas32.General{Rows: n.batch, Cols: k[0], Stride: k[0], Data: out})
	bias := n.operand(node, "bias")
	for i := range out {
		if bias != nil {
			out[i] += bias[i%k[0]]
		}
	}
	epilogue(out, 0, node.Bool("relu"))
}
