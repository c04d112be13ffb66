package passes

import (
	"testing"

	"github.com/resnetc/resnetc/ir"
)

// TestHalfWeights gives a convolution whose weights bound Winograd's algorithm,
// until they are half as large: F(4×4, 3×3), with fewer multiplications and more
// weights, gets better than F(2×2, 3×3).
func TestHalfWeights(t *testing.T) {
	const text = `graph g
input x: f32[N,512,10,10]
param w: f32[512,512,3,3]
y = conv2d(x, w) {padding=[1,1,1,1]}
output y
`
	for half, want := range map[bool]string{false: "winograd2", true: "winograd4"} {
		g, err := ir.Parse("g.ir", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := Run(g, Options{HalfWeights: half, StopAfter: "choose-algorithm"}); err != nil {
			t.Fatal(err)
		}
		if got := g.Nodes[0].Str("algorithm"); got != want {
			t.Errorf("half weights %t: %s, want %s", half, got, want)
		}
	}
}
