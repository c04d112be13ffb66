//go:build linux

package runtime

import (
	"syscall"
	"unsafe"
)

// hugeFrom is the size in bytes from which memory should lie in huge pages: some
// of those, which have 2 MiB on most machines.
const hugeFrom = 8 << 20

// wantHugePages asks the kernel to back large memory by huge pages, which it
// does by itself only where transparent_hugepage/enabled says always.  A batch's
// activations are hundreds of MiB, and layers jump from image to image and from
// plane to plane: with pages of 4 KiB each jump looks for another translation.
// It is no more than advice, so that it may be refused.
func wantHugePages(f []float32) {
	b := floatBytes(f)
	if len(b) < hugeFrom {
		return
	}
	page := syscall.Getpagesize()
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % uintptr(page))
	_ = syscall.Madvise(b[skip:][:(len(b)-skip)/page*page], syscall.MADV_HUGEPAGE)
}
