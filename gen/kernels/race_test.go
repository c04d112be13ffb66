//go:build race

package kernels

// convThin is how many convolution cases stand for one that is run.  The race
// detector has nothing to see in assembly, and makes the reference slow.
const convThin = 7
