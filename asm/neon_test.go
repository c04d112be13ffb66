package asm

import (
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/asmfmt"

	"github.com/resnetc/resnetc/asm/internal/goasm"
	"github.com/resnetc/resnetc/asm/neon"
)

// TestNEONEncoding compares the machine code that Go's assembler makes of the
// printed kernels with what package neon means.
func TestNEONEncoding(t *testing.T) {
	for _, test := range []struct {
		name string
		emit func(string, []Kernel) (map[string][]byte, error)
		rows []Kernel
	}{
		{"kernels_arm64.s", Emit, Kernels()},
		{"train_kernels_arm64.s", EmitTrain, TrainKernels()},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, err := test.emit("kernels", test.rows)
			if err != nil {
				t.Fatal(err)
			}
			testNEONEncoding(t, files[test.name], kernelsOf("arm64", test.rows))
		})
	}
}

func testNEONEncoding(t *testing.T, text []byte, kernels []Kernel) {
	code, err := goasm.ARM64(t.TempDir(), text)
	if err != nil {
		t.Fatal(err)
	}
	functions, err := NEON(kernels)
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
		t.Error("asmfmt changes the file")
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
				if size := spanSize(s); s.offset < 0 || s.offset+size > end {
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

// TestWeightGradSpans checks that the loads of each pass hold its values of x and
// nothing outside of them.
func TestWeightGradSpans(t *testing.T) {
	for n := 1; n <= 16; n++ {
		for from, to := range weightGradPasses(n) {
			spans, scalars := weightGradSpans(n, from, to)
			for _, s := range spans {
				if size := spanSize(s); s.offset < 0 || s.offset+size > 4*n {
					t.Errorf("values %d to %d of %d: a load of %d bytes at %d", from, to, n, size, s.offset)
				}
			}
			for i, s := range scalars {
				if at := spans[s.span].offset/4 + s.lane; at != from+i || 4*s.lane >= spanSize(spans[s.span]) {
					t.Errorf("values %d to %d of %d: element %d of load %d is value %d, want %d", from, to, n, s.lane, s.span, at, from+i)
				}
			}
			if used := 4*len(scalars) + 4 + len(spans); len(scalars) != to-from || used > neon.Vectors {
				t.Errorf("values %d to %d of %d: %d elements, %d registers", from, to, n, len(scalars), used)
			}
		}
	}
}

// spanSize is the number of bytes of a load.
func spanSize(s neonSpan) int {
	_, operands, _ := strings.Cut(s.instruction.String(), " ")
	return map[byte]int{'Q': 16, 'D': 8, 'S': 4}[operands[0]]
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
