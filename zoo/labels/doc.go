// Package labels names the classes of the data sets that the zoo's networks were
// trained on: imagenet1k, the 1000 classes of ILSVRC 2012 in the order of their
// WordNet ids, each by the first name of its synset, and cifar10.
package labels
