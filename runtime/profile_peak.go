package runtime

import "time"

const (
	peakCandidates = 6      // kernels that are tried
	peakRounds     = 10     // of which the fastest counts: others may want the machine too
	peakBytes      = 24_000 // of operands: they stay in a first-level cache of 32 KiB
	peakTime       = 100 * time.Microsecond
)

// measurePeak gives the GFLOP/s that this machine reaches with k on all of the
// threads of t at once: that of the fastest of its convolution kernels, on
// operands in the first-level cache.  It takes some milliseconds.  t holds
// threads.  The result is 0 if k has no kernel for stride 1.
func measurePeak(k *kernelSet, t *team) float64 {
	best, area := 0.0, maxBlocks*maxTile+1
	for range peakCandidates {
		// The next smaller tile: large ones reuse their operands most.
		blocks, pixels := 0, 0
		for b := range k.conv[convBlockedS1] {
			for p, kernel := range k.conv[convBlockedS1][b] {
				if kernel != nil && b*p < area && b*p > blocks*pixels {
					blocks, pixels = b, p
				}
			}
		}
		if blocks == 0 {
			break
		}
		area = blocks * pixels
		best = max(best, peakOfKernel(k.conv[convBlockedS1][blocks][pixels], blocks, pixels, t))
	}
	return best
}

// peakOfKernel is the speed of one kernel, of tiles of pixels by blocks.
func peakOfKernel(kernel convKernel, blocks, pixels int, t *team) float64 {
	depth := max(1, peakBytes/(64*pixels+1024*blocks)) // blocks of input channels
	args := make([]convArgs, t.size)
	for i := range args {
		args[i] = convArgs{
			in:       &alignedFloats(depth * pixels * block)[0],
			w:        &alignedFloats(blocks * depth * block * block)[0],
			out:      &alignedFloats(blocks * pixels * block)[0],
			tiles:    1,
			blocks:   depth,
			kh:       1,
			kw:       1,
			inPlane:  4 * pixels * block,
			wBlock:   4 * depth * block * block,
			outPlane: 4 * pixels * block,
		}
	}
	calls := 1
	round := func() time.Duration {
		start := time.Now()
		t.run(t.size, 1, func(thread, from, to int) {
			for range calls * (to - from) {
				callConv(kernel, &args[thread])
			}
		})
		return time.Since(start)
	}
	for round() < peakTime {
		calls *= 2
	}
	fastest := round()
	for range peakRounds {
		fastest = min(fastest, round())
	}
	flops := 2 * pixels * blocks * depth * block * block * calls * t.size
	return perNanosecond(flops, fastest)
}
