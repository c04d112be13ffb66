package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resnetc/resnetc/asm/neon"
)

var update = flag.Bool("update", false, "write testdata/cost.txt")

// TestTable compares the costs with those of the last time, so that a change
// of a kernel shows what it does to its loop.
func TestTable(t *testing.T) {
	got, err := table()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/cost.txt", []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/cost.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("costs changed; if they should, go test ./asm/internal/neoncost -update (-want +got):\n%s", d)
	}
}

// TestCycles checks each bound by a loop that it holds back.
func TestCycles(t *testing.T) {
	c := core{width: 4, vector: 2, loads: 2, store: 1, latency: 4}
	for _, test := range []struct {
		loop   neon.Loop
		cycles float64
		share  float64
	}{
		{neon.Loop{Text: make([]string, 110), Vector: 96, MultiplyAdds: 96, Loads: 22, Chain: 4}, 48, 1},
		{neon.Loop{Text: make([]string, 8), Vector: 1, MultiplyAdds: 1}, 2, 0.25},
		{neon.Loop{Text: make([]string, 8), Vector: 4, MultiplyAdds: 4, Loads: 8}, 4, 0.5},
		{neon.Loop{Text: make([]string, 8), Vector: 8, MultiplyAdds: 8, Chain: 2}, 8, 0.5},
		{neon.Loop{Text: make([]string, 12), Vector: 8, MultiplyAdds: 8, Stores: 8}, 8, 0.5},
	} {
		if got := c.cycles(test.loop); got != test.cycles {
			t.Errorf("%+v takes %v cycles, want %v", test.loop, got, test.cycles)
		}
		if got := c.share(test.loop); got != test.share {
			t.Errorf("%+v reaches %v of peak, want %v", test.loop, got, test.share)
		}
	}
}

func TestLoop(t *testing.T) {
	text, err := loop("conv2d_f32_b16s1_6x16_neon")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "channels:\n\tldr q24, [x10, #0]\n") || !strings.HasSuffix(text, "\tb.ne channels\n") {
		t.Errorf("the loop is\n%s", text)
	}
	if _, err := loop("conv"); err == nil || !strings.Contains(err.Error(), `"conv"`) {
		t.Errorf("error %v for a kernel that isn't there", err)
	}
}
