package runtime

import (
	"sync/atomic"
	"time"
)

// A worker's states.  Its caller makes it posted, roused (idle again) and
// stopped; the worker makes itself running, idle and parked.
const (
	workerIdle    = iota // looks for a job
	workerPosted         // has one that it has not seen
	workerRunning        // has begun
	workerParked         // sleeps until a token comes through wake
	workerStopped        // returns
)

// worker is a goroutine that computes for one team at a time.
type worker struct {
	_       [128]byte // state has its cache lines to itself
	state   atomic.Uint32
	_       [124]byte
	wake    chan struct{}
	team    *team
	threads int // that share the job
	thread  int // which of them this one is
}

// post hands the worker a job; it must be idle or parked.
func (w *worker) post(t *team, threads, thread int) {
	w.team, w.threads, w.thread = t, threads, thread
	w.become(workerPosted)
}

// rouse makes a parked worker look for jobs again, so that it is awake by the
// time that one comes.
func (w *worker) rouse() {
	if w.state.Load() == workerParked {
		w.become(workerIdle)
	}
}

// stop ends the goroutine of a worker that is idle or parked, or was stopped.
func (w *worker) stop() { w.become(workerStopped) }

func (w *worker) become(state uint32) {
	if w.state.Swap(state) == workerParked {
		w.wake <- struct{}{}
	}
}

// recall takes a job back that the worker has not begun.
func (w *worker) recall() bool {
	return w.state.Load() == workerPosted && w.state.CompareAndSwap(workerPosted, workerIdle)
}

func (w *worker) loop() {
	for {
		switch w.state.Load() {
		case workerStopped:
			return
		case workerPosted:
			if w.state.CompareAndSwap(workerPosted, workerRunning) {
				t := w.team
				t.work(w.threads, w.thread)
				// Idle first: once busy is 0 the next job may come.
				w.state.Store(workerIdle)
				if t.busy.Add(-1) == parkedCaller {
					t.done <- struct{}{}
				}
			}
		case workerIdle:
			if !spin(func() bool { return w.state.Load() != workerIdle }) &&
				w.state.CompareAndSwap(workerIdle, workerParked) {
				<-w.wake
			}
		}
	}
}

// spinTime is how long threads look for work before they sleep: longer than
// from one layer to the next, and short enough that an idle model costs nothing.
const spinTime = 100 * time.Microsecond

// spin polls ready for about spinTime and reports whether it became true.
//
// Waking a goroutine on another core takes 5 µs at best and 50 often, as much
// as a small layer computes; a poll sees the news in 0.1 µs.  The loop calls
// functions with stack checks, so the scheduler and the garbage collector can
// stop it at any time.
func spin(ready func() bool) bool {
	const polls = 32 // from one look at the clock to the next
	var delay uint64
	for start := (time.Time{}); ; {
		for range polls {
			if ready() {
				return true
			}
			pause(&delay)
		}
		if start.IsZero() {
			start = time.Now()
		} else if time.Since(start) > spinTime {
			return false
		}
	}
}

// pause passes about 20 ns.  There is no PAUSE instruction in plain Go; a chain
// of divisions that wait for each other comes near, in that it leaves the
// core's other hyperthread nearly all of the execution units.
//
//go:noinline
func pause(x *uint64) {
	for d := uint64(3); d < 6; d++ {
		*x = *x/d | 1<<62
	}
}
