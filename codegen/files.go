package codegen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files is a generated package: slash-separated path to content.
type Files map[string][]byte

// Size is the number of bytes of all files.
func (f Files) Size() int {
	n := 0
	for _, b := range f {
		n += len(b)
	}
	return n
}

// Write makes dir hold the package.
//
// All files are written to a temporary folder beside dir first, so that an
// error, a full disk for instance, leaves dir as it was.  A new dir then
// appears by one rename.  In an existing dir each file is replaced by a
// rename, and files of an earlier compilation that are not part of this one
// are removed.
//
// Write touches nothing that resnetc did not write: it refuses a folder with
// files of somebody else, unless the folder holds an earlier compilation or a
// //go:generate line that calls resnetc, and it refuses to replace such a file
// in any case.
func (f Files) Write(dir string) error {
	dir = filepath.Clean(dir)
	ours, err := f.check(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return fmt.Errorf("cannot make the output folder: %w", err)
	}
	// Inside an existing folder: its parent need not be writable.
	parent := filepath.Dir(dir)
	if ours != nil {
		parent = dir
	}
	tmp, err := os.MkdirTemp(parent, ".resnetc-*")
	if err != nil {
		return fmt.Errorf("cannot write to %s: %w", parent, err)
	}
	defer os.RemoveAll(tmp)
	// A folder of our own inside: MkdirTemp's is private to the user.
	tmp = filepath.Join(tmp, "package")
	if err := os.Mkdir(tmp, 0o777); err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(f))
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(tmp, name), f[name], 0o666); err != nil {
			return fmt.Errorf("cannot write %s: %w", filepath.Join(dir, name), unwrapPath(err))
		}
	}
	if ours == nil {
		return os.Rename(tmp, dir)
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(tmp, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("cannot replace %s: %w", filepath.Join(dir, name), unwrapPath(err))
		}
	}
	for _, name := range ours {
		if _, still := f[name]; !still {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// unwrapPath drops the temporary path from an error.
func unwrapPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}

// check lists the files in dir that resnetc wrote; nil if dir doesn't exist.
func (f Files) check(dir string) (ours []string, err error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("output folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("output folder %s is a file", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("output folder: %w", err)
	}
	ours = []string{}
	var foreign []string
	invited := false
	for _, e := range entries {
		name := e.Name()
		head, err := readHead(dir, e)
		if err != nil {
			return nil, fmt.Errorf("output folder: %w", err)
		}
		switch {
		case written(head):
			ours = append(ours, name)
		case f[name] != nil:
			return nil, fmt.Errorf("%s was not written by resnetc: move it away, or choose another folder with -o", filepath.Join(dir, name))
		case strings.HasPrefix(name, "."):
		default:
			foreign = append(foreign, name)
			invited = invited || filepath.Ext(name) == ".go" && invites(head)
		}
	}
	if len(foreign) > 0 && len(ours) == 0 && !invited {
		return nil, fmt.Errorf("folder %s holds files that resnetc did not write (%s): choose an empty or new folder with -o, or put a //go:generate line that calls resnetc into it",
			dir, strings.Join(foreign[:min(3, len(foreign))], ", "))
	}
	return ours, nil
}

// readHead gives the beginning of a file, as much as go generate's lines may
// take up before the code begins; nothing for a folder.
func readHead(dir string, e fs.DirEntry) ([]byte, error) {
	if !e.Type().IsRegular() {
		return nil, nil
	}
	r, err := os.Open(filepath.Join(dir, e.Name()))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head := make([]byte, 64<<10)
	n, err := r.Read(head)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return head[:n], nil
}

// written reports whether a file that begins like this is resnetc's.
func written(head []byte) bool {
	return bytes.HasPrefix(head, []byte(Header+"\n")) || bytes.HasPrefix(head, []byte("resnetc\x01"))
}

// invites reports whether a Go file asks go generate to call resnetc.
func invites(text []byte) bool {
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("//go:generate ")) && bytes.Contains(line, []byte("resnetc")) {
			return true
		}
	}
	return false
}
