// Package nearest finds the names most like a name that was not found, so that
// an error can suggest what was meant.
package nearest
