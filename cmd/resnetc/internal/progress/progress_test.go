package progress

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNoTerminal wants nothing in a file: bars are for people.
func TestNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := New(f, 3, 0)
	if b.Terminal() {
		t.Error("a file is no terminal")
	}
	b.Step("one")
	b.Step("two")
	b.Close()
	b.Close()
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("%d bytes (%v) were written, want none", info.Size(), err)
	}
}
