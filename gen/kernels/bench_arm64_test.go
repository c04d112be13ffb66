//go:build !purego

package kernels

var peakLoops = map[Level]peakLoop{NEON: {peak_neon, 4, 24}}
