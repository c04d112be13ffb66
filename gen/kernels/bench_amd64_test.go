//go:build !purego

package kernels

var peakLoops = map[Level]peakLoop{AVX2: {peak_avx2, 8, 12}, AVX512: {peak_avx512, 16, 12}}
