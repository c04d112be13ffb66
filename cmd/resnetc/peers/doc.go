// Package peers runs other inference engines on a network that resnetc
// compiles, so that a benchmark can time both in turn on one machine.
//
// An engine lives in a Python virtual environment that setup.sh makes outside
// the repository, and runs in a process of its own under peers.py, which obeys
// one-line commands.  So a program that compares engines links none of them, can
// time A B A B in one run, and survives a crash of one.
//
// What is timed is one call of the engine on a batch that lies ready in memory,
// by the engine's own process: neither Python's start nor the pipe between the
// processes counts.  After each series the engine's threads are let settle, since
// a thread pool that still spins would slow down whatever is timed next.
//
// All engines compute in float32 with the number of threads asked for.  Package
// onnxfile writes the network for them.  An engine is one class in engines.py,
// one entry of ENGINES in peers.py and one line in setup.sh.
//
// PyTorch reads no ONNX: torchgraph.py calls its functions node by node.  Of its
// ways to run that, frozen and optimized by TorchScript or compiled ahead of time by
// AOTInductor, with contiguous tensors or channels last, the fastest for the network, batch and number
// of threads is found first; $RESNETC_TORCH forces one.  ncnn runs one image at a time, so a batch is a loop.
package peers
