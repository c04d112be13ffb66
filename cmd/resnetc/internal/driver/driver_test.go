package driver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHostEnv(t *testing.T) {
	got := hostEnv([]string{"GOARCH=mips", "GOFLAGS=-mod=vendor", "HOME=/h", "GOOSE=1"})
	for _, e := range got {
		if e == "GOARCH=mips" || e == "GOFLAGS=-mod=vendor" {
			t.Errorf("%s is still there", e)
		}
	}
	for _, e := range []string{"HOME=/h", "GOOSE=1", "GOWORK=off", "CGO_ENABLED=0"} {
		if !slices.Contains(got, e) {
			t.Errorf("%s is missing", e)
		}
	}
}

// TestBuildErrors wants errors that say what happened, and no folder left.
func TestBuildErrors(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	broken := errors.New("broken")
	write := func(text string) func(string) error {
		return func(dir string) error {
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "model.go"), []byte(text), 0o666)
		}
	}
	done, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	for name, c := range map[string]struct {
		ctx   context.Context
		write func(string) error
		want  string
	}{
		"write":   {t.Context(), func(string) error { return broken }, "broken"},
		"compile": {t.Context(), write("package model\n\nfunc New() {"), "go build of the generated package: "},
		"cancel":  {done, write("package model\n"), "broken"},
	} {
		_, err := Build(c.ctx, BuildOptions{Write: c.write})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		}
		if entries, _ := os.ReadDir(tmp); len(entries) > 0 {
			t.Errorf("%s: %v is left behind", name, entries)
		}
	}
}
