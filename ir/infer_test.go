package ir

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// decls are the values that the nodes of the tests below read.
const decls = `graph g
input x: f32[N,16,8,8]
input small: f32[N,16,2,2]
input huge: f32[N,16384,256,256]
input flat: f32[N,16]
input long: f32[N,100]
param vec: f32[16]
param mat: f32[16,16]
param w: f32[16,16,3,3]
param eight: f32[8]
param one: f32[]
param v: f32[16384,16384,1,1]
input labels: i32[N]
input t: i32[]
input zoom: f32[N,16,6,6]
input half: f32[N,16,4,4]
`

// brokenNodes breaks, per op, each constraint by number.  C1 and C2, which are
// common to all ops, have their own test.
var brokenNodes = map[OpName]map[int]string{
	Conv2D: {
		0:  "(x, w) {padding=[16777216,16777216,16777216,16777216]}",
		3:  "(flat, w)",
		4:  "(x, mat)",
		5:  "(x, w) {stride=[0,1]}",
		6:  "(x, w) {groups=2}",
		7:  "(x, w, bias=eight)",
		8:  "(small, w)",
		9:  "(x, w, residual=x)",
		10: "(x, w) {algorithm=fft}",
	},
	BatchNorm:     {3: "(vec, vec, vec, vec, vec)", 4: "(x, vec, eight, vec, vec)", 5: "(x, vec, vec, vec, vec) {eps=-1}"},
	Affine:        {3: "(vec, vec, vec)", 4: "(x, vec, eight)"},
	ReLU:          {},
	Add:           {3: "(x, small)"},
	MaxPool:       {3: "(flat)", 4: "(x) {stride=[1,0]}", 5: "(x) {padding=[2,0,0,0]}", 6: "(small) {kernel=[3,2]}"},
	AvgPool:       {3: "(flat)", 4: "(x) {kernel=[0,1]}", 5: "(x) {padding=[0,0,0,2]}", 6: "(small) {kernel=[2,3]}"},
	GlobalAvgPool: {3: "(flat)"},
	Linear:        {3: "(x, mat)", 4: "(long, mat)", 5: "(flat, mat, bias=eight)"},
	Flatten:       {3: "(flat)"},
	Softmax:       {3: "(vec)"},
	Subsample:     {3: "(flat)", 4: "(x) {stride=[0,0]}"},
	PadChannels:   {0: "(huge) {before=16777216}", 3: "(flat)", 4: "(x) {after=-1}"},
	Dropout:       {3: "(x) {p=1.5}"},
	Concat:        {0: "(huge, huge, huge)", 3: "(vec)", 4: "(x, small)"},
	Reorder:       {},

	StochasticDepth: {3: "(x) {p=-0.5}"},

	BatchNormTrain: {3: "(vec, vec, vec)", 4: "(x, vec, eight)", 5: "(x, vec, vec) {eps=-1}", 6: "(w, vec, vec)"},
	RunningAverage: {3: "(vec, eight)", 4: "(vec, vec, input=long)", 5: "(vec, vec) {momentum=1.5}"},
	DropoutTrain:   {3: "(x, t, t) {p=2}", 4: "(x, labels, t)", 5: "(w, t, t)"},
	StochasticDepthTrain: {
		3: "(x, t, t) {p=-1}", 4: "(x, t, labels)", 5: "(one, t, t)",
	},
	CrossEntropy:     {3: "(x, labels)", 4: "(flat, t)", 5: "(flat, labels) {label_smoothing=1.5}"},
	CrossEntropyGrad: {3: "(mat, labels)", 4: "(flat, t)", 5: "(flat, labels) {label_smoothing=-1}"},
	Conv2DGradInput: {
		0: "(huge, v) {stride=[2,2], input_size=[512,512]}",
		4: "(x, mat)", 5: "(x, w) {stride=[0,1], input_size=[8,8]}", 6: "(x, w) {groups=3, input_size=[8,8]}",
		7: "(x, w) {input_size=[8,8]}", 8: "(x, w) {input_size=[2,2]}", 9: "(x, w)",
	},
	Conv2DGradWeight: {
		3: "(x, flat)", 4: "(x, x) {kernel=[0,1]}", 5: "(x, x) {dilation=[1,0]}", 6: "(x, x) {groups=3}",
		7: "(x, x) {kernel=[3,3]}", 8: "(x, small) {kernel=[3,3]}",
	},
	BiasGrad:         {3: "(vec)"},
	BatchNormGrad:    {3: "(vec, vec, vec, vec, vec)", 4: "(x, x, vec, eight, vec)", 5: "(x, x, vec, vec, vec) {eps=-1}", 6: "(half, x, vec, vec, vec)"},
	AffineGrad:       {3: "(vec, vec, vec)", 4: "(x, x, eight)", 5: "(half, x, vec)"},
	ReLUGrad:         {3: "(x, half)"},
	MaxPoolGrad:      {3: "(x, flat)", 4: "(half, x) {stride=[0,2]}", 5: "(half, x) {padding=[2,0,0,0]}", 6: "(half, small) {kernel=[3,3]}", 7: "(small, x)"},
	AvgPoolGrad:      {3: "(flat)", 4: "(half) {kernel=[2,0], input_size=[8,8]}", 5: "(half) {padding=[0,2,0,0], input_size=[8,8]}", 6: "(half) {input_size=[1,1]}", 7: "(half) {input_size=[9,12]}", 8: "(half)"},
	LinearGradInput:  {3: "(long, mat)", 4: "(flat, w)"},
	LinearGradWeight: {3: "(x, flat)"},
	Unflatten:        {3: "(x) {shape=[16,8,8]}", 4: "(long) {shape=[10,5,5]}"},
	SoftmaxGrad:      {3: "(flat, long)", 4: "(flat, vec)"},
	SubsampleGrad:    {3: "(flat)", 4: "(half) {stride=[0,2], input_size=[8,8]}", 5: "(half) {input_size=[9,9]}", 6: "(half)"},
	SliceChannels:    {3: "(vec)", 4: "(x) {begin=10, channels=7}"},
	GradNorm:         {3: "(vec) {max_norm=0}"},
	SGD: {
		3: "(vec, eight, one)", 4: "(vec, vec, vec)", 5: "(vec, vec, one) {weight_decay=-1}",
		6: "(vec, vec, one, velocity=vec)", 7: "(vec, vec, one) {nesterov=true}",
	},
	AdamW: {3: "(vec, vec, one, t, eight, vec)", 4: "(vec, vec, one, labels, vec, vec)", 5: "(vec, vec, one, t, vec, vec) {beta1=2}"},
}

func TestConstraints(t *testing.T) {
	for op := range Ops {
		for _, number := range constraintsOf(t, op) {
			if brokenNodes[op][number] == "" {
				t.Errorf("constraint %s/C%d has no test", op, number)
			}
		}
		for number, node := range brokenNodes[op] {
			_, err := Parse("", []byte(decls+"y = "+string(op)+node+"\noutput y\n"))
			if id := fmt.Sprintf(": %s/C%d: node \"y\": ", op, number); err == nil || !strings.Contains(err.Error(), id) {
				t.Errorf("%s%s: error %v, want %s", op, node, err, id)
			}
		}
	}
}

// TestCommonConstraints breaks C1 and C2 of every op.
func TestCommonConstraints(t *testing.T) {
	v := &Value{Name: "v", Type: Type{Shape: Shape{Batch, 16, 8, 8}}, Offset: -1}
	for name, op := range Ops {
		check := func(n *Node, number int, what string) {
			n.Op, n.Results = name, []*Value{{Name: "y", Def: n}}
			want := fmt.Sprintf("%s/C%d: node \"y\": %s", name, number, what)
			if _, err := Infer(n); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		}
		var all []*Value
		for _, o := range op.Operands {
			w := *v
			w.Type.DType = o.DType
			all = append(all, &w)
			w2 := w
			w2.Type.DType = 1 - o.DType
			wrong := append(slices.Clone(all[:len(all)-1]), &w2)
			check(&Node{Inputs: wrong}, 1, fmt.Sprintf("operand %s is %q of element type %v, want %v", o.Name, v.Name, 1-o.DType, o.DType))
		}
		check(&Node{}, 1, "")
		check(&Node{Inputs: append([]*Value{nil}, all[1:]...)}, 1, "operand "+op.Operands[0].Name)
		if !op.Operands[len(op.Operands)-1].Variadic {
			check(&Node{Inputs: append(all[:len(all):len(all)], v)}, 1, "")
		}
		check(&Node{Inputs: all, Attrs: Attrs{"colour": 1}}, 2, "unknown attribute colour")
		for _, a := range op.Attrs {
			check(&Node{Inputs: all, Attrs: Attrs{a.Name: int8(1)}}, 2, "attribute "+a.Name+" has type int8")
			switch a.Default.(type) {
			case int:
				check(&Node{Inputs: all, Attrs: Attrs{a.Name: 1 << 30}}, 2, "attribute "+a.Name+" is 1073741824")
			case []int:
				check(&Node{Inputs: all, Attrs: Attrs{a.Name: []int{1}}}, 2, "attribute "+a.Name+" has 1 elements")
			}
		}
	}
	if _, err := Infer(&Node{Op: "fft", Results: []*Value{{Name: "y"}}}); err == nil || !strings.Contains(err.Error(), `unknown op "fft"`) {
		t.Errorf("error %v for an unknown op", err)
	}
}

// constraintsOf reads the source for the constraints, from C3 on, that the op's
// Infer function and what it calls can cite.
func constraintsOf(t *testing.T, op OpName) []int {
	fn := runtime.FuncForPC(reflect.ValueOf(Ops[op].Infer).Pointer()).Name()
	return inferFuncs(t).numbers(fn[strings.LastIndex(fn, ".")+1:])
}

// funcs are the functions of infer.go and infer_train.go by name.
type funcs map[string]*ast.FuncDecl

func inferFuncs(t *testing.T) funcs {
	out := funcs{}
	for _, file := range []string{"infer.go", "infer_train.go"} {
		f, err := goparser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				out[fn.Name.Name] = fn
			}
		}
	}
	return out
}

func (f funcs) numbers(name string) (out []int) {
	if f[name] == nil {
		return nil
	}
	ast.Inspect(f[name], func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		callee := ""
		switch c := call.Fun.(type) {
		case *ast.Ident:
			callee = c.Name
		case *ast.SelectorExpr:
			callee = c.Sel.Name
		}
		// broken, and helpers that are told which number to cite.
		if fn := f[callee]; fn != nil && len(call.Args) > 0 && fn.Type.Params.List[0].Names[0].Name == "number" {
			if number, ok := call.Args[0].(*ast.BasicLit); ok {
				i, _ := strconv.Atoi(number.Value)
				out = append(out, i)
			}
		}
		if callee != name && callee != "broken" {
			out = append(out, f.numbers(callee)...)
		}
		return true
	})
	return out
}

// TestConstraintsFound guards the reading of the source above.
func TestConstraintsFound(t *testing.T) {
	for op, want := range map[OpName][]int{Conv2D: {3, 4, 5, 6, 7, 8, 9, 10}, SGD: {3, 4, 5, 6, 7}} {
		got := constraintsOf(t, op)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("constraints of %s in the source are %v, want %v", op, got, want)
		}
	}
}

// TestInfer checks types against PyTorch's.
func TestInfer(t *testing.T) {
	for node, want := range map[string]string{
		"conv2d(x, w)": "f32[N,16,6,6]",
		"conv2d(x, w) {padding=[1,1,1,1], stride=[2,2]}":                 "f32[N,16,4,4]",
		"conv2d(x, w) {padding=[0,1,2,3], stride=[3,1], dilation=[2,3]}": "f32[N,16,2,6]",
		"max_pool(x)": "f32[N,16,4,4]",
		"max_pool(x) {kernel=[3,3], padding=[1,1,1,1]}":                 "f32[N,16,4,4]",
		"avg_pool(x) {kernel=[3,3], padding=[1,1,1,1], ceil_mode=true}": "f32[N,16,5,5]",
		"max_pool(x) {kernel=[1,1], stride=[3,5], ceil_mode=true}":      "f32[N,16,3,2]",
		"max_pool(small) {kernel=[1,1], stride=[3,3], ceil_mode=true}":  "f32[N,16,1,1]",
		"global_avg_pool(x)":                  "f32[N,16,1,1]",
		"linear(flat, mat, bias=vec)":         "f32[N,16]",
		"flatten(x)":                          "f32[N,1024]",
		"subsample(x) {stride=[3,8]}":         "f32[N,16,3,1]",
		"pad_channels(x) {before=1, after=2}": "f32[N,19,8,8]",
		"concat(flat, long, flat)":            "f32[N,132]",
		"concat(mat, mat)":                    "f32[16,32]",
		"batch_norm(x, vec, vec, vec, vec)":   "f32[N,16,8,8]",

		"conv2d_grad_input(zoom, w) {input_size=[8,8]}":                                         "f32[N,16,8,8]",
		"conv2d_grad_input(half, w) {stride=[2,2], padding=[1,1,1,1], input_size=[7,8]}":        "f32[N,16,7,8]",
		"conv2d_grad_weight(zoom, x) {kernel=[3,3]}":                                            "f32[16,16,3,3]",
		"conv2d_grad_weight(half, x) {groups=4, stride=[2,2], padding=[0,1,2,1], kernel=[3,3]}": "f32[16,4,3,3]",
		"max_pool_grad(half, x)": "f32[N,16,8,8]",
		"avg_pool_grad(half) {kernel=[3,3], padding=[1,1,1,1], ceil_mode=true, input_size=[7,6]}": "f32[N,16,7,6]",
		"linear_grad_input(flat, mat)":            "f32[N,16]",
		"linear_grad_weight(flat, long)":          "f32[16,100]",
		"bias_grad(x)":                            "f32[16]",
		"bias_grad(flat)":                         "f32[16]",
		"unflatten(long) {shape=[4,5,5]}":         "f32[N,4,5,5]",
		"subsample_grad(half) {input_size=[7,8]}": "f32[N,16,7,8]",
		"slice_channels(w) {begin=3, channels=5}": "f32[16,5,3,3]",
		"cross_entropy(flat, labels)":             "f32[]",
		"cross_entropy_grad(flat, labels)":        "f32[N,16]",
		"running_average(vec, vec, input=x)":      "f32[16]",
		"dropout_train(x, t, t)":                  "f32[N,16,8,8]",
		"sgd(mat, mat, one)":                      "f32[16,16]",
	} {
		g, err := Parse("", []byte(decls+"y = "+node+"\noutput y"))
		if err != nil {
			t.Errorf("%s: %v", node, err)
		} else if got := g.Value("y").Type.String(); got != want {
			t.Errorf("%s has type %s, want %s", node, got, want)
		}
	}
}
