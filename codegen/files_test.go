package codegen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testFiles(version string) Files {
	return Files{
		"model.go":    []byte(Header + "\npackage p\n// " + version + "\n"),
		"weights.bin": []byte("resnetc\x01" + version),
	}
}

// content reads a folder back.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(text)
	}
	return got
}

func wantFiles(t *testing.T, dir string, f Files, others ...string) {
	t.Helper()
	got := content(t, dir)
	for name, text := range f {
		if got[name] != string(text) {
			t.Errorf("%s holds %q, want %q", name, got[name], text)
		}
	}
	if len(got) != len(f)+len(others) {
		t.Errorf("folder holds %d files %v, want those of the package and %v", len(got), got, others)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".resnetc-*")); left != nil {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestWriteNewAndAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for _, f := range []Files{testFiles("one"), testFiles("two")} {
		if err := f.Write(dir); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, dir, f)
	}
}

func TestWriteRemovesStale(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "p")
	old := testFiles("one")
	old["kernels_amd64.go"] = []byte(Header + "\npackage p\n")
	if err := old.Write(dir); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, "mine.go")
	if err := os.WriteFile(mine, []byte("package p\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := testFiles("two").Write(dir); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, testFiles("two"), "mine.go")
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		name, file, text, want string
	}{
		{"a foreign folder", "thesis.txt", "chapter 1", "thesis.txt"},
		{"a foreign file of that name", "model.go", "package p\n", "was not written by resnetc"},
		{"a go:generate line that calls something else", "gen.go", "package p\n//go:generate stringer\n", "gen.go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o666); err != nil {
				t.Fatal(err)
			}
			err := testFiles("x").Write(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			wantFiles(t, dir, Files{c.file: []byte(c.text)})
		})
	}
}

func TestWriteInvited(t *testing.T) {
	dir := t.TempDir()
	gen := "package p\n\n//go:generate go tool resnetc compile resnet20_cifar -o .\n"
	if err := os.WriteFile(filepath.Join(dir, "gen.go"), []byte(gen), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := testFiles("x").Write(dir); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, testFiles("x"), "gen.go")
}

func TestWriteOntoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(dir, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := testFiles("x").Write(dir); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Fatalf("error %v, want that the output folder is a file", err)
	}
}

// A file that cannot be written must leave nothing behind: here a name whose
// folder does not exist stands for a full disk.
func TestWriteFailsCleanly(t *testing.T) {
	parent := t.TempDir()
	f := testFiles("x")
	f["missing/folder.go"] = nil
	if err := f.Write(filepath.Join(parent, "p")); err == nil {
		t.Fatal("no error")
	}
	if left := content(t, parent); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
