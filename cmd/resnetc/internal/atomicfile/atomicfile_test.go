package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write := func(s string, err error) error {
		return Write(path, func(w io.Writer) error {
			io.WriteString(w, s)
			return err
		})
	}
	check := func(want string) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("file holds %q (%v), want %q", got, err, want)
		}
		if e, _ := os.ReadDir(filepath.Dir(path)); len(e) != 1 {
			t.Errorf("folder holds %v, want only the file", e)
		}
	}
	if err := write("one", nil); err != nil {
		t.Fatal(err)
	}
	check("one")
	broken := errors.New("broken")
	if err := write("two", broken); err != broken {
		t.Errorf("error is %v, want that of fill", err)
	}
	check("one")
	if err := write("three", nil); err != nil {
		t.Fatal(err)
	}
	check("three")
}

func TestWriteNowhere(t *testing.T) {
	err := Write(filepath.Join(t.TempDir(), "no", "f"), func(io.Writer) error { return nil })
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v, want that the folder does not exist", err)
	}
}

// A device must stay one: a rename would make a file of /dev/null.
// TestProbe wants the answer that Write would give, and nothing changed.
func TestProbe(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{old: true, filepath.Join(dir, "new"): true, filepath.Join(dir, "none", "f"): false, dir: false, os.DevNull: true} {
		if err := Probe(path); (err == nil) != ok {
			t.Errorf("%s: %v, can be written: want %v", path, err, ok)
		}
	}
	text, err := os.ReadFile(old)
	if entries, _ := os.ReadDir(dir); err != nil || string(text) != "old" || len(entries) != 1 {
		t.Errorf("%q and %v are there (%v), want what was there before", text, entries, err)
	}
}

func TestWriteToDevice(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil || before.Mode().IsRegular() {
		t.Skipf("%s is no device here (%v)", os.DevNull, err)
	}
	if err := Write(os.DevNull, func(w io.Writer) error {
		_, err := io.WriteString(w, "gone")
		return err
	}); err != nil {
		t.Error(err)
	}
	after, err := os.Stat(os.DevNull)
	if err != nil || after.Mode() != before.Mode() {
		t.Errorf("%s was %v and is %v (%v)", os.DevNull, before.Mode(), after.Mode(), err)
	}
}
