// Resnetc compiles residual networks to standalone Go packages.
//
//	resnetc list                                        the networks it knows
//	resnetc compile resnet50 -weights W -o ./resnet50   write a package
//	resnetc run resnet20_cifar cat.png                  compile, build and classify
//	resnetc dump resnet18 -after fold-batchnorm         show the network after a pass
//	resnetc train resnet20_cifar -data DIR -o run       compile the training step and train
//	resnetc eval resnet20_cifar -weights W -data DIR    accuracy on labelled pictures
//	resnetc curves run                                  draw a training's curves
//	resnetc experiment degradation -data DIR            plain against residual networks
//	resnetc bench resnet18                              time it against other engines
//	resnetc tune resnet50 -o resnet50.tune              measure how to compute it fastest here
//
// Flags are written with one dash or two, before or after arguments.
// resnetc help COMMAND tells more and gives examples.
//
// The exit status is 0, or 1 if an input is bad (a file, a network, a machine
// that lacks something), or 2 if the command line itself is wrong.  An error is one
// line on standard error.  A command that fails or is interrupted leaves nothing
// half-written.
package main
