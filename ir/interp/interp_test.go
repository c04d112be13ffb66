package interp_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
)

var nan, inf = math.NaN(), math.Inf(1)

// iota4 is the image 1 to 16 in four rows.
var iota4 = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// cases are nodes called y of inputs x (and r), with results computed by hand.
// The figures of the pools with ceil_mode are those of PyTorch.
var cases = []struct {
	op      ir.OpName
	name    string
	decls   string // after "graph g\n"
	x, r    []float64
	shape   []int // of x, and of r
	want    []float64
	wantDim []int
}{
	{ir.Conv2D, "1x1 with bias, residual and relu",
		"input x: f32[N,2,1,2]\ninput r: f32[N,2,1,2]\nconst w: f32[2,2,1,1] = [1,2,3,-4]\nconst b: f32[2] = [0.5,-1]\ny = conv2d(x, w, bias=b, residual=r) {relu=true}",
		[]float64{1, 2, 3, 4}, []float64{10, -100, 20, 30}, []int{1, 2, 1, 2},
		[]float64{1 + 6 + 0.5 + 10, 0, 3 - 12 - 1 + 20, 6 - 16 - 1 + 30}, []int{1, 2, 1, 2}},
	{ir.Conv2D, "cross-correlation: the kernel is not flipped",
		"input x: f32[N,1,4,4]\nconst w: f32[1,1,2,2] = [1,10,100,1000]\ny = conv2d(x, w) {stride=[2,1]}",
		iota4, nil, []int{1, 1, 4, 4},
		[]float64{6521, 7632, 8743, 15409, 16520, 17631}, []int{1, 1, 2, 3}},
	{ir.Conv2D, "asymmetric padding", // one row of zeros above, two columns behind
		"input x: f32[N,1,2,2]\nconst w: f32[1,1,2,3] = [1,2,3,4,5,6]\ny = conv2d(x, w) {padding=[1,0,0,2]}",
		[]float64{1, 2, 3, 4}, nil, []int{1, 1, 2, 2},
		[]float64{4*1 + 5*2, 4 * 2, 1*1 + 2*2 + 4*3 + 5*4, 2*1 + 4*4}, []int{1, 1, 2, 2}},
	{ir.Conv2D, "dilation",
		"input x: f32[N,1,4,4]\nconst w: f32[1,1,2,2] = [1,10,100,1000]\ny = conv2d(x, w) {dilation=[3,2]}",
		iota4, nil, []int{1, 1, 4, 4},
		[]float64{1 + 30 + 1300 + 15000, 2 + 40 + 1400 + 16000}, []int{1, 1, 1, 2}},
	{ir.Conv2D, "groups, batch of 2",
		"input x: f32[N,2,1,1]\nconst w: f32[4,1,1,1] = [1,2,3,4]\ny = conv2d(x, w) {groups=2}",
		[]float64{5, 7, 50, 70}, nil, []int{2, 2, 1, 1},
		[]float64{5, 10, 21, 28, 50, 100, 210, 280}, []int{2, 4, 1, 1}},
	{ir.BatchNorm, "two channels",
		"input x: f32[N,2,1,2]\nconst g: f32[2] = [2,1]\nconst b: f32[2] = [1,0]\nconst m: f32[2] = [3,0]\nconst v: f32[2] = [3,0.75]\ny = batch_norm(x, g, b, m, v) {eps=1}",
		[]float64{3, 7, 0, nan}, nil, []int{1, 2, 1, 2}, []float64{1, 5, 0, nan}, []int{1, 2, 1, 2}},
	{ir.Affine, "with relu",
		"input x: f32[N,2,1,2]\nconst s: f32[2] = [2,-1]\nconst b: f32[2] = [1,0.5]\ny = affine(x, s, b) {relu=true}",
		[]float64{1, -3, 4, -4}, nil, []int{1, 2, 1, 2}, []float64{3, 0, 0, 4.5}, []int{1, 2, 1, 2}},
	{ir.ReLU, "NaN and infinities", "input x: f32[N,5]\ny = relu(x)",
		[]float64{-1, 2, nan, -inf, inf}, nil, []int{1, 5}, []float64{0, 2, nan, 0, inf}, []int{1, 5}},
	{ir.Add, "with relu", "input x: f32[N,2]\ninput r: f32[N,2]\ny = add(x, r) {relu=true}",
		[]float64{1, 2}, []float64{-3, 4}, []int{1, 2}, []float64{0, 6}, []int{1, 2}},
	{ir.MaxPool, "padding never wins, NaN does", "input x: f32[N,1,3,3]\ny = max_pool(x) {kernel=[3,3], padding=[1,1,1,1]}",
		[]float64{-1, -2, -3, -4, -5, -6, -7, nan, -9}, nil, []int{1, 1, 3, 3}, []float64{-1, -2, nan, nan}, []int{1, 1, 2, 2}},
	{ir.MaxPool, "ceil_mode keeps the window that is cut off", "input x: f32[N,1,4,4]\ny = max_pool(x) {stride=[3,2], padding=[0,1,0,1], ceil_mode=true}",
		iota4, nil, []int{1, 1, 4, 4}, []float64{5, 7, 8, 13, 15, 16}, []int{1, 1, 2, 3}},
	{ir.MaxPool, "ceil_mode drops the window that starts behind the image", "input x: f32[N,1,3,2]\ny = max_pool(x) {stride=[3,3], ceil_mode=true}",
		[]float64{1, 2, 3, 4, 5, 6}, nil, []int{1, 1, 3, 2}, []float64{4}, []int{1, 1, 1, 1}},
	{ir.AvgPool, "padding counts", "input x: f32[N,1,2,2]\ny = avg_pool(x) {padding=[1,1,1,1]}",
		[]float64{1, 2, 3, 4}, nil, []int{1, 1, 2, 2}, []float64{0.25, 0.5, 0.75, 1}, []int{1, 1, 2, 2}},
	{ir.MaxPool, "of -Inf is -Inf", "input x: f32[N,1,2,2]\ny = max_pool(x)",
		[]float64{-inf, -inf, -inf, -inf}, nil, []int{1, 1, 2, 2}, []float64{-inf}, []int{1, 1, 1, 1}},
	{ir.AvgPool, "asymmetric padding and ceil_mode", "input x: f32[N,1,4,1]\ny = avg_pool(x) {kernel=[2,1], stride=[2,1], padding=[1,0,0,0], ceil_mode=true}",
		[]float64{1, 2, 3, 4}, nil, []int{1, 1, 4, 1}, []float64{0.5, 2.5, 4}, []int{1, 1, 3, 1}},
	{ir.AvgPool, "padding does not count", "input x: f32[N,1,2,2]\ny = avg_pool(x) {padding=[1,1,1,1], count_include_pad=false}",
		[]float64{1, 2, 3, 4}, nil, []int{1, 1, 2, 2}, []float64{1, 2, 3, 4}, []int{1, 1, 2, 2}},
	{ir.AvgPool, "ceil_mode: what lies beyond the padding never counts", // F.avg_pool2d(1..4, 3, 2, 1, ceil_mode=True) on 4x4
		"input x: f32[N,1,4,4]\ny = avg_pool(x) {kernel=[3,3], padding=[1,1,1,1], ceil_mode=true}",
		iota4, nil, []int{1, 1, 4, 4},
		[]float64{14. / 9, 30. / 9, 12. / 6, 57. / 9, 99. / 9, 36. / 6, 27. / 6, 45. / 6, 16. / 4}, []int{1, 1, 3, 3}},
	{ir.GlobalAvgPool, "two channels", "input x: f32[N,2,1,2]\ny = global_avg_pool(x)",
		[]float64{1, 2, 3, 5}, nil, []int{1, 2, 1, 2}, []float64{1.5, 4}, []int{1, 2, 1, 1}},
	{ir.Linear, "with bias and relu", "input x: f32[N,3]\nconst w: f32[2,3] = [1,2,3,-1,0,1]\nconst b: f32[2] = [10,-1]\ny = linear(x, w, bias=b) {relu=true}",
		[]float64{1, 1, 1, 2, 0, 5}, nil, []int{2, 3}, []float64{16, 0, 27, 2}, []int{2, 2}},
	{ir.Flatten, "row-major", "input x: f32[N,2,1,2]\ny = flatten(x)",
		[]float64{1, 2, 3, 4}, nil, []int{1, 2, 1, 2}, []float64{1, 2, 3, 4}, []int{1, 4}},
	{ir.Softmax, "large numbers", "input x: f32[N,2]\ny = softmax(x)",
		[]float64{1000, 1000, -1e300, 0}, nil, []int{2, 2}, []float64{0.5, 0.5, 0, 1}, []int{2, 2}},
	{ir.Softmax, "along channels", "input x: f32[N,2,1,2]\ny = softmax(x)",
		[]float64{0, nan, math.Log(4), 0}, nil, []int{1, 2, 1, 2}, []float64{0.2, nan, 0.8, nan}, []int{1, 2, 1, 2}},
	{ir.Subsample, "from the first", "input x: f32[N,1,4,4]\ny = subsample(x) {stride=[2,3]}",
		iota4, nil, []int{1, 1, 4, 4}, []float64{1, 4, 9, 12}, []int{1, 1, 2, 2}},
	{ir.PadChannels, "batch of 2", "input x: f32[N,1,1,2]\ny = pad_channels(x) {before=1, after=2}",
		[]float64{1, 2, 3, 4}, nil, []int{2, 1, 1, 2}, []float64{0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0}, []int{2, 4, 1, 2}},
	{ir.Dropout, "identity", "input x: f32[N,2]\ny = dropout(x)", []float64{1, 2}, nil, []int{1, 2}, []float64{1, 2}, []int{1, 2}},
	{ir.StochasticDepth, "identity", "input x: f32[N,2]\ny = stochastic_depth(x) {p=0.5}", []float64{1, 2}, nil, []int{1, 2}, []float64{1, 2}, []int{1, 2}},
	{ir.Concat, "batch of 2", "input x: f32[N,1]\ninput r: f32[N,1]\ny = concat(x, r, x)",
		[]float64{1, 2}, []float64{3, 4}, []int{2, 1}, []float64{1, 3, 1, 2, 4, 2}, []int{2, 3}},
	{ir.Reorder, "identity", "input x: f32[N,2]\ny = reorder(x)", []float64{1, 2}, nil, []int{1, 2}, []float64{1, 2}, []int{1, 2}},
}

func parse(t testing.TB, src string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("test.ir", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestOps(t *testing.T) {
	tested := map[ir.OpName]bool{}
	for _, c := range cases {
		tested[c.op] = true
		t.Run(fmt.Sprintf("%s/%s", c.op, c.name), func(t *testing.T) {
			g := parse(t, "graph g\n"+c.decls+"\noutput y\n")
			in := map[string]*interp.Tensor{"x": {Shape: c.shape, Data: c.x}}
			if c.r != nil {
				in["r"] = &interp.Tensor{Shape: c.shape, Data: c.r}
			}
			out, err := interp.Run(g, in)
			if err != nil {
				t.Fatal(err)
			}
			want := &interp.Tensor{Shape: c.wantDim, Data: c.want}
			if e := irtest.Compare(out["y"], want); e > 1e-15 {
				t.Errorf("y = %v %v, want %v %v", out["y"].Shape, out["y"].Data, c.wantDim, c.want)
			}
		})
	}
	for _, c := range trainCases {
		tested[c.op] = true
	}
	for op := range ir.Ops {
		if !tested[op] {
			t.Errorf("op %s has no test case", op)
		}
	}
}

const small = "graph g\ninput x: f32[N,2]\ninput z: f32[N,2]\nparam w: f32[3,2]\na = add(x, z)\nb = linear(a, w)\noutput b\n"

func TestRunErrors(t *testing.T) {
	vec := func(shape ...int) *interp.Tensor { return interp.New(shape...) }
	for _, c := range []struct {
		in   map[string]*interp.Tensor
		want string
	}{
		{map[string]*interp.Tensor{"x": vec(1, 2)}, `no tensor for "z", want shape N,2`},
		{map[string]*interp.Tensor{"x": vec(1, 3), "z": vec(1, 2)}, `the tensor for "x" has shape 1,3, want 1,2`},
		{map[string]*interp.Tensor{"x": vec(1, 2), "z": vec(2, 2)}, `the tensor for "z" has shape 2,2, want 1,2`},
		{map[string]*interp.Tensor{"x": vec(0, 2), "z": vec(0, 2)}, `the tensor for "x" has shape 0,2, want N,2`},
		{map[string]*interp.Tensor{"x": {Shape: []int{1, 2}}, "z": vec(1, 2)}, `the tensor for "x" has 0 elements, want 2`},
		{map[string]*interp.Tensor{"x": vec(1, 2), "z": vec(1, 2), "y": vec(1)}, `no input "y"`},
		{map[string]*interp.Tensor{"x": vec(1, 2), "z": vec(1, 2)}, `parameter "w" has no data: bind weights first (node "b" reads it)`},
	} {
		if _, err := interp.Run(parse(t, small), c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	g := parse(t, small)
	g.Nodes[0], g.Nodes[1] = g.Nodes[1], g.Nodes[0]
	if _, err := interp.Run(g, nil); err == nil || !strings.Contains(err.Error(), "graph/V4") {
		t.Errorf("error %v for a graph out of order", err)
	}
}

func TestOptions(t *testing.T) {
	g := parse(t, small)
	g.Params[0].Data = []float32{1, 1, 1, -1, 0, 1}
	in := map[string]*interp.Tensor{
		"x": {Shape: []int{1, 2}, Data: []float64{1, 0.1}},
		"z": {Shape: []int{1, 2}, Data: []float64{1e-9, 1}},
	}
	plain, err := interp.Run(g, in)
	if err != nil {
		t.Fatal(err)
	}
	if len(plain) != 1 || plain["b"].Data[0] != 1+1e-9+(0.1+1) {
		t.Errorf("plain run gives %v", plain["b"])
	}
	all, err := interp.Run(g, in, interp.KeepAll(), interp.Float32())
	if err != nil {
		t.Fatal(err)
	}
	f := float32(0.1)
	if want := []float64{1, float64(f + 1)}; len(all) != 2 || !slices.Equal(all["a"].Data, want) {
		t.Errorf("a = %v, want %v rounded to float32", all["a"], want)
	}
	if in["x"].Data[1] != 0.1 {
		t.Error("Run changed its input")
	}
}

func TestEvalConstants(t *testing.T) {
	g := parse(t, "graph g\nconst a: f32[2,2] = [1,2,3,4]\nc = concat(a, a)\noutput c, a\n")
	a, err := interp.FromFloat32(g.Params[0].Type.Shape, g.Params[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := interp.Eval(g.Nodes[0], []*interp.Tensor{a, a})
	if err != nil || !slices.Equal(out[0].Float32(), []float32{1, 2, 1, 2, 3, 4, 3, 4}) {
		t.Errorf("Eval = %v, %v", out, err)
	}
	if _, err := interp.Eval(g.Nodes[0], []*interp.Tensor{a}); err == nil || !strings.Contains(err.Error(), `node "c": 1 operands, want 2`) {
		t.Errorf("error %v for a missing operand", err)
	}
	if _, err := interp.Eval(g.Nodes[0], []*interp.Tensor{a, nil}); err == nil || !strings.Contains(err.Error(), `no tensor for "a"`) {
		t.Errorf("error %v for a nil operand", err)
	}
	res, err := interp.Run(g, nil)
	if err != nil || !slices.Equal(res["a"].Data, a.Data) {
		t.Errorf("Run of constants = %v, %v", res, err)
	}
}
