package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resnetc/resnetc/cmd/resnetc/internal/driver"
)

// TestExplainKilled wants the reason, as far as it is known, and what is left.
func TestExplainKilled(t *testing.T) {
	dir := t.TempDir()
	want := func(k driver.KilledError, words ...string) {
		t.Helper()
		err := explainKilled(&k, dir)
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v, want %q", err, w)
			}
		}
	}
	want(driver.KilledError{How: "signal: killed"}, "signal: killed", "memory", "-batch", "the same command begins anew")
	last := filepath.Join(dir, "checkpoints", "step-00000030.json")
	if err := os.Mkdir(filepath.Dir(last), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{last, filepath.Join(filepath.Dir(last), "step-00000004.json")} {
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want(driver.KilledError{How: "signal: interrupt", Asked: true}, "signal: interrupt", "a second Ctrl-C", "goes on from "+last)
}
