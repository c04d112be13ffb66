// Package npy reads and writes float32 arrays in NumPy's file format, versions
// 1.0 and 2.0, little-endian and in C order: what numpy.save writes for a
// float32 array.
//
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
package npy
