package wire

import "time"

// Request asks for the times of programs, which take turns.  P is Program in
// the runtime of whoever reads or writes it.
type Request[P any] struct {
	Programs []P
	// Timed names the layers that are timed.
	Timed string
	// Batch is the number of images.
	Batch int
	// Rounds is how often each program runs, after one run that does not count.
	// With 0 nothing runs.
	Rounds int
}

// Response answers a request.
type Response struct {
	Error   string
	Level   string // of the kernels
	Threads int
	// Times has for each program the mean over its timed layers of the fastest
	// run of each.
	Times []time.Duration
}
