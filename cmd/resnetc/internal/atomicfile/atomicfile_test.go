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
