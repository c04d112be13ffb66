// Package wire defines what resnetc and a built network say to each other.
// It imports the standard library only: its source travels with the network.
package wire
