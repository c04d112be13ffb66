package driver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// temporaryPattern is how temporary folders of this process are called.
func temporaryPattern() string { return fmt.Sprintf("resnetc-%d-*", os.Getpid()) }

// staleAfter is from which age on a temporary folder of a process that is gone
// is removed.  A process in another container, which may share the folder of
// temporary files, looks gone too: it does not need its folder for so long.
const staleAfter = 24 * time.Hour

// removeStale removes what processes have left in dir that were killed.  What
// cannot be removed is somebody else's.
func removeStale(dir string, now time.Time) {
	names, err := filepath.Glob(filepath.Join(dir, "resnetc-*-*"))
	if err != nil {
		return
	}
	for _, name := range names {
		var pid int
		if n, _ := fmt.Sscanf(strings.TrimPrefix(filepath.Base(name), "resnetc-"), "%d-", &pid); n != 1 || !gone(pid) {
			continue
		}
		if info, err := os.Lstat(name); err == nil && info.IsDir() && now.Sub(info.ModTime()) > staleAfter {
			os.RemoveAll(name)
		}
	}
}

// gone says whether there certainly is no such process.
func gone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	defer p.Release()
	return errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
