package ir

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// text uses every statement and every kind of attribute, in printed form.
const text = `graph tiny
input x: f32[N,3,8,8] @0
input "odd name\n": f32[N,16,4,4]
param conv.weight: f32[16,3,3,3]
param /fc/w:0: f32[10,16]
const conv.bias: f32[16] = 0.25
const c: f32[10] = [1, -0, 1e-45, inf, -inf, nan, nan:0xffc00001, 3.4028235e+38, 0.1, 1e-10]
const scalar: f32[] = 7
conv = conv2d(x, conv.weight, bias=conv.bias, residual="odd name\n") {stride=[2,2], padding=[1,1,1,1], relu=true, algorithm=direct} : f32[N,16,4,4] nchw16c halo=1 @192
bn = batch_norm(conv, conv.bias, conv.bias, conv.bias, conv.bias) {eps=0.001} : f32[N,16,4,4]
input = concat(conv, bn, conv) : f32[N,48,4,4]
gap = global_avg_pool(conv) : f32[N,16,1,1] nchw16c
flat = flatten(gap) : f32[N,16] nchw16c
fc = linear(flat, /fc/w:0, bias=c) : f32[N,10]
output fc, gap, fc
arena 1000
`

// trainText is a training graph, in printed form.
const trainText = `graph step
input x: f32[N,4]
input labels: i32[N]
input learning_rate: f32[]
input step: i32[]
input seed: i32[]
param w: f32[3,4]
const w.velocity: f32[3,4] = 0
d = dropout_train(x, seed, step) {p=0.25, stream=1} : f32[N,4]
y = linear(d, w) : f32[N,3]
loss = cross_entropy(y, labels) {label_smoothing=0.1} : f32[]
y.grad = cross_entropy_grad(y, labels) {label_smoothing=0.1} : f32[N,3]
w.grad = linear_grad_weight(y.grad, d) : f32[3,4]
norm, scale = grad_norm(w.grad) {max_norm=5} : f32[], f32[]
w.next, w.velocity.next = sgd(w, w.grad, learning_rate, velocity=w.velocity, scale=scale) {momentum=0.9} : f32[3,4], f32[3,4]
output loss, y, norm
update w = w.next
update w.velocity = w.velocity.next
`

func mustParse(t testing.TB, src string) *Graph {
	t.Helper()
	g, err := Parse("test.ir", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// graphs compares graphs by structure, names, types and bits of data.
var graphs = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }),
}

func TestRoundTrip(t *testing.T) {
	g := mustParse(t, text)
	if diff := cmp.Diff(text, g.String()); diff != "" {
		t.Errorf("print(parse(text)) differs (-want +got):\n%s", diff)
	}
	again := mustParse(t, g.String())
	if diff := cmp.Diff(g, again, graphs); diff != "" {
		t.Errorf("parse(print(g)) differs from g (-g +again):\n%s", diff)
	}
	if err := Verify(g); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(trainText, mustParse(t, trainText).String()); diff != "" {
		t.Errorf("print(parse(text)) of a training graph differs (-want +got):\n%s", diff)
	}
}

func TestParseLenient(t *testing.T) {
	g := mustParse(t, "// a comment\r\n\n graph  g // another\r\ninput x : f32[ N, 4 , 2,2 ]\n"+
		"r=relu(input=x)\nconst zeros: f32[3] = [0, 0, 0,]\noutput r")
	want := "graph g\ninput x: f32[N,4,2,2]\nconst zeros: f32[3] = 0\nr = relu(x) : f32[N,4,2,2]\noutput r\n"
	if diff := cmp.Diff(want, g.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNames checks that every name survives the text form, quoted or not.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"/layer1/conv.1:0": "/layer1/conv.1:0", "-": "-", "0": "0", "N": "N", "graph": "graph", "output": "output", "é": `"é"`,
		"a:": `"a:"`, "a//b": `"a//b"`, "//": `"//"`, "1e+5": `"1e+5"`, "a b": `"a b"`, "a=b": `"a=b"`, "a,b": `"a,b"`,
		"\x00\xff\"\\\n": `"\x00\xff\"\\\n"`, "@1": `"@1"`, "": `""`,
	} {
		if got := quote(name); got != want {
			t.Errorf("%q is printed as %s, want %s", name, got, want)
		}
		g := &Graph{Name: name}
		if name != "" {
			x := g.AddInput(name, Type{Shape: Shape{Batch, 2}})
			y, err := g.Add(ReLU, name+"'", nil, x)
			if err != nil {
				t.Fatal(err)
			}
			z, err := g.Add(Concat, "'"+name, nil, x, y)
			if err != nil {
				t.Fatal(err)
			}
			g.Outputs = []*Value{x, y, z}
		} else {
			g.Outputs = []*Value{g.AddInput("x", Type{Shape: Shape{Batch}})}
		}
		if diff := cmp.Diff(g, mustParse(t, g.String()), graphs); diff != "" {
			t.Errorf("%q does not round trip (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseErrors(t *testing.T) {
	const head = "graph g\ninput x: f32[N,4,8,8]\nparam w: f32[4,4,3,3]\n"
	for _, c := range []struct{ src, want string }{
		{"", `e.ir:1:1: expected "graph NAME"`},
		{"input x: f32[N]", `e.ir:1:1: expected "graph NAME" before anything else, found "input"`},
		{"graph g", `e.ir:2:1: expected "output VALUE, …"`},
		{"graph g\ngraph h", `e.ir:2:7: the graph has a name already, "g"`},
		{"graph g h", `e.ir:1:9: expected the end of the line, found "h"`},
		{"graph g\nimput x: f32[N]", `e.ir:2:1: expected graph, input, param, const, output, update, arena or RESULT = op(…), found "imput"; did you mean "input"?`},
		{"graph g\nparam \"w: f32[3]", `e.ir:2:7: this string does not end`},
		{"graph g\nparam é: f32[3]", `e.ir:2:7: unexpected character 'é'`},
		{"graph g\nparam w:f32[3]", `e.ir:2:12: expected a colon, a space and the type of "w:f32", found "["`},
		{"graph g\nparam w: f16[3]", `e.ir:2:10: expected an element type (f32, i32), found "f16"`},
		{"graph g\nparam w: f32[3", `e.ir:2:15: expected "," or "]", found the end of the line`},
		{"graph g\nparam w: f32[-3]", `e.ir:2:14: expected a size or N from 0 to 2147483647, found "-3"`},
		{"graph g\nparam w: f32[0]", `e.ir:2:10: graph/V7: "w" has shape 0`},
		{"graph g\nparam w: f32[65536,65536]", `more than 2147483647 elements`},
		{"graph g\nparam w: f32[N,3]", `graph/V7: parameter "w" has shape N,3, want no N in it`},
		{"graph g\nparam w: f32[3] nchw16c", `graph/V9: parameter "w"`},
		{"graph g\nparam w: f32[3] @4", `graph/V10: parameter "w"`},
		{"graph g\ninput x: f32[3]", `graph/V7: input "x" has shape 3, want N as the first axis, or a scalar []`},
		{"graph g\nparam w: i32[3]", `e.ir:2:10: graph/V7: parameter "w" has element type i32, want f32`},
		{"graph g\ninput x: f32[N,3] halo=1", `graph/V9: "x"`},
		{"graph g\nconst c: f32[2] = [1]", `e.ir:2:19: 1 elements, want 2 for the shape 2`},
		{"graph g\nconst c: f32[2] = 1x", `e.ir:2:19: expected a float32, found "1x"`},
		{"graph g\nconst c: f32[2] = nan:0x1", `e.ir:2:19: "nan:0x1" has not the bits of a NaN`},
		{"graph g\nconst c: f32[2000000] = 1", `at most 1048576 elements, not 2000000`},
		{head + "param w: f32[1]", `e.ir:4:7: the name "w" is empty or taken`},
		{head + "y = rellu(x)", `e.ir:4:5: unknown op "rellu"; did you mean "relu"?`},
		{head + "y = relu(z)", `e.ir:4:10: no value is called "z" above this line`},
		{head + "y = relu(y)", `no value is called "y" above this line`},
		{head + "y, y = relu(x)", `e.ir:4:4: the name "y" is empty or taken`},
		{head + "y, z = relu(x)", `op relu has 1 results, not 2`},
		{head + "y = relu(x, x)", `e.ir:4:13: op relu takes 1 operands ["input"], and optional ones as name=value: "x" is one too many`},
		{head + "y = conv2d(x, w, baas=w)", `e.ir:4:18: op conv2d has no operand "baas"; did you mean "bias"?`},
		{head + "y = conv2d(x, w, weight=w)", `operand "weight" is given twice`},
		{head + "y = concat(inputs=x)", `the operands "inputs" stand without their name`},
		{head + "y = conv2d(x)", `conv2d/C1: node "y": operand weight is missing`},
		{head + "y = conv2d(x, w) {strides=[1,1]}", `e.ir:4:19: op conv2d has no attribute "strides"; did you mean "stride"?`},
		{head + "y = conv2d(x, w) {relu=false, relu=true}", `e.ir:4:31: attribute "relu" is given twice`},
		{head + "y = conv2d(x, w) {relu=1}", `e.ir:4:24: expected true or false, found "1"`},
		{head + "y = conv2d(x, w) {groups=1.5}", `expected an integer, found "1.5"`},
		{head + "y = conv2d(x, w) {stride=[1]}", `conv2d/C2: node "y": attribute stride has 1 elements, want 2`},
		{head + "y = conv2d(x, w) {stride=2}", `expected "[", found "2"`},
		{head + "y = conv2d(x, w) : f32[N,4,8,8]", `e.ir:4:20: the type of "y" is f32[N,4,6,6] by inference, not f32[N,4,8,8]`},
		{head + "y = conv2d(x, w) : f32[N,4,6,6] halo=2000", `graph/V9: "y"`},
		{head + "output y", `e.ir:4:8: no value is called "y"`},
		{head + "y = relu(x)\nupdate x = y", `e.ir:5:8: graph/V12: "x" is updated, but is not a parameter`},
		{head + "update w = x", `graph/V12: parameter "w" is updated with "x", want the result of a node`},
		{head + "y = add(w, w)\nupdate w = y\nupdate w = y", `e.ir:6:8: graph/V12: parameter "w" is updated twice`},
		{head + "update w", `e.ir:4:9: expected "=", found the end of the line`},
		{head + "arena 5000000000", `expected the arena's size from 0 to 2147483647`},
		{head + "arena 5\narena 6", `e.ir:5:7: the arena has a size already, 5`},
	} {
		_, err := Parse("e.ir", []byte(c.src))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n  error %v,\n  want %s", c.src, err, c.want)
		}
	}
}

// FuzzParse checks that no text makes Parse panic, that what it reads obeys
// Verify but for the memory plan, and that printing and parsing are inverse.
func FuzzParse(f *testing.F) {
	f.Add([]byte(text))
	f.Add([]byte(trainText))
	f.Add([]byte("graph g\ninput x: f32[N,4,8,8]\ny, z = max_pool(x) {ceil_mode=true} : f32[N,4,4,4], f32[N]\noutput y"))
	f.Add([]byte("graph \"\"\ninput x: f32[N,4] @0\nconst c: f32[4] = nan:0x7fffffff\nd = dropout(x) {p=1e-3} : f32[N,4] @0\ny = affine(d, c, c)\noutput y, c\narena 4"))
	f.Add([]byte("graph g\ninput x: f32[N,4,8,8]\ny = pad_channels(x) {before=16777216}\nz = subsample(y) {stride=[3,2]}\noutput z"))
	f.Fuzz(func(t *testing.T, src []byte) {
		g, err := Parse("fuzz.ir", src)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz.ir:") {
				t.Fatalf("error without a position: %v", err)
			}
			return
		}
		if err := Verify(g); err != nil && !strings.HasPrefix(err.Error(), "graph/V10") && !strings.HasPrefix(err.Error(), "graph/V11") {
			t.Fatalf("Parse accepts what Verify refuses: %v", err)
		}
		printed := g.String()
		again, err := Parse("printed.ir", []byte(printed))
		if err != nil {
			t.Fatalf("cannot read what was printed: %v\n%s", err, printed)
		}
		if s := again.String(); s != printed {
			t.Fatalf("print(parse(print(g))) differs:\n%s\n%s", printed, s)
		}
		if s := g.Clone().String(); s != printed {
			t.Fatalf("the clone prints otherwise:\n%s\n%s", printed, s)
		}
		g.MACs()
		g.ParamCount()
	})
}
