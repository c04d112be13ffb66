// Package gen holds packages that resnetc generated, as go generate makes them:
// to read, and to prove that what is checked in is what the compiler writes.
//
//   - resnet20_cifar is the network that README's first command runs, with the
//     trained weights of zoo/pretrained (exact: without Winograd the weights
//     take a fourth of the space in the repository);
//   - tiny is a network with every op of the IR, compiled from tiny.ir;
//   - kernels has all assembly kernels and their tester.
package gen

//go:generate go run ../cmd/resnetc compile resnet20_cifar -exact -o resnet20_cifar
//go:generate go run ../cmd/resnetc compile tiny.ir -params formula -o tiny
