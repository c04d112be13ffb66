package neon

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table comes from LLVM's assembler (Debian: package llvm):
//
//	go test ./asm/neon -run TestLLVM -llvm-mc llvm-mc
var llvmMC = flag.String("llvm-mc", "", "write testdata/llvm.txt with this program")

// TestLLVM compares every row, with several operands, with what LLVM makes of
// its GNU text.
func TestLLVM(t *testing.T) {
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	if *llvmMC != "" {
		writeLLVM(t, all)
	}
	data, err := os.ReadFile("testdata/llvm.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	for _, s := range all {
		i := slices.Index(want, s.String())
		if i < 0 {
			t.Errorf("%s: not in testdata/llvm.txt; write it again with -llvm-mc", s)
			continue
		}
		want = slices.Delete(want, i, i+1)
	}
	for _, line := range want {
		t.Errorf("testdata/llvm.txt has %q, of which the table knows nothing", line)
	}
}

// encoding is how llvm-mc prints machine code.
var encoding = regexp.MustCompile(`encoding: \[0x(..),0x(..),0x(..),0x(..)\]`)

// writeLLVM assembles the samples' texts.
func writeLLVM(t *testing.T, all []sample) {
	var in strings.Builder
	for _, s := range all {
		// llvm-mc shows only a fixup for a label; a number is the distance.
		in.WriteString(strings.TrimSuffix(s.text(), " .") + map[bool]string{true: " #0"}[strings.HasSuffix(s.text(), " .")] + "\n")
	}
	cmd := exec.Command(*llvmMC, "-triple=aarch64", "-mattr=+dotprod", "-show-encoding")
	cmd.Stdin, cmd.Stderr = strings.NewReader(in.String()), os.Stderr
	listing, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	words := encoding.FindAllStringSubmatch(string(listing), -1)
	if len(words) != len(all) {
		t.Fatalf("llvm-mc gave %d instructions for %d", len(words), len(all))
	}
	out := "# Made by LLVM's assembler: go test ./asm/neon -run TestLLVM -llvm-mc llvm-mc\n"
	for i, w := range words {
		out += w[4] + w[3] + w[2] + w[1] + " " + all[i].text() + "\n"
	}
	if err := os.WriteFile("testdata/llvm.txt", []byte(out), 0o666); err != nil {
		t.Fatal(err)
	}
}
