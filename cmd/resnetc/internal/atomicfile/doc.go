// Package atomicfile writes a file completely or not at all.
package atomicfile
