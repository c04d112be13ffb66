package passes

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/resnetc/resnetc/ir"
)

var update = flag.Bool("update", false, "write testdata/*.txtar anew from what the passes do")

// TestTxtar runs each file of testdata through a pass.  The comment says which
// pass, and after a colon what the file shows; "in" is the graph before and
// "out" the graph after, or "error" the text that the pass's error contains.
func TestTxtar(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, _, ok := strings.Cut(string(ar.Comment), ":")
		pass := Lookup(name)
		if !ok || pass == nil || len(ar.Files) != 2 || ar.Files[0].Name != "in" {
			t.Fatalf("%s: want the comment %q, then the sections in and out (or error)", file, "PASS: what it shows")
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			testFile(t, file, ar, *pass)
		})
		if ar.Files[1].Name == "out" {
			seen[name] = true
		}
	}
	for _, p := range Table {
		if !seen[p.Name] {
			t.Errorf("pass %s has no file in testdata", p.Name)
		}
	}
}

func testFile(t *testing.T, file string, ar *txtar.Archive, pass Pass) {
	g, err := ir.Parse(file+"/in", ar.Files[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	err = pass.Run(g, Options{})
	want := string(ar.Files[1].Data)
	if ar.Files[1].Name == "error" {
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Fatalf("error %v, want one that contains %q", err, want)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(g); err != nil {
		t.Error(err)
	}
	got := g.String()
	if *update {
		ar.Files[1].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: out differs (-want +got); if it is right, run go test -update\n%s", file, d)
	}
}

// TestOrder checks the constraints that the table states about itself.
func TestOrder(t *testing.T) {
	if err := checkOrder(Table); err != nil {
		t.Error(err)
	}
	swapped := append([]Pass(nil), Table...)
	swapped[5], swapped[6] = swapped[6], swapped[5]
	if err := checkOrder(swapped); err == nil {
		t.Error("fuse-relu before fuse-add is accepted")
	}
}

func checkOrder(table []Pass) error {
	at := map[string]int{}
	for i, p := range table {
		if _, ok := at[p.Name]; ok {
			return fmt.Errorf("two passes are called %s", p.Name)
		}
		if p.Name == "" || p.Doc == "" || p.Reason == "" || p.Run == nil {
			return fmt.Errorf("pass %d (%s) lacks a name, doc, reason or function", i, p.Name)
		}
		at[p.Name] = i
	}
	for i, p := range table {
		for _, other := range p.After {
			if j, ok := at[other]; !ok || j >= i {
				return fmt.Errorf("%s must stand after %s", p.Name, other)
			}
		}
		for _, other := range p.Before {
			if j, ok := at[other]; !ok || j <= i {
				return fmt.Errorf("%s must stand before %s", p.Name, other)
			}
		}
	}
	return nil
}

// TestDoc checks that the package comment lists the table.
func TestDoc(t *testing.T) {
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(src), "what it does\n")
	rows, _, _ = strings.Cut(rows, "\n//\n")
	var got, want []string
	for _, row := range strings.Split(rows, "\n") {
		got = append(got, strings.Join(strings.Fields(row)[1:], " "))
	}
	for _, p := range Table {
		want = append(want, p.Name+" "+p.Doc)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the table in doc.go differs from Table (-want +got)\n%s", d)
	}
}
