package runtime

import (
	"errors"
	goruntime "runtime"
	"sync"
	"sync/atomic"
)

// errClosed is what runs on a closed model end with.
var errClosed = errors.New("the model is closed")

// pool is a budget of threads that any number of teams share.
//
// A team is one run of a network.  It takes between one and all of the free
// threads for its whole duration: its caller's goroutine is the first, workers
// of the pool are the others.  So the goroutines that compute at one time are
// never more than the budget, and a budget of one has no workers at all.
type pool struct {
	threads int

	mu      sync.Mutex
	changed sync.Cond // free, head or closed did
	free    int       // threads that no team holds
	idle    []*worker // workers that no team holds
	head    int       // the ticket whose turn it is
	tail    int       // the next ticket
	closed  bool
}

// newPool returns a pool of that many threads, of GOMAXPROCS if that is less
// or threads is 0 or negative: more could only wait for each other.
func newPool(threads int) *pool {
	limit := goruntime.GOMAXPROCS(0)
	if threads <= 0 || threads > limit {
		threads = limit
	}
	p := &pool{threads: threads, free: threads, idle: make([]*worker, 0, threads)}
	p.changed.L = &p.mu
	return p
}

// close waits until no team holds a thread, and stops all workers.  Teams that
// wait for a thread, or ask for one later, get errClosed.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.changed.Broadcast()
	for p.free < p.threads {
		p.changed.Wait()
	}
	for _, w := range p.idle {
		w.stop()
	}
	p.idle = p.idle[:0]
}

// take gives t at least one thread and at most limit, and returns how many.
// It serves callers in the order in which they came, and leaves one thread to
// each that waits behind.
func (p *pool) take(t *team, limit int) (int, error) {
	limit = min(limit, goruntime.GOMAXPROCS(0))
	p.mu.Lock()
	defer p.mu.Unlock()
	ticket := p.tail
	p.tail++
	for !p.closed && (ticket != p.head || p.free == 0) {
		p.changed.Wait()
	}
	if p.closed {
		return 0, errClosed
	}
	p.head++
	n := max(1, min(limit, p.free-(p.tail-p.head)))
	p.free -= n
	for range n - 1 {
		t.workers = append(t.workers, p.hire())
	}
	if p.tail != p.head {
		p.changed.Broadcast()
	}
	return n, nil
}

// hire returns an idle worker, awake or about to be.
func (p *pool) hire() *worker {
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		w.rouse()
		return w
	}
	w := &worker{wake: make(chan struct{}, 1)}
	// A worker knows its team only while it works for one, so a pool that the
	// program forgot is collected, and its workers with it.
	goruntime.AddCleanup(p, (*worker).stop, w)
	go w.loop()
	return w
}

// put takes back all n threads of t.
func (p *pool) put(t *team, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, w := range t.workers {
		w.team = nil
		p.idle = append(p.idle, w)
		t.workers[i] = nil
	}
	t.workers = t.workers[:0]
	p.free += n
	p.changed.Broadcast()
}

// team is the threads that one run works with.  A workspace keeps one and uses
// it again and again; none of its methods allocates.
type team struct {
	pool    *pool
	size    int // threads it holds; 0 when it holds none
	workers []*worker

	// The job at hand: written by run before the workers see it.
	body   func(thread, from, to int)
	grain  int
	shares []share

	done chan struct{} // tells a parked caller that the last worker is ready
	_    [128]byte
	// busy is how many workers may still be at the job, plus parkedCaller if
	// the caller waits on done.
	busy atomic.Int32
	_    [128]byte
}

const parkedCaller = 1 << 30

// share is the range of tasks that one thread begins with.  Others help once
// they are through with their own.
type share struct {
	next atomic.Int64
	end  int64
	_    [112]byte // two cache lines: they are fetched in pairs
}

// newTeam returns a team that holds no threads yet.
func (p *pool) newTeam() *team {
	return &team{
		pool:    p,
		workers: make([]*worker, 0, p.threads),
		shares:  make([]share, p.threads),
		done:    make(chan struct{}, 1),
	}
}

// acquire takes between one and limit threads, as many as are free, and waits
// while there are none.  limit 0 stands for all.  It fails with errClosed.
func (t *team) acquire(limit int) error {
	if limit <= 0 {
		limit = t.pool.threads
	}
	n, err := t.pool.take(t, limit)
	t.size = n
	return err
}

// release gives the threads back.
func (t *team) release() {
	if t.size > 0 {
		t.pool.put(t, t.size)
		t.size, t.body = 0, nil
	}
}

// run calls body on ranges that together are the tasks from 0 up to n, each of
// them once, and returns when all are done.  thread is below t.size and names
// the thread that makes the call, for scratch memory.  Ranges have grain tasks,
// or fewer at the end of a share.  Which thread computes a task is not
// determined, so no result may depend on it.
//
// body is kept until release: pass a func value that is made once, not a
// closure that is made for the call, and the call does not allocate.
func (t *team) run(n, grain int, body func(thread, from, to int)) {
	grain = max(grain, 1)
	threads := min(t.size, (n+grain-1)/grain)
	if threads <= 1 {
		if n > 0 {
			body(0, 0, n)
		}
		return
	}
	t.body, t.grain = body, grain
	for i := range t.shares[:threads] {
		s := &t.shares[i]
		s.next.Store(int64(i * n / threads))
		s.end = int64((i + 1) * n / threads)
	}
	helpers := t.workers[:threads-1]
	t.busy.Store(int32(len(helpers)))
	for i, w := range helpers {
		w.post(t, threads, i+1)
	}
	t.work(threads, 0)
	t.join(helpers)
}

// work computes the thread's own share and then what is left of the others.
func (t *team) work(threads, thread int) {
	for i := range threads {
		s := &t.shares[(thread+i)%threads]
		// Looking before adding keeps late helpers from contending.
		for s.next.Load() < s.end {
			from := s.next.Add(int64(t.grain)) - int64(t.grain)
			if from >= s.end {
				break
			}
			t.body(thread, int(from), int(min(from+int64(t.grain), s.end)))
		}
	}
}

// join returns when no worker is at the job any more.  All tasks are taken by
// then, so a worker that has not begun, because it sleeps still or the system
// has given its core to somebody else, is called off instead of waited for.
func (t *team) join(helpers []*worker) {
	for _, w := range helpers {
		if w.recall() {
			t.busy.Add(-1)
		}
	}
	if spin(func() bool { return t.busy.Load() == 0 }) {
		return
	}
	if t.busy.Add(parkedCaller) != parkedCaller {
		<-t.done
	}
	t.busy.Store(0)
}
