package runtime

// assemblyTrainKernels returns the kernels of training in assembly that this CPU
// can run.  Generated packages bring their own.
func assemblyTrainKernels() []*trainKernelSet { return nil }
