// Package accuracy holds tests only: it compiles networks, builds and runs them, and
// compares what they compute with PyTorch's results: logits for made-up
// parameters, and the very pictures of CIFAR-10 and ImageNet that the trained
// networks get right.
//
// Large networks take minutes, and run with
//
//	go test ./cmd/resnetc/internal/accuracy -all -timeout 60m
package accuracy
