package reference

import (
	"math"

	"github.com/resnetc/resnetc/ir"
)

// windows calls f for every output element with the part of its window that lies
// within the plane, rows y0 to y1 and columns x0 to x1, and with the area that the
// padded image has under the window.
func windows(n *Net, node *ir.Node, f func(plane []float32, width, y0, y1, x0, x1, area int) float32) {
	in, out := n.operand(node, "input"), n.data[node.Out()]
	from, to := node.Inputs[0].Type.Shape, node.Out().Type.Shape
	h, w := from[2], from[3]
	k, s, pad := node.Ints("kernel"), node.Ints("stride"), node.Ints("padding")
	count, size := n.planes(node.Out())
	for p := range count {
		plane := in[p*h*w:][:h*w]
		for oy := range to[2] {
			top := oy*s[0] - pad[0]
			bottom := min(top+k[0], h+pad[2]) // ceil_mode may reach beyond the padding
			for ox := range to[3] {
				left := ox*s[1] - pad[1]
				right := min(left+k[1], w+pad[3])
				out[p*size+oy*to[3]+ox] = f(plane, w, max(0, top), min(h, bottom), max(0, left), min(w, right), (bottom-top)*(right-left))
			}
		}
	}
}

func maxPool(n *Net, node *ir.Node) {
	windows(n, node, func(plane []float32, width, y0, y1, x0, x1, _ int) float32 {
		top := float32(math.Inf(-1))
		for y := y0; y < y1; y++ {
			for _, v := range plane[y*width+x0 : y*width+x1] {
				if v != v {
					return v // NaN
				}
				top = max(top, v)
			}
		}
		return top
	})
}

func avgPool(n *Net, node *ir.Node) {
	countPad := node.Bool("count_include_pad")
	windows(n, node, func(plane []float32, width, y0, y1, x0, x1, area int) float32 {
		var sum float32
		for y := y0; y < y1; y++ {
			for _, v := range plane[y*width+x0 : y*width+x1] {
				sum += v
			}
		}
		if !countPad {
			area = (y1 - y0) * (x1 - x0)
		}
		return sum / float32(area)
	})
}

func globalAvgPool(n *Net, node *ir.Node) {
	in, out := n.operand(node, "input"), n.data[node.Out()]
	_, size := n.planes(node.Inputs[0])
	for p := range out {
		sum := 0.0 // a plane may be large
		for _, v := range in[p*size:][:size] {
			sum += float64(v)
		}
		out[p] = float32(sum / float64(size))
	}
}
