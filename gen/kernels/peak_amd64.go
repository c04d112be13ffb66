//go:build amd64 && !purego

package kernels

// peak_avx2 does n rounds of 12 multiply-adds of 8 float32s.
func peak_avx2(n int)

// peak_avx512 does n rounds of 12 multiply-adds of 16 float32s.
func peak_avx512(n int)
