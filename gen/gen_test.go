package gen

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpToDate runs the compile lines of gen.go in a temporary folder and
// wants the very files that are checked in, no more and no less.
func TestUpToDate(t *testing.T) {
	tmp := t.TempDir()
	tool := filepath.Join(tmp, "resnetc.exe")
	if out, err := exec.Command("go", "build", "-o", tool, "../cmd/resnetc").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ir, err := os.ReadFile("tiny.ir")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tmp, "tiny.ir"), ir, 0o666); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("gen.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(source)) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "//go:generate go run ../cmd/resnetc ")
		if !ok {
			continue
		}
		lines++
		cmd := exec.Command(tool, strings.Fields(args)...)
		cmd.Dir = tmp
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("resnetc %s: %v\n%s", args, err, out)
			continue
		}
		_, dir, _ := strings.Cut(args, "-o ")
		same(t, dir, filepath.Join(tmp, dir))
	}
	if lines == 0 {
		t.Error("gen.go has no go:generate line for resnetc")
	}
}

// same wants two folders to hold the same files.
func same(t *testing.T, have, want string) {
	t.Helper()
	names := map[string]bool{}
	for _, dir := range []string{have, want} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Errorf("%v: run go generate ./gen", err)
			return
		}
		for _, e := range entries {
			names[e.Name()] = true
		}
	}
	for name := range names {
		a, errA := os.ReadFile(filepath.Join(have, name))
		b, errB := os.ReadFile(filepath.Join(want, name))
		switch {
		case errB != nil:
			t.Errorf("%s/%s is stale, no compilation writes it: run go generate ./gen", have, name)
		case errA != nil:
			t.Errorf("%s/%s is missing: run go generate ./gen", have, name)
		case !bytes.Equal(a, b):
			t.Errorf("%s/%s is out of date: run go generate ./gen", have, name)
		}
	}
}
