// Package wire defines what the tuner and the program that times layers say to
// each other.  It imports the standard library only: its source travels with
// that program.
package wire
