//go:build arm64 && !purego

package kernels

// peak_neon does n rounds of 24 multiply-adds of 4 float32s.
func peak_neon(n int)
