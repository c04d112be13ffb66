package runtime

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// fused is a line of the compiler's listing for arm64 that multiplies and adds at once.
var fused = regexp.MustCompile(`/(\w+\.go:\d+)\)\tFN?M(ADD|SUB)[SD]\b`)

// mayFuse are the files that round as they like: kernels in pure Go, and those
// that show numbers.
var mayFuse = regexp.MustCompile(`_generic\.go|^train_metrics_|^train_fit_progress\.go`)

// TestNothingFused wants code beside the kernels to round the same on every
// machine: the compiler makes one operation of x*y + z on arm64, and of
// float64(x*y) + z it does not.
func TestNothingFused(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for arm64: not with -short")
	}
	cmd := exec.Command("go", "build", "-gcflags=-S", ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	listing, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, listing)
	}
	kernels := false
	for line := range strings.Lines(string(listing)) {
		m := fused.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if mayFuse.MatchString(m[1]) {
			kernels = true
			continue
		}
		t.Errorf("%s: a multiplication and an addition are one operation on arm64 and two elsewhere; convert the product to its own type first", m[1])
	}
	if !kernels {
		t.Error("the listing has no fused operation at all, not even of the kernels")
	}
}
