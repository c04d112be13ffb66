//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package runtime

import "os"

// openLocked opens a file; this system's locks are not in the standard library.
func openLocked(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}
