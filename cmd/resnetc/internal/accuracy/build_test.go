package accuracy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
	"github.com/resnetc/resnetc/codegen"
	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/weights"
)

// shared is where data lies that is too large for the repository.
const shared = "../../../../../shared"

// sharedPath is a path in the folder of data; the test is skipped without it.
func sharedPath(t *testing.T, elems ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{shared}, elems...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs data that does not come with the repository: %v", err)
	}
	return path
}

// network is one of the zoo, with its options at their default.
type network struct {
	model      *zoo.Model
	graph      *ir.Graph
	preprocess runtime.Preprocess
	half       bool // half-precision weights
	exact      bool // no algorithm that rounds more than a plain sum of products
}

func newNetwork(t *testing.T, name string) *network {
	t.Helper()
	m, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Preprocess(zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &network{model: m, graph: g, preprocess: runtime.Preprocess(p)}
}

// load binds the parameters in a file.
func (n *network) load(t *testing.T, path string) {
	t.Helper()
	tensors, err := weights.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := weights.Bind(n.graph, tensors, path); err != nil {
		t.Fatal(err)
	}
}

// build compiles a copy of the network into a program.
func (n *network) build(t *testing.T) *driver.Program {
	t.Helper()
	g := n.graph.Clone()
	if err := passes.Run(g, passes.Options{HalfWeights: n.half, Exact: n.exact}); err != nil {
		t.Fatal(err)
	}
	files, err := codegen.Generate(g, codegen.Options{Package: "model", Preprocess: n.preprocess, HalfWeights: n.half})
	if err != nil {
		t.Fatal(err)
	}
	o := driver.BuildOptions{Write: files.Write}
	for name := range files {
		if strings.HasSuffix(name, ".weights") {
			o.Weights = name
		}
	}
	p, err := driver.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// start runs a program at a kernel level; the test is skipped where this
// machine does not have it.
func start(t *testing.T, p *driver.Program, level string) *driver.Session {
	t.Helper()
	// t.Context is done before the cleanup that ends the program.
	s, err := p.Start(context.Background(), driver.StartOptions{Kernels: level})
	if err != nil && strings.Contains(err.Error(), "no kernels") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if level != "" && s.Network.Kernels != level {
		t.Fatalf("the program runs %s kernels, want %s", s.Network.Kernels, level)
	}
	return s
}
