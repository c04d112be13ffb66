package driver

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

var (
	//go:embed _main/main.go
	mainSource []byte
	//go:embed _main/bandwidth.go
	bandwidthSource []byte
	//go:embed _main/costs.go
	costsSource []byte
	//go:embed wire/wire.go
	wireSource []byte
)

// goVersion is the language version of the module; generated packages need it.
const goVersion = "1.26"

// Program is a built network.
type Program struct {
	dir     string
	weights string // file beside the package, or ""
	keep    bool
}

// BuildOptions change how Build works.
type BuildOptions struct {
	// Dir is the module's folder, which must not hold anything yet and is
	// kept; a temporary folder, which Close removes, if it is empty.
	Dir string
	// Tags are build tags, for instance purego.
	Tags []string
	// Write writes the generated package, which must be called model, to a folder.
	Write func(dir string) error
	// Weights is the name of the weight file in the package's folder, or "" if
	// the weights are embedded.
	Weights string
	// Sources are the files of the main program, by their slash-separated
	// paths in the module resnetc.local/run; nil for the program that Session
	// talks to.
	Sources map[string][]byte
}

// Build makes a module of the package that o.Write writes and compiles it.
// On an error nothing is left behind.
func Build(ctx context.Context, o BuildOptions) (*Program, error) {
	gocmd, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("a network is compiled with the go command, which is not on PATH: install Go " + goVersion + " or later from https://go.dev/dl")
	}
	p := &Program{dir: o.Dir, keep: o.Dir != ""}
	if err := p.makeDir(); err != nil {
		return nil, err
	}
	if err := p.build(ctx, gocmd, o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.dir))
	}
	return p, nil
}

// build fills the program's folder and compiles what is in it.
func (p *Program) build(ctx context.Context, gocmd string, o BuildOptions) error {
	model := filepath.Join(p.dir, "model")
	if err := o.Write(model); err != nil {
		return err
	}
	if o.Weights != "" {
		p.weights = filepath.Join(model, o.Weights)
	}
	sources := map[string][]byte{"main.go": mainSource, "bandwidth.go": bandwidthSource, "costs.go": costsSource, "wire/wire.go": wireSource}
	if o.Sources != nil {
		sources = maps.Clone(o.Sources)
	}
	sources["go.mod"] = []byte("module resnetc.local/run\n\ngo " + goVersion + "\n")
	for name, data := range sources {
		path := filepath.Join(p.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, gocmd, "build", "-trimpath", "-buildvcs=false", "-tags="+strings.Join(o.Tags, ","), "-o", p.binary(), ".")
	cmd.Dir, cmd.Env = p.dir, hostEnv(os.Environ())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("go build of the generated package: %w\n%s", err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

func (p *Program) makeDir() (err error) {
	if !p.keep {
		removeStale(os.TempDir(), time.Now())
		p.dir, err = os.MkdirTemp("", temporaryPattern())
		return err
	}
	if p.dir, err = filepath.Abs(p.dir); err != nil { // exec wants it
		return err
	}
	entries, err := os.ReadDir(p.dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("folder %s is not empty: name a new one", p.dir)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return err
	}
	return os.MkdirAll(p.dir, 0o777)
}

func (p *Program) binary() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(p.dir, "run.exe")
	}
	return filepath.Join(p.dir, "run")
}

// Close removes the module, unless the caller chose its folder.
func (p *Program) Close() error {
	if p.keep {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// hostEnv is env without what would build for another machine or with
// another module setup.
func hostEnv(env []string) []string {
	own := []string{
		"GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH, "CGO_ENABLED=0",
		"GOFLAGS=", "GOWORK=off", "GO111MODULE=on",
	}
	env = slices.DeleteFunc(env, func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(o, name+"=") })
	})
	return append(env, own...)
}
