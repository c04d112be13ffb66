// Package goasm gives tests the machine code that Go's assembler makes.
package goasm

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// symbol is a line of the assembler's listing where a function begins.
	symbol = regexp.MustCompile(`^p\.(\w+) STEXT .*size=(\d+)`)
	// dump is one with machine code.
	dump = regexp.MustCompile(`^\t0x[0-9a-f]+((?: [0-9a-f]{2})+) `)
)

// ARM64 assembles a file for arm64 with go tool asm and returns the
// instructions of its functions by name.  Files are written to dir.
func ARM64(dir string, text []byte) (map[string][]uint32, error) {
	name := filepath.Join(dir, "f.s")
	if err := os.WriteFile(name, text, 0o666); err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	include := filepath.Join(strings.TrimSpace(string(root)), "pkg", "include")
	cmd := exec.Command("go", "tool", "asm", "-S", "-p", "p", "-I", include, "-o", filepath.Join(dir, "f.o"), name)
	cmd.Env = append(os.Environ(), "GOARCH=arm64", "GOOS=linux")
	listing, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go tool asm: %w\n%s", err, listing)
	}
	code := map[string][]uint32{}
	var function string
	var size int
	for line := range strings.Lines(string(listing)) {
		if m := symbol.FindStringSubmatch(line); m != nil {
			function = m[1]
			if _, err := fmt.Sscan(m[2], &size); err != nil {
				return nil, err
			}
		} else if m := dump.FindStringSubmatch(line); m != nil && function != "" {
			b, err := hex.DecodeString(strings.ReplaceAll(m[1], " ", ""))
			if err != nil {
				return nil, err
			}
			for ; len(b) >= 4 && 4*len(code[function]) < size; b = b[4:] {
				code[function] = append(code[function], binary.LittleEndian.Uint32(b))
			}
		}
	}
	return code, nil
}
