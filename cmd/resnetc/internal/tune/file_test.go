package tune

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resnetc/resnetc/passes"
)

func TestFileRoundTrip(t *testing.T) {
	f := &File{
		Path:     "f.tune",
		Settings: Settings{"net", "a CPU, with, commas", "avx2", "2", "8", "f16", "yes", "abc"},
		Lines: []Line{
			{"a", passes.Choice{Algorithm: "direct", Schedule: "pixels/2"}, 1500 * time.Microsecond, passes.Choice{Algorithm: "winograd4", Schedule: "fused:28"}, 2 * time.Millisecond, 13},
			{"b", passes.Choice{Algorithm: "winograd2", Schedule: "joint:64/1"}, 0, passes.Choice{Algorithm: "direct", Schedule: "weights"}, time.Second, 14},
		},
	}
	var text strings.Builder
	if err := f.Write(&text); err != nil {
		t.Fatal(err)
	}
	got, err := Parse("f.tune", []byte(text.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	got.Lines[0].Number, got.Lines[1].Number = 13, 14
	if d := cmp.Diff(f, got); d != "" {
		t.Errorf("%s\n%s", d, text.String())
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a direct pixels 1 direct pixels":                                       "f:1: 6 words, want 7",
		"\n# x\nspeed: 3":                                                       `f:3: unknown setting "speed"`,
		"a fft pixels 1 direct pixels 1":                                        `f:1: unknown algorithm "fft"`,
		"a direct rows 1 direct pixels 1":                                       `f:1: schedule "rows"`,
		"a direct fused:28 1 direct pixels 1":                                   `f:1: schedule "fused:28" is not one of algorithm direct`,
		"a direct pixels 1 winograd2 weights 1":                                 `f:1: schedule "weights" is not one of algorithm winograd2`,
		"a direct pixels fast direct pixels 1":                                  `f:1: time "fast", want milliseconds`,
		"a direct pixels NaN direct pixels 1":                                   `f:1: time "NaN"`,
		"a direct pixels 1 direct pixels -1":                                    `f:1: time "-1"`,
		"a direct pixels 1 direct pixels 1\na direct weights 1 direct pixels 1": "f:2: a again, it is in line 1 already",
	} {
		if f, err := Parse("f", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want an error with %q", text, f, err, want)
		}
	}
	if f, err := Parse("f", nil); err != nil || !f.Empty() {
		t.Errorf("an empty file: %+v, %v", f, err)
	}
}

// Files of before there was such a setting hold what any algorithm gave.
func TestParseOld(t *testing.T) {
	f, err := Parse("f", []byte("network: n\nweights: f32\n"))
	if err != nil || f.Exact != "no" || f.Empty() {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestDifferences(t *testing.T) {
	f := &File{Settings: Settings{Network: "a", Batch: "8", Weights: "f32", Exact: "no", CPU: "x"}}
	got := strings.Join(f.Differences(Settings{Network: "b", Batch: "1", Weights: "f32", Exact: "no", Kernels: "avx2"}), "; ")
	if want := "network a, not b; batch 8, not 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("cpu: x\na direct pixels/2 1.5 winograd4 fused:28/1 2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("f", text)
		if err != nil {
			return
		}
		var b strings.Builder
		if err := file.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := Parse("f", []byte(b.String()))
		if err != nil || len(again.Lines) != len(file.Lines) {
			t.Fatalf("%q is written as %q: %v", text, b.String(), err)
		}
	})
}

func TestCPUName(t *testing.T) {
	const info = "processor\t: 0\nvendor_id\t: X\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: Some CPU 3\n\nprocessor\t: 1\nmodel name\t: Other\n"
	if got := cpuName(info); !strings.HasSuffix(got, ", Some CPU 3, family 25, model 17") {
		t.Errorf("name %q", got)
	}
	if CPU() == "" {
		t.Error("this CPU has no name")
	}
}
