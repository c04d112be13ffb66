//go:build amd64 && !purego

package kernels

// peakChains is the number of multiply-adds of a register in a round.
const peakChains = 12

// peak_avx2 does n rounds of multiply-adds of 8 float32s.
func peak_avx2(n int)

// peak_avx512 does n rounds of multiply-adds of 16 float32s.
func peak_avx512(n int)
