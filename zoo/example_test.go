package zoo_test

import (
	"fmt"

	"github.com/resnetc/resnetc/zoo"
)

func Example() {
	m, err := zoo.Lookup("resnet50")
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := m.Graph(zoo.Options{Classes: 37, InputSize: [2]int{192, 256}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s (arXiv %s): %d parameters, %.2f billion multiply-adds\n",
		m.Name, m.Paper.ArXiv, g.ParamCount(), float64(g.MACs())/1e9)
	fmt.Println(g.Inputs[0].Type, "to", g.Outputs[0].Type)

	_, err = zoo.Lookup("resnet-50")
	fmt.Println(err)
	// Output:
	// resnet50 (arXiv 1512.03385): 23583845 parameters, 4.00 billion multiply-adds
	// f32[N,3,192,256] to f32[N,37]
	// zoo: unknown model "resnet-50"; did you mean resnet50, resnet152, resnet18? (resnetc list shows all)
}
