package runtime

// assemblyKernels returns the kernel sets in assembly that this CPU can run,
// the fastest first.  Generated packages bring their own: this one, which the
// compiler leaves out of them, lets package runtime stand alone in pure Go.
func assemblyKernels() []*kernelSet { return nil }
