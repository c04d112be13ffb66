//go:build !amd64 || purego

package kernels

// Without assembly for amd64 there is nothing that the emulator could run.

func canEmulate(Level) bool { return false }

func emulatedKernels(Level, *kernelSet) *kernelSet { return nil }

func emulatedTrainKernels(Level, *trainKernelSet) *trainKernelSet { return nil }
