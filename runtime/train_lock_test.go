package runtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
)

// TestFitLocked begins a second training in the folder of one in progress: it is
// refused, and disturbs nothing.
func TestFitLocked(t *testing.T) {
	switch goruntime.GOOS {
	case "js", "wasip1", "plan9", "aix", "solaris", "illumos":
		t.Skip("no locks here")
	}
	whole, dir := t.TempDir(), t.TempDir()
	data := blobs(t, 100, 1)
	if _, err := Fit(context.Background(), fitModel(), data, fitOptions(t, whole)); err != nil {
		t.Fatal(err)
	}
	m := fitModel()
	m.onStep = func(step int) {
		if step != 7 {
			return
		}
		o := fitOptions(t, dir)
		o.Resume = "auto"
		_, err := Fit(context.Background(), fitModel(), data, o)
		if want := fmt.Sprintf("%s is in use by process %d: wait", dir, os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a second training: %v, want %q", err, want)
		}
	}
	if _, err := Fit(context.Background(), m, data, fitOptions(t, dir)); err != nil {
		t.Fatal(err)
	}
	if got, want := outcome(t, dir), outcome(t, whole); got != want {
		t.Errorf("disturbed:\n%.3000s\nwant\n%.3000s", got, want)
	}
	if _, err := os.Stat(filepath.Join(dir, lockName)); err == nil {
		t.Error("the lock is left behind")
	}
}
