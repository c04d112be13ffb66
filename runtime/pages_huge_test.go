//go:build linux

package runtime

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// TestHugePages wants the kernel to know that large memory should lie in huge
// pages: flag hg of its mapping (proc_pid_smaps(5)).
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage/enabled"); err != nil {
		t.Skip("a kernel without transparent huge pages")
	}
	f := alignedFloats(2 * hugeFrom / 4)
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer maps.Close()
	middle := uintptr(unsafe.Pointer(&f[len(f)/2]))
	found := false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var first, last uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &first, &last); n == 2 {
			found = first <= middle && middle < last
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && found {
			if !strings.Contains(flags+" ", " hg ") {
				t.Errorf("flags%s, want hg among them", flags)
			}
			return
		}
	}
	t.Skip("no flags of memory in /proc/self/smaps")
}
