// Package driver builds a generated package into a program and talks to it.
//
// A generated package is Go source: to run it, somebody must compile it.  [Build]
// puts it into a module of its own beside a small main program, runs the go command
// there, and [Program.Start] starts the result.  The two processes exchange
// gob-encoded requests and responses over the program's standard input and
// output; the package wire, which the module carries as a copy, defines them.
// The module needs nothing but the standard library, so it builds offline.
//
// A process per started program, instead of a plugin, lets one built network
// run with several kernel levels and thread counts, and lets a benchmark time it
// in turn with code in this process.
package driver
