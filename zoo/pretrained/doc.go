// Package pretrained holds the weights that come with the compiler, so that it
// does something real without a download: ResNet-20 for CIFAR-10 as trained by
// Yerlan Idelbayev (github.com/akamaster/pytorch_resnet_cifar10, BSD-2-Clause,
// see LICENSE.akamaster), 91.5 percent right on the first 1000 test images.
package pretrained
