//go:build !linux && !darwin

package kernels

import "testing"

// guarded is plain memory where the tests know no way to guard pages.
type guarded []float32

func newGuarded(_ testing.TB, n int) guarded { return make(guarded, n) }
