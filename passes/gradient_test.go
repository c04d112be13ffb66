package passes

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/resnetc/resnetc/ir"
)

// gradientOptions are what the files of testdata/gradient name in their comment.
var gradientOptions = map[string]TrainOptions{
	"sgd":   {Momentum: 0.9, WeightDecay: 1e-4, LabelSmoothing: 0.1},
	"adamw": {Optimizer: "adamw", WeightDecay: 0.01, DecayWeightsOnly: true, ClipNorm: 5},
	"drop":  {Dropout: 0.25, StochasticDepth: 0.5},
}

// TestGradientTxtar reads files as TestTxtar does.
func TestGradientTxtar(t *testing.T) {
	files, err := filepath.Glob("testdata/gradient/*.txtar")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(string(ar.Comment), ":")
		o, ok := gradientOptions[name]
		if !ok || len(ar.Files) != 2 {
			t.Fatalf("%s: want options by name, then the sections in and out", file)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			g, err := ir.Parse(file+"/in", ar.Files[0].Data)
			if err != nil {
				t.Fatal(err)
			}
			count := g.ParamCount()
			if err := Gradient(g, o); err != nil {
				t.Fatal(err)
			}
			if after := g.ParamCount(); after > count || !strings.Contains(string(ar.Files[0].Data), "aux") && after != count {
				t.Errorf("%d trainable parameters, before there were %d", after, count)
			}
			got := g.String()
			if *update {
				ar.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(ar.Files[1].Data), got); d != "" {
				t.Errorf("out differs (-want +got); if it is right, run go test -update\n%s", d)
			}
		})
	}
}

func TestGradientErrors(t *testing.T) {
	const head = "graph g\ninput x: f32[N,4]\nparam w: f32[3,4]\nparam v: f32[4]\n"
	const good = head + "y = linear(x, w)\noutput y\n"
	for _, c := range []struct {
		text string
		o    TrainOptions
		want string
	}{
		{good, TrainOptions{Optimizer: "lion"}, `unknown optimizer "lion", want sgd or adamw`},
		{good, TrainOptions{Momentum: math.NaN()}, `momentum is NaN, want a number from 0 to 1`},
		{good, TrainOptions{LabelSmoothing: -1}, `label smoothing is -1`},
		{good, TrainOptions{WeightDecay: math.Inf(1)}, `weight decay is +Inf`},
		{good, TrainOptions{ClipNorm: -1}, `gradient norm to clip to is -1`},
		{good, TrainOptions{Optimizer: "adamw", Beta1: 2}, `beta1 is 2`},
		{good, TrainOptions{Nesterov: true}, `the momentum is 0, and Nesterov's method wants one above 0`},
		{good, TrainOptions{Dropout: 1}, `dropout is 1, want a number from 0 to 0.999`},
		{good, TrainOptions{StochasticDepth: -0.5}, `stochastic depth is -0.5`},
		{good, TrainOptions{StochasticDepth: 0.5}, `stochastic depth drops residual branches, and graph "g" has none`},
		{head + "z = linear(x, w)\ny = relu(z)\noutput y\n", TrainOptions{Dropout: 0.5}, `node "y", which computes the logits, is a relu`},
		{good, TrainOptions{Logits: "z"}, `graph "g" has no value "z" to train; its outputs are "y"`},
		{good, TrainOptions{Logits: "x"}, `"x" has shape N,4, want logits of shape N,classes that a node computes`},
		{"graph g\ninput x: f32[N,4,2,2]\ny = relu(x)\noutput y\n", TrainOptions{}, `"y" has shape N,4,2,2, want logits`},
		{"graph g\ninput x: f32[N,4]\ny = relu(x)\noutput y\n", TrainOptions{}, `"y" depends on no parameter`},
		{head + "z = relu(v)\ny = batch_norm(x, v, v, v, z)\noutput y\n", TrainOptions{}, `node "y": the running statistic "z" is no parameter`},
		{head + "y = batch_norm(x, v, v, v, v)\noutput y\n", TrainOptions{}, `"v" is the running statistic of a batch norm, and node "y" reads it too`},
		{head + "param m: f32[4]\nparam s: f32[4]\nz = batch_norm(w, v, v, m, s)\ny = linear(x, z)\noutput y\n", TrainOptions{}, `batch_norm_train/C6: node "z": input "w" has shape 3,4, want N,C,…`},
	} {
		err := Gradient(parse(t, c.text), c.o)
		if err == nil || !strings.HasPrefix(err.Error(), "passes: gradient: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %s\n%s", c.o, err, c.want, c.text)
		}
	}
	g := parse(t, good)
	if err := Gradient(g, TrainOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := Gradient(g, TrainOptions{}); err == nil || !strings.Contains(err.Error(), `node "loss" is a cross_entropy: the graph trains already`) {
		t.Errorf("of a training graph: error %v", err)
	}
	g = parse(t, good)
	g.Outputs = nil
	if err := Gradient(g, TrainOptions{}); err == nil || !strings.Contains(err.Error(), "the graph is not valid: graph/V6") {
		t.Errorf("no output: error %v", err)
	}
}
