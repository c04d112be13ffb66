package onnxfile

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/resnetc/resnetc/ir"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected parts of testdata")

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("test.ir", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// part returns the named part of an archive.
func part(t *testing.T, a *txtar.Archive, name string) *txtar.File {
	t.Helper()
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	t.Fatalf("the archive has no part %s", name)
	return nil
}

func TestFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := Write(&b, parse(t, string(part(t, a, "in.ir").Data)), 0); err != nil {
				t.Fatal(err)
			}
			got, want := dump(t, b.Bytes()), part(t, a, "onnx")
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEveryOpHasARule(t *testing.T) {
	for op, row := range ir.Ops {
		if rules[op] == nil && !row.Training { // a peer is given networks to run, not to train
			t.Errorf("op %s has no row in rules", op)
		}
	}
}

func TestBatch(t *testing.T) {
	g := parse(t, "graph g\ninput x: f32[N,4]\ny = relu(x) : f32[N,4]\noutput y\n")
	for batch, want := range map[int]string{0: "input x: type 1 [N,4]\n", 5: "input x: type 1 [5,4]\n"} {
		var b bytes.Buffer
		if err := Write(&b, g, batch); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, b.Bytes()); !strings.Contains(got, want) {
			t.Errorf("batch %d: %s\nwant %s", batch, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	const head = "graph g\ninput x: f32[N,2,4,4]\nparam w: f32[2,2,1,1]\n"
	for _, c := range []struct {
		name, src string
		batch     int
		want      string
	}{
		{"no data", head + "y = conv2d(x, w) : f32[N,2,4,4]\noutput y\n", 1, `parameter "w" has 0 elements, want 4 (2,2,1,1): bind weights`},
		{"negative batch", head + "y = relu(x) : f32[N,2,4,4]\noutput y\n", -1, "batch size -1"},
		{"average over a hanging window", head + "y = avg_pool(x) {kernel=[3,3], ceil_mode=true} : f32[N,2,2,2]\noutput y\n", 1, `node "y" (avg_pool): ceil_mode`},
		{"output is an input", head + "y = relu(x) : f32[N,2,4,4]\noutput x\n", 1, `output "x" is an input`},
	} {
		err := Write(&bytes.Buffer{}, parse(t, c.src), c.batch)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}

	broken := parse(t, head+"y = relu(x) : f32[N,2,4,4]\noutput y\n")
	broken.Nodes[0].Inputs = nil
	if err := Write(&bytes.Buffer{}, broken, 1); err == nil {
		t.Error("a graph that does not pass ir.Verify is written")
	}
}

// TestFreshNames has values that stand where the parts of a fused node would.
func TestFreshNames(t *testing.T) {
	g := parse(t, `graph g
input y.sum: f32[N,4]
y.sum2 = relu(y.sum) : f32[N,4]
y = add(y.sum, y.sum2) {relu=true} : f32[N,4]
output y
`)
	var b bytes.Buffer
	if err := Write(&b, g, 0); err != nil {
		t.Fatal(err)
	}
	if got, want := dump(t, b.Bytes()), "y.sum3 = Add(y.sum, y.sum2)\ny = Relu(y.sum3)\n"; !strings.Contains(got, want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestWriteFileLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	g := parse(t, "graph g\ninput x: f32[N,4]\nparam w: f32[2,4]\ny = linear(x, w) : f32[N,2]\noutput y\n")
	if err := WriteFile(filepath.Join(dir, "g.onnx"), g, 0); err == nil {
		t.Error("no error for a parameter without data")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
