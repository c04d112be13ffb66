// Package pickle reads Python pickles without being able to run anything.
//
// A pickle is a program for a small stack machine, two of whose instructions
// fetch any Python function by name and call it.  Here the caller of [Load]
// says which names exist at all; every other name, and every instruction that
// makes an object of a class, is an error that quotes what the pickle asked for.
// So the result holds plain data, and what the caller's own functions made.
//
// Work and memory are bounded by [MaxObjects] and by the length of the pickle:
// no length that the pickle claims is believed before that many bytes are there.
//
// The instructions are those of protocols 2 to 5 as Python's pickletools
// documents them, less out-of-band buffers and the extension registry; text
// protocols 0 and 1 are refused.
package pickle
