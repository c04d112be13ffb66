// Package nearest finds the word that was probably meant by a misspelt one.
package nearest
