package ir_test

import (
	"fmt"

	"github.com/resnetc/resnetc/ir"
)

func ExampleParse() {
	g, err := ir.Parse("tiny.ir", []byte(`
		graph tiny
		input image: f32[N,3,32,32]
		param weight: f32[16,3,3,3]
		conv = conv2d(image, weight) {stride=[2,2], padding=[1,1,1,1]}
		act = relu(conv)   // types are inferred
		output act
	`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(g)
	fmt.Println(g.MACs(), "multiply-adds")

	_, err = ir.Parse("tiny.ir", []byte("graph tiny\ninput image: f32[N,3,32,32]\nact = rellu(image)"))
	fmt.Println(err)
	// Output:
	// graph tiny
	// input image: f32[N,3,32,32]
	// param weight: f32[16,3,3,3]
	// conv = conv2d(image, weight) {stride=[2,2], padding=[1,1,1,1]} : f32[N,16,16,16]
	// act = relu(conv) : f32[N,16,16,16]
	// output act
	// 110592 multiply-adds
	// tiny.ir:3:7: unknown op "rellu"; did you mean "relu"?
}
