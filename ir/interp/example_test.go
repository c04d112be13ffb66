package interp_test

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
)

func ExampleRun() {
	g, err := ir.Parse("sum.ir", []byte(`
		graph sum
		input x: f32[N,3]
		const w: f32[2,3] = [1, 1, 1, 1, -1, 0]
		y = linear(x, w)
		output y
	`))
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := interp.FromFloat32([]int{2, 3}, []float32{1, 2, 3, 4, 5, 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := interp.Run(g, map[string]*interp.Tensor{"x": x})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out["y"].Shape, out["y"].Data)
	// Output: [2 2] [6 -1 15 -1]
}
