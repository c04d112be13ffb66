package main

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/resnetc/resnetc"

// mayImport says what each folder of the pipeline may import beside the
// standard library: paths, of this module where they begin with a slash, each
// with everything below it.  A folder that is not listed may import anything
// but cmd and gen.
var mayImport = []struct {
	folder  string
	imports []string
}{
	{"/ir/interp", []string{"/ir"}},
	{"/ir/irtest", []string{"/ir"}},
	{"/ir/draw", []string{"/ir"}},
	{"/ir", []string{"/ir/nearest"}},
	{"/runtime", nil},
	{"/zoo", []string{"/ir", "/zoo"}},
	{"/passes", []string{"/ir"}},
	{"/asm/neon", nil},
	{"/asm/emulate", nil},
	{"/asm", []string{"/asm", "github.com/mmcloughlin/avo"}},
	{"/codegen", []string{"/ir", "/asm", "/runtime", "github.com/dave/jennifer"}},
	{"/gen", []string{"golang.org/x/sys/cpu"}},
}

// TestWhoImportsWhom keeps the stages of the pipeline apart.  Tests may import
// what they need.
func TestWhoImportsWhom(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, i := range p.Imports {
			if !allowed(strings.TrimPrefix(p.ImportPath, module), i) {
				t.Errorf("%s imports %s, which the table mayImport does not allow", p.ImportPath, i)
			}
		}
	}
	if seen < 10 {
		t.Errorf("go list found %d packages", seen)
	}
}

func allowed(folder, imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return true // the standard library
	}
	own, isOwn := strings.CutPrefix(imported, module)
	if isOwn && (under(own, "/cmd") || under(own, "/gen")) && !under(folder, "/cmd") {
		return false
	}
	for _, row := range mayImport {
		if !under(folder, row.folder) {
			continue
		}
		return slices.ContainsFunc(row.imports, func(path string) bool {
			if strings.HasPrefix(path, "/") {
				return isOwn && under(own, path)
			}
			return under(imported, path)
		})
	}
	return true
}

func under(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
