//go:build race

package kernels

const (
	// convThin is how many convolution cases stand for one that is run.  The race
	// detector has nothing to see in assembly, and makes the reference slow.
	convThin = 7
	// emulatedThin is how many of those that are run stand for one that the
	// emulator runs, which the race detector makes slow too.
	emulatedThin = 5
)
