package runtime

import "time"

const (
	peakCandidates = 6      // kernels that are tried
	peakRounds     = 10     // of which the fastest counts: others may want the machine too
	peakBytes      = 24_000 // of operands: they stay in a first-level cache of 32 KiB
	peakTime       = 100 * time.Microsecond
)

// measurePeak gives the GFLOP/s that this machine reaches with k on that many
// threads: that of the fastest of its convolution kernels, on operands in the
// first-level cache, times the threads.  One thread is measured, because on a
// machine that does other work too the rest are not there all the time.  It
// takes some milliseconds.  The result is 0 if k has no kernel for stride 1.
func measurePeak(k *kernelSet, threads int) float64 {
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
		best = max(best, peakOfKernel(k.conv[convBlockedS1][blocks][pixels], blocks, pixels))
	}
	return best * float64(threads)
}

// peakOfKernel is the speed of one kernel, of tiles of pixels by blocks.
func peakOfKernel(kernel convKernel, blocks, pixels int) float64 {
	depth := max(1, peakBytes/(64*pixels+1024*blocks)) // blocks of input channels
	args := convArgs{
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
	calls := 1
	round := func() time.Duration {
		start := time.Now()
		for range calls {
			callConv(kernel, &args)
		}
		return time.Since(start)
	}
	for round() < peakTime {
		calls *= 2
	}
	fastest := round()
	for range peakRounds {
		fastest = min(fastest, round())
	}
	return perNanosecond(2*pixels*blocks*depth*block*block*calls, fastest)
}
