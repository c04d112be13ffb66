// Package cifar10 reads CIFAR-10 (Krizhevsky, "Learning multiple layers of
// features from tiny images", 2009) from lossless PNG sheets, for tests and
// measurements.  A sheet is 1024 pixels wide and 1000 high; each of its rows is
// one image of 32x32 pixels, row by row.  Sheets 0 to 49 are the training set in
// its official order, sheet 50 is the first 1000 images of the test set.
package cifar10
