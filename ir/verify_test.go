package ir

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"math"
	"strings"
	"testing"
)

// base is a graph that every constraint accepts, with a planned arena; each
// test breaks one thing in it.
const base = `graph g
input x: f32[N,16,4,4] @0
param w: f32[16,16,1,1]
const c: f32[16] = 1
y = conv2d(x, w, bias=c) : f32[N,16,4,4] @256
z = add(x, y) : f32[N,16,4,4] @0
r = relu(z) : f32[N,16,4,4] @0
p = global_avg_pool(r) : f32[N,16,1,1] @256
f = flatten(p) : f32[N,16] @256
output f
arena 512
`

// broken maps each constraint to changes that break it, and it alone among
// those checked before it.
var brokenGraphs = map[string][]func(g *Graph){
	"graph/V1": {
		func(g *Graph) { g.Value("z").Name = "y" },
		func(g *Graph) { g.Value("z").Name = "" },
		func(g *Graph) { g.Params = append(g.Params, g.Inputs[0]) },
		func(g *Graph) { g.Nodes[0].Results[0] = nil },
		func(g *Graph) { g.Nodes = append(g.Nodes, nil) },
	},
	"graph/V2": {
		func(g *Graph) { g.Inputs[0].Def = g.Nodes[0] },
		func(g *Graph) { g.Params[0].Def = g.Nodes[0] },
		func(g *Graph) { g.Value("z").Def = g.Nodes[0] },
		func(g *Graph) { g.Nodes[0].Results = nil },
	},
	"graph/V3": {
		func(g *Graph) { g.Inputs = nil },
		func(g *Graph) { g.Nodes = g.Nodes[1:] },
	},
	"graph/V4": {
		func(g *Graph) { g.Nodes[0], g.Nodes[1] = g.Nodes[1], g.Nodes[0] },
		func(g *Graph) { g.Nodes[1].Inputs[0] = g.Value("z") },
	},
	"graph/V5": {
		func(g *Graph) { g.Value("z").Type.Shape = Shape{Batch, 16, 4, 5} },
		func(g *Graph) { g.Value("z").Type.DType = 9 },
		func(g *Graph) {
			v := &Value{Name: "extra", Def: g.Nodes[0], Offset: -1}
			g.Nodes[0].Results = append(g.Nodes[0].Results, v)
		},
	},
	"conv2d/C6": {func(g *Graph) { g.Params[0].Type.Shape = Shape{16, 8, 1, 1} }},
	"graph/V6": {
		func(g *Graph) { g.Outputs = nil },
		func(g *Graph) { g.Outputs = []*Value{nil} },
		func(g *Graph) { g.Outputs = append(g.Outputs, &Value{Name: "f", Offset: -1}) },
	},
	"graph/V7": {
		func(g *Graph) { g.AddInput("i", Type{Shape: Shape{3}}) },
		func(g *Graph) { g.AddInput("i", Type{Shape: Shape{Batch, 3, Batch}}) },
		func(g *Graph) { g.AddInput("i", Type{Shape: Shape{Batch}, DType: 9}) },
		func(g *Graph) { g.AddParam("i", Batch, 3) },
		func(g *Graph) { g.AddParam("i", 3).Type.DType = I32 },
		func(g *Graph) { g.AddParam("i", 0) },
		func(g *Graph) { g.AddParam("i", 1<<16, 1<<16) },
		func(g *Graph) { g.AddParam("i", math.MaxInt, 4) },
		func(g *Graph) { g.AddParam("i", 1, 1, 1, 1, 1, 1, 1, 1, 1) },
	},
	"graph/V8": {
		func(g *Graph) { g.Params[0].Data = make([]float32, 3) },
		func(g *Graph) { g.Value("z").Data = make([]float32, 256) },
	},
	"graph/V9": {
		func(g *Graph) { g.Params[0].Type.Layout = NCHW16c },
		func(g *Graph) { g.Params[0].Type.Halo = 1 },
		func(g *Graph) { g.Value("z").Type.Layout = 9 },
		func(g *Graph) { g.Value("z").Type.Halo = -1 },
		func(g *Graph) { g.Value("z").Type.Halo = 1 << 20 },
		func(g *Graph) { g.Value("f").Type.Halo = 1 },
		func(g *Graph) { g.AddInput("i", Type{Shape: Shape{Batch, 16, 16}, Layout: NCHW16c}) },
		func(g *Graph) { g.AddInput("i", Type{Shape: Shape{Batch, 1 << 22, 1, 1}, Halo: 1000}) },
	},
	"graph/V10": {
		func(g *Graph) { g.Params[0].Offset = 0 },
		func(g *Graph) { g.Value("z").Offset = -2 },
		func(g *Graph) { g.Value("z").Offset = 257 },
		func(g *Graph) { g.Value("y").Type.Layout, g.Value("y").Type.Halo = NCHW16c, 1 },
		func(g *Graph) { g.Arena = 511 },
		func(g *Graph) { g.Arena = -1 },
	},
	"graph/V11": {
		func(g *Graph) { g.Value("y").Offset = 255 },                  // over x, which add reads
		func(g *Graph) { g.Value("y").Offset = 0 },                    // over its own input
		func(g *Graph) { g.Outputs = append(g.Outputs, g.Inputs[0]) }, // z is written over an output
		func(g *Graph) { g.Outputs = append(g.Outputs, g.Value("z")) },
		func(g *Graph) { g.Value("p").Offset = 0 },            // over what it averages
		func(g *Graph) { g.Value("f").Offset = 257 },          // flatten, but shifted
		func(g *Graph) { g.Value("r").Type.Layout = NCHW16c }, // in place, but stored otherwise
		func(g *Graph) { g.Value("z").Offset = 128 },          // shifted over its operands
		func(g *Graph) { g.AddInput("i", Type{Shape: Shape{Batch, 4}}).Offset = 0 },
	},
}

func init() {
	update := func(change func(g *Graph, u *Update)) func(*Graph) {
		return func(g *Graph) {
			p := g.AddParam("q", 16)
			c := g.Value("c")
			next, err := g.AddNode(SGD, []string{"q.next"}, nil, p, c, g.AddInput("lr", Type{Shape: Shape{}}))
			if err != nil {
				panic(err)
			}
			g.Updates = []Update{{p, next.Out()}}
			change(g, &g.Updates[0])
		}
	}
	brokenGraphs["graph/V12"] = []func(g *Graph){
		update(func(g *Graph, u *Update) { u.Param = nil }),
		update(func(g *Graph, u *Update) { u.Value = nil }),
		update(func(g *Graph, u *Update) { u.Param = g.Value("lr") }),
		update(func(g *Graph, u *Update) { u.Param = &Value{Name: "q", Type: u.Param.Type} }),
		update(func(g *Graph, u *Update) { u.Value = g.Value("c") }),
		update(func(g *Graph, u *Update) { u.Value = g.Value("f") }),
		update(func(g *Graph, u *Update) {
			v := *u.Value
			u.Value = &v
		}),
		update(func(g *Graph, u *Update) { g.Updates = append(g.Updates, *u) }),
	}
}

func TestVerify(t *testing.T) {
	if err := Verify(mustParse(t, base)); err != nil {
		t.Fatalf("the base graph: %v", err)
	}
	if err := Verify(mustParse(t, trainText)); err != nil {
		t.Fatalf("a training graph: %v", err)
	}
	for id, list := range brokenGraphs {
		for i, change := range list {
			g := mustParse(t, base)
			change(g)
			if err := Verify(g); err == nil || !strings.HasPrefix(err.Error(), id+": ") {
				t.Errorf("%s, change %d: error %v", id, i, err)
			}
		}
	}
	for _, c := range graphConstraints {
		if id := fmt.Sprintf("graph/V%d", c.number); brokenGraphs[id] == nil {
			t.Errorf("constraint %s has no test", id)
		}
	}
}

// TestSharing checks which values may lie over each other.
func TestSharing(t *testing.T) {
	for name, src := range map[string]string{
		"residual in place": `graph g
			input x: f32[N,16,4,4] @0
			param w: f32[16,16,1,1]
			a = relu(x) : f32[N,16,4,4] @256
			y = conv2d(a, w, residual=x) : f32[N,16,4,4] @0
			output y
			arena 512`,
		"flatten of a block": `graph g
			input x: f32[N,20,3,3] nchw16c @0
			p = global_avg_pool(x) : f32[N,20,1,1] nchw16c @288
			f = flatten(p) : f32[N,20] @288
			output f, p
			arena 320`,
		"reuse after the last reader": `graph g
			input x: f32[N,16,4,4] @0
			a = max_pool(x) : f32[N,16,2,2] @256
			b = max_pool(a) : f32[N,16,1,1] @0
			output b
			arena 512`,
		"a chain in place, behind a flatten": `graph g
			input x: f32[N,16,4,4] @0
			f = flatten(x) : f32[N,256] @0
			r = relu(f) : f32[N,256] @0
			s = softmax(r) : f32[N,256] @0
			output s
			arena 256`,
	} {
		if err := Verify(mustParse(t, src)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, src := range map[string]string{
		"residual that is the input": `graph g
			input x: f32[N,16,4,4] @0
			param w: f32[16,16,1,1]
			y = conv2d(x, w, residual=x) : f32[N,16,4,4] @0
			output y
			arena 256`,
		"one element of an input": `graph g
			input a: f32[N,16] @15
			input b: f32[N,16] @0
			c = add(a, b)
			output c
			arena 32`,
		"flatten of blocks of planes": `graph g
			input x: f32[N,16,4,4] nchw16c @0
			f = flatten(x) : f32[N,256] @0
			output f
			arena 256`,
		"flatten of a halo": `graph g
			input x: f32[N,16,1,1] halo=1 @0
			f = flatten(x) : f32[N,16] @0
			output f
			arena 256`,
		"flatten that fills up a block": `graph g
			input x: f32[N,20,1,1] @0
			f = flatten(x) : f32[N,20] nchw16c @0
			output f
			arena 256`,
		"written over, though its flatten is read later": `graph g
			input x: f32[N,16,4,4] @0
			f = flatten(x) : f32[N,256] @0
			r = relu(x) : f32[N,16,4,4] @0
			output r, f
			arena 256`,
		"what an update takes": `graph g
			input x: f32[N,16,4,4]
			param p: f32[16]
			b = bias_grad(x) : f32[16] @0
			r = relu(x) : f32[N,16,4,4] @0
			output r
			update p = b
			arena 512`,
		"a result that nobody reads": `graph g
			input x: f32[N,16,4,4] @0
			y = max_pool(x) : f32[N,16,2,2] @0
			z = relu(x) : f32[N,16,4,4] @256
			output z
			arena 512`,
	} {
		if err := Verify(mustParse(t, src)); err == nil || !strings.HasPrefix(err.Error(), "graph/V11: ") {
			t.Errorf("%s: error %v, want graph/V11", name, err)
		}
	}
}

// TestVerifyDocumented checks that Verify's comment lists every constraint.
func TestVerifyDocumented(t *testing.T) {
	f, err := goparser.ParseFile(gotoken.NewFileSet(), "verify.go", nil, goparser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "Verify" {
			for _, c := range graphConstraints {
				if !strings.Contains(fn.Doc.Text(), fmt.Sprintf("V%d: ", c.number)) {
					t.Errorf("Verify's comment does not explain V%d", c.number)
				}
			}
			return
		}
	}
	t.Error("verify.go has no function Verify")
}
