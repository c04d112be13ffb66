package asm

import (
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/asmfmt"

	"github.com/resnetc/resnetc/asm/internal/goasm"
)

// TestNEONEncoding compares the machine code that Go's assembler makes of the
// printed kernels with what package neon means.
func TestNEONEncoding(t *testing.T) {
	files, err := Emit("kernels", Kernels())
	if err != nil {
		t.Fatal(err)
	}
	text := files["kernels_arm64.s"]
	code, err := goasm.ARM64(t.TempDir(), text)
	if err != nil {
		t.Fatal(err)
	}
	functions, err := NEON(kernelsOf("arm64", Kernels()))
	if err != nil {
		t.Fatal(err)
	}
	if len(code) != len(functions) || len(functions) == 0 {
		t.Errorf("%d functions, want %d", len(code), len(functions))
	}
	for _, f := range functions {
		want, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got := code[f.Name]
		// The assembler fills up functions with zeros.
		for len(got) > len(want) && got[len(got)-1] == 0 {
			got = got[:len(got)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d instructions, want %d others", f.Name, len(got), len(want))
		}
	}
	formatted, err := asmfmt.Format(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if string(formatted) != string(text) {
		t.Error("asmfmt changes kernels_arm64.s")
	}
}

// TestSpans checks that the loads of a planar input hold every pixel of the
// tile and nothing outside of it.
func TestSpans(t *testing.T) {
	for _, class := range []int{2, 3} {
		for pixels := 1; pixels <= 6; pixels++ {
			b := &neonBuilder{kernel: Conv("neon", class, 1, pixels)}
			spans, scalars := b.convSpans()
			step := b.convStep()
			end := (pixels-1)*step + 4
			for _, s := range spans {
				size := map[byte]int{'Q': 16, 'D': 8, 'S': 4}[s.instruction.String()[strings.IndexByte(s.instruction.String(), ' ')+1]]
				if s.offset < 0 || s.offset+size > end {
					t.Errorf("class %d, %d pixels: a load of %d bytes at %d, beyond %d", class, pixels, size, s.offset, end)
				}
			}
			for p, s := range scalars {
				if at := spans[s.span].offset + 4*s.lane; at != p*step || s.lane > 3 {
					t.Errorf("class %d, pixel %d of %d: element %d at %d, want %d", class, p, pixels, s.lane, at, p*step)
				}
			}
			if len(scalars) != pixels {
				t.Errorf("class %d: %d scalars for %d pixels", class, len(scalars), pixels)
			}
		}
	}
}

// TestEmitArches checks that only architectures with kernels get files, and
// that kernels_other.go is for all others.
func TestEmitArches(t *testing.T) {
	both := []Kernel{Conv("avx2", 0, 1, 6), Conv("neon", 0, 1, 6)}
	for _, test := range []struct {
		want       []Kernel
		files      []string
		constraint string
	}{
		{nil, nil, ""},
		{both[:1], []string{"kernels_amd64.s", "kernels_amd64.go"}, "//go:build !amd64 || purego\n"},
		{both[1:], []string{"kernels_arm64.s", "kernels_arm64.go"}, "//go:build !arm64 || purego\n"},
		{both, []string{"kernels_amd64.s", "kernels_amd64.go", "kernels_arm64.s", "kernels_arm64.go"}, "//go:build (!amd64 && !arm64) || purego\n"},
	} {
		files, err := Emit("kernels", test.want)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range test.files {
			if files[name] == nil {
				t.Errorf("%v: no file %s", test.want, name)
			}
		}
		if len(files) != len(test.files)+1 {
			t.Errorf("%v: %d files, want %d", test.want, len(files), len(test.files)+1)
		}
		if other := string(files["kernels_other.go"]); !strings.Contains(other, test.constraint) || strings.Contains(other, "go:build") != (test.constraint != "") {
			t.Errorf("%v: kernels_other.go has not the constraint %q:\n%s", test.want, test.constraint, other)
		}
	}
}
