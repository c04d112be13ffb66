package ir

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"reflect"
	"runtime"
	"slices"
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
		for range op.Operands {
			all = append(all, v)
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

// constraintsOf reads infer.go for the constraints, from C3 on, that the op's
// Infer function and what it calls can cite.
func constraintsOf(t *testing.T, op OpName) []int {
	fn := runtime.FuncForPC(reflect.ValueOf(Ops[op].Infer).Pointer()).Name()
	return inferFuncs(t).numbers(fn[strings.LastIndex(fn, ".")+1:])
}

// funcs are the functions of infer.go by name.
type funcs map[string]*ast.FuncDecl

func inferFuncs(t *testing.T) funcs {
	f, err := goparser.ParseFile(gotoken.NewFileSet(), "infer.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := funcs{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			out[fn.Name.Name] = fn
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
		if callee == "broken" {
			var number int
			fmt.Sscan(call.Args[0].(*ast.BasicLit).Value, &number)
			out = append(out, number)
		} else if callee != name {
			out = append(out, f.numbers(callee)...)
		}
		return true
	})
	return out
}

// TestConstraintsFound guards the reading of infer.go above.
func TestConstraintsFound(t *testing.T) {
	got := constraintsOf(t, Conv2D)
	slices.Sort(got)
	if want := []int{3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(got, want) {
		t.Errorf("constraints of conv2d in infer.go are %v, want %v", got, want)
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
	} {
		g, err := Parse("", []byte(decls+"y = "+node+"\noutput y"))
		if err != nil {
			t.Errorf("%s: %v", node, err)
		} else if got := g.Value("y").Type.String(); got != want {
			t.Errorf("%s has type %s, want %s", node, got, want)
		}
	}
}
