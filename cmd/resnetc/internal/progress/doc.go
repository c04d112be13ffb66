// Package progress shows on a terminal how far a command is.
package progress
