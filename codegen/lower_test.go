package codegen

import (
	"bytes"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
)

func TestLoweringsComplete(t *testing.T) {
	for op := range ir.Ops {
		if _, ok := lowerings[op]; !ok {
			t.Errorf("lowerings has no row for %s", op)
		}
	}
}

// planned is a zoo network with formula parameters after all passes.
func planned(t testing.TB, name string) *ir.Graph {
	t.Helper()
	m, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	zoo.Formula(g, "")
	if err := passes.Run(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGenerateDeterministic(t *testing.T) {
	o := Options{Package: "p", Embed: true, Command: "resnetc compile resnet20_cifar"}
	one, err := Generate(planned(t, "resnet20_cifar"), o)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Generate(planned(t, "resnet20_cifar"), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(one) != len(two) {
		t.Errorf("%d files, then %d", len(one), len(two))
	}
	for name, text := range one {
		if !bytes.Equal(text, two[name]) {
			t.Errorf("%s differs from one compilation to the next", name)
		}
		if name != "weights.bin" && !bytes.HasPrefix(text, []byte(Header+"\n")) {
			t.Errorf("%s does not begin with %q", name, Header)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	g := planned(t, "resnet20_cifar")
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Package: "resnet-20"}, "-pkg"},
		{Options{Package: "main"}, "-pkg"},
		{Options{Package: "func"}, "-pkg"},
		{Options{Package: "p", Targets: []string{"sse2"}}, `"sse2"`},
		{Options{Package: "p", Labels: []string{"cat"}}, "1 labels for 10 classes"},
	} {
		if _, err := Generate(g, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.o, err, c.want)
		}
	}
	m, _ := zoo.Lookup("resnet20_cifar")
	raw, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(raw, Options{Package: "p"}); err == nil || !strings.Contains(err.Error(), "run the passes first") {
		t.Errorf("a graph before the passes: error %v", err)
	}
	if err := passes.Run(raw, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(raw, Options{Package: "p"}); err == nil || !strings.Contains(err.Error(), "load weights first") {
		t.Errorf("a graph without weights: error %v", err)
	}
}

// Every network of the zoo has a lowering, with rows of tiles that cover each
// output row, in kernels that exist.
func TestZooLowers(t *testing.T) {
	for _, m := range zoo.Models {
		if testing.Short() && strings.Contains(m.Name, "10") {
			continue
		}
		g, err := m.Graph(zoo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range g.Params {
			p.Data = make([]float32, p.Type.Shape.Elems())
		}
		if err := passes.Run(g, passes.Options{}); err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		l, err := lower(g, false)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		for _, r := range l.program.Layers {
			if r.Op != runtime.OpConv {
				continue
			}
			_, width := r.Rows()
			for level, tile := range r.Tiles {
				if got := tile.A*tile.CountA + tile.B*tile.CountB; got != width && r.Winograd == 0 || tile.Blocks == 0 || tile.A == 0 {
					t.Errorf("%s %s %v: tiles %+v cover %d of %d pixels", m.Name, r.Name, runtime.Level(level), tile, got, width)
				}
			}
		}
	}
}

func TestSplit(t *testing.T) {
	for width := 1; width < 300; width++ {
		for most := 1; most <= 28; most++ {
			s := runtime.Split(width, most)
			if s.A*s.CountA+s.B*s.CountB != width || s.A > most || s.B > s.A || s.A-s.B > 1 && s.CountB > 0 {
				t.Fatalf("split(%d, %d) = %+v", width, most, s)
			}
		}
	}
}
