package ir

import (
	"strings"
	"testing"
)

func TestParseSchedule(t *testing.T) {
	for text, want := range map[string]Schedule{
		"pixels":      {Order: "pixels"},
		"weights/4":   {Order: "weights", Blocks: 4},
		"fused:28":    {Order: "fused", Chunk: 28},
		"joint:128/2": {Order: "joint", Chunk: 128, Blocks: 2},
	} {
		got, err := ParseSchedule(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%q prints as %q", text, got)
		}
	}
	for _, text := range []string{"", "rows", "pixels:3", "pixels/3", "pixels/", "fused", "fused:", "fused:0", "fused:-1", "joint:9999", "/2", "weights/2/2", "fused:28:1"} {
		if s, err := ParseSchedule(text); err == nil || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("%q: %+v, %v, want an error that quotes it", text, s, err)
		}
	}
}

func TestScheduleConstraint(t *testing.T) {
	for attrs, want := range map[string]string{
		`{algorithm="direct", schedule="pixels/2"}`:    "",
		`{algorithm="winograd4", schedule="joint:64"}`: "",
		`{schedule="pixels"}`:                          "without an algorithm",
		`{algorithm="direct", schedule="fused:28"}`:    "does not fit algorithm",
		`{algorithm="winograd2", schedule="weights"}`:  "does not fit algorithm",
		`{algorithm="direct", schedule="pixel"}`:       "want pixels, weights",
	} {
		text := "graph g\ninput x: f32[N,16,4,4]\nparam w: f32[16,16,3,3]\ny = conv2d(x, w) " + attrs + "\noutput y\n"
		g, err := Parse("g.ir", []byte(text))
		if err == nil {
			err = Verify(g)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), "conv2d/C11") || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want one of conv2d/C11 with %q", attrs, err, want)
		}
	}
}
