//go:build !race

package kernels

const (
	// convThin is how many convolution cases stand for one that is run.
	convThin = 1
	// emulatedThin is how many of those that are run stand for one that the
	// emulator runs, which takes about as long as the reference.
	emulatedThin = 1
)
