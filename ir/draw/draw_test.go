package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/ir/irtest"
)

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("test.ir", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// block has an identity shortcut, a projection, and a name that needs escaping.
const block = `graph "a <b> & \"c\""
input input: f32[N,16,8,8]
param w: f32[16,16,3,3]
param v: f32[32,16,1,1]
param u: f32[32,16,3,3]
stem = relu(input)
layer1.0.conv1 = conv2d(stem, w) {padding=[1,1,1,1], relu=true}
layer1.0.add = add(layer1.0.conv1, stem)
layer2.0.conv1 = conv2d(layer1.0.add, u) {padding=[1,1,1,1], stride=[2,2]}
layer2.0.relu = relu(layer2.0.conv1)
layer2.0.downsample.0 = conv2d(layer1.0.add, v) {stride=[2,2]}
layer2.0.add = add(layer2.0.relu, layer2.0.downsample.0)
"<out>\\\n" = max_pool(layer2.0.add) : f32[N,32,2,2]
output "<out>\\\n", layer1.0.add
`

func TestLayout(t *testing.T) {
	l := arrange(parse(t, block))
	got := map[string][2]int{}
	for _, it := range l.items {
		got[it.value.Name] = [2]int{it.row, it.col}
	}
	for name, want := range map[string][2]int{
		"input": {0, 0}, "stem": {1, 0}, "layer1.0.conv1": {2, 0}, "layer1.0.add": {3, 0}, "layer2.0.conv1": {4, 0},
		"layer2.0.relu": {5, 0}, "layer2.0.downsample.0": {4, 1}, "layer2.0.add": {6, 0}, "<out>\\\n": {7, 0},
	} {
		if got[name] != want {
			t.Errorf("%q stands at row, column %v, want %v", name, got[name], want)
		}
	}
	bends, lanes := l.bends()
	if len(bends) != 1 || lanes != 1 || bends[0].from.value.Name != "stem" || bends[0].to.value.Name != "layer1.0.add" {
		t.Errorf("bends = %v in %d lanes, want one from stem to layer1.0.add", bends, lanes)
	}
}

// TestLanes checks that nested shortcuts get lanes of their own, the short inside.
func TestLanes(t *testing.T) {
	l := arrange(parse(t, `graph g
		input x: f32[N,4,4,4]
		a = relu(x)
		b = relu(a)
		c = add(b, a)
		d = relu(c)
		e = add(d, x)
		f = relu(e)
		h = add(f, d)
		output h`))
	bends, lanes := l.bends()
	got := map[string]int{}
	for _, b := range bends {
		got[b.from.value.Name+b.to.value.Name] = b.lane
	}
	if len(got) != 3 || got["ac"] != 0 || got["dh"] != 0 || got["xe"] != 1 || lanes != 2 {
		t.Errorf("lanes %v of %d, want ac and dh in 0, xe in 1", got, lanes)
	}
}

// TestRandom checks on random graphs that boxes stand apart, below what they
// read, that the drawings are well formed, and the same twice.
func TestRandom(t *testing.T) {
	for seed := range uint64(100) {
		g := irtest.RandomGraph(rand.New(rand.NewPCG(seed, 3)), 20)
		l := arrange(g)
		l.measure(0)
		at := map[[2]int]bool{}
		for _, it := range l.items {
			if at[[2]int{it.row, it.col}] {
				t.Fatalf("seed %d: two boxes at row %d, column %d", seed, it.row, it.col)
			}
			at[[2]int{it.row, it.col}] = true
			for _, p := range it.in {
				if p.y+p.h >= it.y {
					t.Fatalf("seed %d: %q does not stand below %q", seed, it.value.Name, p.value.Name)
				}
			}
		}
		svg := SVG(g)
		if !bytes.Equal(svg, SVG(g.Clone())) || !bytes.Equal(DOT(g), DOT(g.Clone())) {
			t.Fatalf("seed %d: two drawings differ", seed)
		}
		wellFormed(t, svg)
	}
}

func wellFormed(t *testing.T, svg []byte) (titles []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	inTitle := false
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return titles
		}
		if err != nil {
			t.Fatalf("the SVG is not well formed: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			inTitle = tok.Name.Local == "title"
		case xml.CharData:
			if inTitle {
				titles = append(titles, string(tok))
			}
			inTitle = false
		}
	}
}

func TestSVGHasEveryNode(t *testing.T) {
	g := parse(t, block)
	titles := wellFormed(t, SVG(g))
	for _, n := range g.Nodes {
		if !slices.Contains(titles, n.String()) {
			t.Errorf("no tooltip for %v", n)
		}
	}
	wellFormed(t, SVG(parse(t, "graph \"\\x00\\xff\"\ninput \"\\x01]]>\": f32[N,3]\nconst c: f32[2] = 1\noutput \"\\x01]]>\", c")))
}

func TestDOT(t *testing.T) {
	dot := string(DOT(parse(t, block)))
	for _, want := range []string{
		`digraph "a <b> & \"c\"" {`,
		`label="layer2.0"`,
		`n4 [label="conv2d  layer2.0.conv1\n3×3, 16 → 32, stride 2, padding 1\nf32[N,32,4,4]", fillcolor="#dbeafe", color="#3b82f6"]`,
		`n8 [label="max_pool  <out>\\\n\n2×2, stride 2\nf32[N,32,2,2]", fillcolor="#f3e8ff", color="#a855f7", peripheries=2]`,
		"n1 -> n3\n", "n2 -> n3\n", "n5 -> n7\n", "n6 -> n7\n",
	} {
		if !strings.Contains(dot, want) {
			t.Errorf("DOT lacks %s:\n%s", want, dot)
		}
	}
}

// TestUpdates draws a training step, whose parameters are no boxes.
func TestUpdates(t *testing.T) {
	g := parse(t, `graph step
		input x: f32[N,4]
		input lr: f32[]
		param w: f32[4]
		const w.velocity: f32[4] = 0
		w.grad = bias_grad(x)
		w.next, v.next = sgd(w, w.grad, lr, velocity=w.velocity) {momentum=0.9}
		output x
		update w = w.next
		update w.velocity = v.next`)
	wellFormed(t, SVG(g))
	const want = `label="sgd  w.next\nmomentum 0.9, updates w, updates w.velocity\nf32[4]"`
	if dot := string(DOT(g)); !strings.Contains(dot, want) {
		t.Errorf("DOT lacks %s:\n%s", want, dot)
	}
}

func TestStyle(t *testing.T) {
	for op := range ir.Ops {
		if _, ok := colours[op]; !ok {
			t.Errorf("op %s has no colour", op)
		}
	}
	for name, want := range map[string]string{
		"conv1": "", "layer1.0.conv1": "layer1.0", "layer1.0.downsample.0": "layer1.0", "features.3": "", "0.a": "0", ".": "", "": "",
	} {
		if got := group(name); got != want {
			t.Errorf("group of %q = %q, want %q", name, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1 k", 25557032: "25.6 M", 2089184256: "2.09 G"} {
		if got := amount(n); got != want {
			t.Errorf("amount(%d) = %q, want %q", n, got, want)
		}
	}
}
