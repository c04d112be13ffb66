// Package tune finds out by measurement how each convolution of a network is
// computed fastest on this machine, and keeps the answers in a text file.
//
// The candidates for a convolution are its algorithms with their schedules: the
// order of the loops, the blocks of a tile, and for Winograd's algorithm whether
// its steps are fused and how many tiles go through them at a time, as far as no
// kernel is called for so long that the garbage collector would wait for it.
//
// One program is built, of the runtime and every kernel there is, and times
// programs of single layers that it receives as data.  A layer in a network finds
// its weights where the run before has left them, in memory or a cache, and its
// input where the layer before has just written it.  So a timed program is many
// copies of the layer, each with weights of its own, as many as make up what the
// network holds or what no cache does; before each copy runs, its input is
// written; and activations rotate through as much memory as the network's arena.
//
// Every candidate is timed briefly; the best of them, and what the cost model
// chose, take turns after that.  A time is the mean over the copies of each one's
// fastest run, because other work on the machine makes runs longer, never
// shorter.  The cost model keeps its choice unless another is clearly faster.
package tune
