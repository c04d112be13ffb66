package zoo

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resnetc/resnetc/ir"
)

// Every network survives being printed and parsed.
func TestTextForm(t *testing.T) {
	for i := range Models {
		g := graph(t, Models[i].Name, Options{})
		var first, second bytes.Buffer
		if err := ir.Fprint(&first, g); err != nil {
			t.Fatal(err)
		}
		parsed, err := ir.Parse(g.Name, first.Bytes())
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
			continue
		}
		if err := ir.Fprint(&second, parsed); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.String(), second.String()); diff != "" {
			t.Errorf("%s: (-printed +parsed and printed)\n%s", g.Name, diff)
		}
	}
}
