package asm

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTrainRegisters checks that AVX2 kernels of training use nothing that
// AVX2 and FMA lack.
func TestTrainRegisters(t *testing.T) {
	want := slices.DeleteFunc(TrainKernels(), func(k Kernel) bool { return k.Level != "avx2" })
	files, err := EmitTrain("kernels", want)
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["train_kernels_amd64.s"])
	if m := regexp.MustCompile(`\b(Z\d+|K[0-7]|[XY](1[6-9]|[23]\d))\b|AVX512|BCST`).FindString(text); m != "" {
		t.Errorf("AVX2 kernels have %s", m)
	}
	for _, k := range want {
		if n := strings.Count(text, "TEXT ·"+k.Name+"(SB)"); n != 1 {
			t.Errorf("%s is there %d times", k.Name, n)
		}
	}
	if stubs := string(files["train_kernels_amd64.go"]); strings.Contains(stubs, "level: AVX512") {
		t.Error("a set for AVX-512 although none of its kernels is wanted")
	}
}

func TestEmitTrain(t *testing.T) {
	want := TrainKernels()[2:5]
	first, err := EmitTrain("net", want)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(want)
	second, err := EmitTrain("net", want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Errorf("another order gives other files:\n%s", d)
	}
	none, err := EmitTrain("net", nil)
	if text := string(none["train_kernels_other.go"]); err != nil || len(none) != 1 || strings.Contains(text, "go:build") {
		t.Errorf("%d files without kernels, error %v:\n%s", len(none), err, text)
	}
	for _, test := range []struct {
		pkg  string
		want Kernel
		err  string
	}{
		{"no-name", want[0], "not the name of a Go package"},
		{"net", Kernel{Name: "moments", Op: "moments", Level: "sse"}, "no kernel"},
		{"net", Conv("avx2", 0, 1, 1), "no kernel"},
	} {
		if _, err := EmitTrain(test.pkg, []Kernel{test.want}); err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s, %+v: error %v, want one with %q", test.pkg, test.want, err, test.err)
		}
	}
}
