package interp_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/interp"
	"github.com/resnetc/resnetc/ir/irtest"
)

func tensor(shape []int, data ...float64) *interp.Tensor {
	return &interp.Tensor{Shape: shape, Data: data}
}

func scalar(x float64) *interp.Tensor { return tensor([]int{}, x) }

type tensors = map[string]*interp.Tensor

// Results of the batch norm of 1, 2, 3, 6 (mean 3, variance 3.5) with eps 0.5.
var (
	bnX    = []float64{1, 2, 3, 6}
	bnY    = []float64{-1, -0.5, 0, 1.5}
	bnDY   = []float64{1, 0, 0, -1}
	bnVars = "const mean: f32[1] = 3\nconst var: f32[1] = 3.5\nconst gamma: f32[1] = 4\n"
)

// trainCases are nodes of training graphs, with results computed by hand from
// PyTorch's documentation.
var trainCases = []struct {
	op   ir.OpName
	name string
	src  string // after "graph g\n"; the node y, z, w is the output
	in   tensors
	want map[string][]float64
}{
	{ir.BatchNormTrain, "two images", "input x: f32[N,1,1,2]\nconst g: f32[1] = 4\nconst b: f32[1] = 10\ny, z, w = batch_norm_train(x, g, b) {eps=0.5}",
		tensors{"x": tensor([]int{2, 1, 1, 2}, bnX...)},
		map[string][]float64{"y": {10 - 4, 10 - 2, 10, 10 + 6}, "z": {3}, "w": {3.5}}},
	{ir.BatchNormGrad, "two images", "input x: f32[N,1,1,2]\ninput d: f32[N,1,1,2]\n" + bnVars + "y, z, w = batch_norm_grad(d, x, mean, var, gamma) {eps=0.5}",
		tensors{"x": tensor([]int{2, 1, 1, 2}, bnX...), "d": tensor([]int{2, 1, 1, 2}, bnDY...)},
		// gamma/std * (dy - dbeta/4 - x^*dgamma/4) with dbeta 0 and dgamma -2.5
		map[string][]float64{"y": {2 * (1 + bnY[0]*2.5/4), 2 * bnY[1] * 2.5 / 4, 0, 2 * (-1 + bnY[3]*2.5/4)}, "z": {-2.5}, "w": {0}}},
	{ir.RunningAverage, "of a mean", "const r: f32[2] = [1,2]\nconst b: f32[2] = [3,-2]\ny = running_average(r, b) {momentum=0.25}",
		nil, map[string][]float64{"y": {1.5, 1}}},
	{ir.RunningAverage, "of a variance, unbiased", "input x: f32[N,1,1,2]\nconst r: f32[1] = 1\nconst b: f32[1] = 3\ny = running_average(r, b, input=x) {momentum=0.5}",
		tensors{"x": tensor([]int{2, 1, 1, 2}, bnX...)}, map[string][]float64{"y": {0.5 + 0.5*3*4/3}}},
	{ir.CrossEntropy, "plain", "input x: f32[N,3]\ninput l: i32[N]\ny = cross_entropy(x, l)",
		tensors{"x": tensor([]int{2, 3}, 0, math.Log(2), 0, 1000, 0, -inf), "l": tensor([]int{2}, 1, 0)},
		map[string][]float64{"y": {math.Log(2) / 2}}},
	{ir.CrossEntropy, "label smoothing", "input x: f32[N,2]\ninput l: i32[N]\ny = cross_entropy(x, l) {label_smoothing=0.5}",
		tensors{"x": tensor([]int{1, 2}, 0, math.Log(3)), "l": tensor([]int{1}, 1)},
		map[string][]float64{"y": {0.75*math.Log(4./3) + 0.25*math.Log(4)}}},
	{ir.CrossEntropyGrad, "label smoothing", "input x: f32[N,2]\ninput l: i32[N]\ny = cross_entropy_grad(x, l) {label_smoothing=0.5}",
		tensors{"x": tensor([]int{2, 2}, 0, math.Log(3), 5, 5), "l": tensor([]int{2}, 1, 0)},
		map[string][]float64{"y": {0, 0, (0.5 - 0.75) / 2, (0.5 - 0.25) / 2}}}, // the first image's softmax is its target
	{ir.Conv2DGradInput, "stride and asymmetric padding", "input d: f32[N,1,1,2]\nconst w: f32[1,1,2,2] = [1,10,100,1000]\ny = conv2d_grad_input(d, w) {stride=[2,2], padding=[1,0,0,1], input_size=[2,3]}",
		tensors{"d": tensor([]int{1, 1, 1, 2}, 2, 3)},
		map[string][]float64{"y": {200, 2000, 300, 0, 0, 0}}},
	{ir.Conv2DGradInput, "groups, two filters", "input d: f32[N,4,1,1]\nconst w: f32[4,1,1,1] = [1,2,3,4]\ny = conv2d_grad_input(d, w) {groups=2, input_size=[1,1]}",
		tensors{"d": tensor([]int{1, 4, 1, 1}, 1, 10, 100, 1000)},
		map[string][]float64{"y": {21, 4300}}},
	{ir.Conv2DGradWeight, "dilation", "input d: f32[N,1,1,2]\ninput x: f32[N,1,4,4]\ny = conv2d_grad_weight(d, x) {dilation=[3,2], kernel=[2,2]}",
		tensors{"d": tensor([]int{1, 1, 1, 2}, 1, 100), "x": tensor([]int{1, 1, 4, 4}, iota4...)},
		map[string][]float64{"y": {201, 403, 1413, 1615}}},
	{ir.BiasGrad, "batch of 2", "input d: f32[N,2,1,2]\ny = bias_grad(d)",
		tensors{"d": tensor([]int{2, 2, 1, 2}, 1, 2, 3, 4, 10, 20, 30, 40)}, map[string][]float64{"y": {33, 77}}},
	{ir.AffineGrad, "two channels", "input d: f32[N,2]\ninput x: f32[N,2]\nconst s: f32[2] = [2,-1]\ny, z, w = affine_grad(d, x, s)",
		tensors{"d": tensor([]int{2, 2}, 1, 2, 3, 4), "x": tensor([]int{2, 2}, 10, 20, 30, 40)},
		map[string][]float64{"y": {2, -2, 6, -4}, "z": {100, 200}, "w": {4, 6}}},
	{ir.ReLUGrad, "0 stops, NaN passes", "input d: f32[N,4]\ninput r: f32[N,4]\ny = relu_grad(d, r)",
		tensors{"d": tensor([]int{1, 4}, 1, 2, 3, nan), "r": tensor([]int{1, 4}, 0, 5, nan, 0)}, map[string][]float64{"y": {0, 2, 3, 0}}},
	{ir.MaxPoolGrad, "ties, NaN, overlap", "input d: f32[N,1,1,3]\ninput x: f32[N,1,1,5]\ny = max_pool_grad(d, x) {kernel=[1,3], stride=[1,2], padding=[0,1,0,1]}",
		tensors{"d": tensor([]int{2, 1, 1, 3}, 1, 10, 100, 1, 10, 100), "x": tensor([]int{2, 1, 1, 5}, 7, 7, 7, 0, 0, nan, 1, nan, nan, 2)},
		map[string][]float64{"y": {1, 10, 0, 100, 0, 1, 0, 0, 110, 0}}},
	{ir.AvgPoolGrad, "padding counts, or not", "input d: f32[N,1,1,2]\ny = avg_pool_grad(d) {kernel=[1,2], stride=[1,2], padding=[0,1,0,0], input_size=[1,3]}\n" +
		"z = avg_pool_grad(d) {kernel=[1,2], stride=[1,2], padding=[0,1,0,0], input_size=[1,3], count_include_pad=false}\nw = avg_pool_grad(d) {kernel=[1,1], stride=[1,1], input_size=[1,2]}",
		tensors{"d": tensor([]int{1, 1, 1, 2}, 2, 6)}, map[string][]float64{"y": {1, 3, 3}, "z": {2, 3, 3}, "w": {2, 6}}},
	{ir.LinearGradInput, "batch of 2", "input d: f32[N,2]\nconst m: f32[2,3] = [1,2,3,-1,0,1]\ny = linear_grad_input(d, m)",
		tensors{"d": tensor([]int{2, 2}, 1, 2, 0, 1)}, map[string][]float64{"y": {-1, 2, 5, -1, 0, 1}}},
	{ir.LinearGradWeight, "batch of 2", "input d: f32[N,2]\ninput x: f32[N,3]\ny = linear_grad_weight(d, x)",
		tensors{"d": tensor([]int{2, 2}, 1, 2, 0, 1), "x": tensor([]int{2, 3}, 1, 2, 3, 10, 20, 30)},
		map[string][]float64{"y": {1, 2, 3, 12, 24, 36}}},
	{ir.Unflatten, "row-major", "input x: f32[N,4]\ny = unflatten(x) {shape=[2,1,2]}",
		tensors{"x": tensor([]int{1, 4}, 1, 2, 3, 4)}, map[string][]float64{"y": {1, 2, 3, 4}}},
	{ir.SoftmaxGrad, "one image", "input d: f32[N,2]\ninput s: f32[N,2]\ny = softmax_grad(d, s)",
		tensors{"d": tensor([]int{1, 2}, 1, 3), "s": tensor([]int{1, 2}, 0.25, 0.75)}, map[string][]float64{"y": {0.25 * -1.5, 0.75 * 0.5}}},
	{ir.SubsampleGrad, "zeros between", "input d: f32[N,1,2,1]\ny = subsample_grad(d) {stride=[2,3], input_size=[4,2]}",
		tensors{"d": tensor([]int{1, 1, 2, 1}, 5, 6)}, map[string][]float64{"y": {5, 0, 0, 0, 6, 0, 0, 0}}},
	{ir.SliceChannels, "batch of 2", "input x: f32[N,3]\ny = slice_channels(x) {begin=1, channels=2}",
		tensors{"x": tensor([]int{2, 3}, 1, 2, 3, 4, 5, 6)}, map[string][]float64{"y": {2, 3, 5, 6}}},
	{ir.GradNorm, "clipped", "const a: f32[2] = [3,0]\nconst b: f32[1] = 4\ny, z = grad_norm(a, b) {max_norm=2}",
		nil, map[string][]float64{"y": {5}, "z": {2 / (5 + 1e-6)}}},
	{ir.GradNorm, "small enough", "const a: f32[2] = [3,4]\ny, z = grad_norm(a) {max_norm=6}",
		nil, map[string][]float64{"y": {5}, "z": {1}}},
	{ir.SGD, "plain, with scale", "const p: f32[1] = 2\nconst g: f32[1] = 3\nconst lr: f32[] = 0.5\nconst s: f32[] = 0.25\ny = sgd(p, g, lr, scale=s) {weight_decay=0.125}",
		nil, map[string][]float64{"y": {2 - 0.5*(0.75+0.25)}}},
	{ir.SGD, "momentum", "const p: f32[1] = 2\nconst g: f32[1] = 3\nconst lr: f32[] = 0.5\nconst v: f32[1] = 8\ny, z = sgd(p, g, lr, velocity=v) {momentum=0.25}",
		nil, map[string][]float64{"y": {2 - 0.5*5}, "z": {5}}},
	{ir.SGD, "Nesterov", "const p: f32[1] = 2\nconst g: f32[1] = 3\nconst lr: f32[] = 0.5\nconst v: f32[1] = 8\ny, z = sgd(p, g, lr, velocity=v) {momentum=0.25, nesterov=true}",
		nil, map[string][]float64{"y": {2 - 0.5*(3+0.25*5)}, "z": {5}}},
	{ir.AdamW, "second step", "input t: i32[]\nconst p: f32[1] = 2\nconst g: f32[1] = 4\nconst lr: f32[] = 0.5\nconst m: f32[1] = 1\nconst v: f32[1] = 8\nconst s: f32[] = 0.5\n" +
		"y, z, w = adamw(p, g, lr, t, m, v, scale=s) {beta1=0.5, beta2=0.75, weight_decay=0.25, eps=0.125}",
		tensors{"t": scalar(1)},
		map[string][]float64{"y": {2*(1-0.125) - 0.5/(1-0.25)*1.5/(math.Sqrt(7)/math.Sqrt(1-0.5625)+0.125)}, "z": {1.5}, "w": {7}}},
	{ir.DropoutTrain, "all and nothing", "input x: f32[N,2]\ninput s: i32[]\ny = dropout_train(x, s, s) {p=1}\nz = dropout_train(x, s, s) {p=0}",
		tensors{"x": tensor([]int{1, 2}, 1, nan), "s": scalar(-5)}, map[string][]float64{"y": {0, 0}, "z": {1, nan}}},
	// The masks were computed by another program from the formula in package ir's doc.
	{ir.DropoutTrain, "the mask is the documented one", "input x: f32[N,8]\ninput s: i32[]\ninput t: i32[]\ny = dropout_train(x, s, t) {p=0.5, stream=3}",
		tensors{"x": tensor([]int{1, 8}, 1, 1, 1, 1, 1, 1, 1, 1), "s": scalar(42), "t": scalar(7)}, map[string][]float64{"y": {0, 0, 2, 0, 0, 0, 0, 0}}},
	{ir.StochasticDepthTrain, "whole images", "input x: f32[N,2]\ninput s: i32[]\ninput t: i32[]\ny = stochastic_depth_train(x, s, t) {p=0.5, stream=3}",
		tensors{"x": tensor([]int{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8), "s": scalar(42), "t": scalar(7)}, map[string][]float64{"y": {0, 0, 0, 0, 10, 12, 0, 0}}},
}

func TestTrainingOps(t *testing.T) {
	for _, c := range trainCases {
		t.Run(fmt.Sprintf("%s/%s", c.op, c.name), func(t *testing.T) {
			outputs := slices.Sorted(maps.Keys(c.want))
			g := parse(t, "graph g\n"+c.src+"\noutput "+strings.Join(outputs, ", ")+"\n")
			out, err := interp.Run(g, c.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range outputs {
				got := out[name]
				if e := irtest.Compare(tensor([]int{len(got.Data)}, got.Data...), tensor([]int{len(c.want[name])}, c.want[name]...)); e > 1e-15 {
					t.Errorf("%s = %v, want %v", name, got.Data, c.want[name])
				}
			}
		})
	}
}

// TestMask checks how many elements dropout drops, and that another seed, step
// or stream drops others.
func TestMask(t *testing.T) {
	const size = 10000
	ones := slices.Repeat([]float64{1}, size)
	run := func(seed, step float64, stream int, p float64) []float64 {
		g := parse(t, fmt.Sprintf("graph g\ninput x: f32[N,%d]\ninput seed: i32[]\ninput step: i32[]\ny = dropout_train(x, seed, step) {p=%g, stream=%d}\noutput y", size, p, stream))
		out, err := interp.Run(g, tensors{"x": tensor([]int{1, size}, ones...), "seed": scalar(seed), "step": scalar(step)})
		if err != nil {
			t.Fatal(err)
		}
		return out["y"].Data
	}
	first := run(1, 2, 3, 0.25)
	for name, other := range map[string][]float64{
		"seed": run(2, 2, 3, 0.25), "negative seed": run(-1, 2, 3, 0.25), "step": run(1, 3, 3, 0.25), "stream": run(1, 2, 4, 0.25), "swapped": run(2, 1, 3, 0.25),
	} {
		dropped, both := 0, 0
		for i, x := range other {
			if x == 0 {
				dropped++
				if first[i] == 0 {
					both++
				}
			} else if x != 1/0.75 {
				t.Fatalf("%s: a kept 1 is %v", name, x)
			}
		}
		// Four standard deviations of the binomial distribution.
		if math.Abs(float64(dropped)-2500) > 4*43.3 || math.Abs(float64(both)-625) > 4*24.2 {
			t.Errorf("another %s drops %d elements of %d, %d of them the same; want about 2500 and 625", name, dropped, size, both)
		}
	}
}

func TestTrainingErrors(t *testing.T) {
	const entropy = "input x: f32[N,3]\ninput l: i32[N]\ny = cross_entropy(x, l)"
	logits := tensor([]int{2, 3}, 0, 0, 0, 0, 0, 0)
	for _, c := range []struct {
		src  string
		in   tensors
		want string
	}{
		{entropy, tensors{"x": logits, "l": tensor([]int{2}, 0, 3)}, `node "y": label 1 of "l" is 3, want a class from 0 to 2`},
		{entropy, tensors{"x": logits, "l": tensor([]int{2}, -1, 0)}, `label 0 of "l" is -1`},
		{entropy, tensors{"x": logits, "l": tensor([]int{2}, 0, 0.5)}, `element 1 of the tensor for "l" is 0.5, want an integer of 32 bits`},
		{entropy, tensors{"x": logits, "l": tensor([]int{2}, 0, 1<<31)}, `want an integer of 32 bits`},
		{entropy, tensors{"x": logits, "l": tensor([]int{3}, 0, 0, 0)}, `the tensor for "l" has shape 3, want 2`},
		{"input x: f32[N,2]\nconst g: f32[2] = 1\ny, z, w = batch_norm_train(x, g, g)", tensors{"x": tensor([]int{1, 2}, 1, 2)},
			`node "y": "x" has one element per channel, and a batch norm needs two or more to train`},
		{"input x: f32[N,2]\nconst g: f32[2] = 1\ny = running_average(g, g, input=x)", tensors{"x": tensor([]int{1, 2}, 1, 2)}, `one element per channel`},
	} {
		_, err := interp.Run(parse(t, "graph g\n"+c.src+"\noutput y\n"), c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.src, err, c.want)
		}
	}
}

// TestState runs three steps of x <- x - 0.5*x, in which all nodes read the old x.
func TestState(t *testing.T) {
	g := parse(t, `graph g
		const x: f32[1] = 8
		const n: f32[1] = 1
		const half: f32[] = 0.5
		x.next = sgd(x, x, half)
		n.next = add(n, x)
		y = relu(x)
		output y
		update x = x.next
		update n = n.next`)
	state := tensors{}
	for step, want := range [][3]float64{{8, 4, 9}, {4, 2, 13}, {2, 1, 15}} {
		before := maps.Clone(state)
		out, err := interp.Run(g, nil, interp.State(state))
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]float64{out["y"].Data[0], state["x"].Data[0], state["n"].Data[0]}; got != want {
			t.Errorf("step %d: y, x and n are %v, want %v", step, got, want)
		}
		if old := before["x"]; old != nil && old.Data[0] != want[0] {
			t.Error("Run changed a tensor of the state")
		}
	}
	if g.Params[0].Data[0] != 8 {
		t.Error("Run changed the graph")
	}
	state["x"] = scalar(0.1)
	if _, err := interp.Run(g, nil, interp.State(state)); err == nil || !strings.Contains(err.Error(), `"x" has shape [], want 1`) {
		t.Errorf("error %v for a misshapen parameter", err)
	}
	if _, err := interp.Run(g, nil, interp.State(tensors{"y": scalar(1)})); err == nil || !strings.Contains(err.Error(), `no parameter "y", which is in the state`) {
		t.Errorf("error %v for an unknown parameter", err)
	}
	state = tensors{"x": tensor([]int{1}, 0.1)}
	out, err := interp.Run(g, nil, interp.State(state), interp.Float32())
	if f := float64(float32(0.1)); err != nil || out["y"].Data[0] != f || state["x"].Data[0] != f/2 {
		t.Errorf("in float32 y is %v and x %v, want %v and its half", out["y"], state["x"], f)
	}
}
