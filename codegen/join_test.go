package codegen

import (
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/runtime"
)

// TestJoinRows wants long rows of short ones where a kernel can run across their
// ends, put apart again where the output has a halo and the rows are short.
func TestJoinRows(t *testing.T) {
	for _, c := range []struct {
		name                             string
		size, kernel                     int
		inHalo, outHalo, residual        int
		strassen                         bool
		inWidth, outWidth, residualWidth int
		joined                           bool
	}{
		{name: "all of 7x7", size: 7, kernel: 1, inWidth: 49, outWidth: 49},
		{name: "with a residual", size: 7, kernel: 1, residual: 16, inWidth: 49, outWidth: 49, residualWidth: 49},
		{name: "two rows of 14", size: 14, kernel: 1, inWidth: 28, outWidth: 28},
		{name: "halves of 14x14", size: 14, kernel: 1, strassen: true, inWidth: 98, outWidth: 98},
		{name: "put apart", size: 7, kernel: 1, outHalo: 1, inWidth: 49, outWidth: 7, joined: true},
		{name: "halves put apart", size: 14, kernel: 1, outHalo: 3, strassen: true, inWidth: 98, outWidth: 14, joined: true},
		{name: "long rows with a halo", size: 28, kernel: 1, outHalo: 1, inWidth: 28, outWidth: 28},
		{name: "a halo and a residual", size: 7, kernel: 1, outHalo: 1, residual: 16, inWidth: 7, outWidth: 7, residualWidth: 7},
		{name: "a halo of the input", size: 7, kernel: 1, inHalo: 1, inWidth: 7, outWidth: 7},
		{name: "a single pixel with a halo", size: 1, kernel: 1, outHalo: 1, inWidth: 1, outWidth: 1},
		{name: "3x3", size: 7, kernel: 3, inWidth: 7, outWidth: 7},
	} {
		buffer := func(channels, halo int) runtime.Buffer {
			return runtime.Buffer{Channels: channels, Height: c.size, Width: c.size, Halo: halo, Block: ir.Block}
		}
		r := runtime.Layer{
			Op: runtime.OpConv, Kernel: [2]int{c.kernel, c.kernel}, Stride: [2]int{1, 1}, Strassen: c.strassen,
			In: buffer(64, c.inHalo), Out: buffer(32, c.outHalo),
		}
		if c.residual > 0 {
			r.In2 = buffer(c.residual, 0)
		}
		joinRows(&r)
		if r.In.Width != c.inWidth || r.Out.Width != c.outWidth || r.In2.Width != c.residualWidth || r.Joined != c.joined {
			t.Errorf("%s: rows of %d, %d and %d pixels in, out and of the residual, joined %t; want %d, %d, %d and %t",
				c.name, r.In.Width, r.Out.Width, r.In2.Width, r.Joined, c.inWidth, c.outWidth, c.residualWidth, c.joined)
		}
		if r.In.Width*r.In.Height != c.size*c.size || r.Out.Width*r.Out.Height != c.size*c.size {
			t.Errorf("%s: %d rows in and %d out", c.name, r.In.Height, r.Out.Height)
		}
	}
}
