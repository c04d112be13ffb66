//go:build !race

package kernels

// convThin is how many convolution cases stand for one that is run.
const convThin = 1
