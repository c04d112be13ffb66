//go:build !linux

package runtime

// wantHugePages does nothing: this system has no such advice in the standard library.
func wantHugePages([]float32) {}
