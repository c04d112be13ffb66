//go:build linux || darwin

package kernels

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// guarded is memory between two pages that nobody may touch.
type guarded []float32

// newGuarded returns room for n float32s.
func newGuarded(t testing.TB, n int) guarded {
	page := os.Getpagesize()
	size := (4*n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{mem[:page], mem[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[page])), size/4)
}
