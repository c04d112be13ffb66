package runtime

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// lockName is the file that a process holds while it writes in a run's folder.
// It holds the process's number, for people.
const lockName = "lock"

// errLocked says that another process holds a file.
var errLocked = errors.New("held by another process")

// lockRun takes a run's folder for this process, until release is called or the
// process is gone, however it ends: the system keeps the lock, so that none is
// ever stale.
func lockRun(dir string) (release func() error, err error) {
	path := filepath.Join(dir, lockName)
	for {
		f, err := openLocked(path)
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%s is in use%s: wait for its end, or choose another folder (-o)", dir, holder(path))
		}
		if err != nil {
			return nil, err
		}
		// The one before removes its file before it lets go of it.
		if ours, err := f.Stat(); err == nil {
			if there, err := os.Stat(path); err != nil || !os.SameFile(ours, there) {
				f.Close()
				continue
			}
		}
		err = f.Truncate(0)
		if err == nil {
			_, err = fmt.Fprintln(f, os.Getpid())
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return func() error {
			os.Remove(path) // what is left behind is no lock
			return f.Close()
		}, nil
	}
}

// holder names the process that holds a lock, where that can be read.
func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
		return " by process " + pid
	}
	return ""
}
