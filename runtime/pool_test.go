package runtime

import (
	"errors"
	"fmt"
	"math"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// setProcs sets GOMAXPROCS for the test.
func setProcs(t testing.TB, n int) {
	t.Helper()
	old := goruntime.GOMAXPROCS(n)
	t.Cleanup(func() { goruntime.GOMAXPROCS(old) })
}

// counter counts how often each task is computed.
type counter struct {
	tasks []atomic.Int32
	size  int // team size that thread must stay below
	bad   atomic.Int32
}

func (c *counter) do(thread, from, to int) {
	if thread < 0 || thread >= c.size || from >= to {
		c.bad.Add(1)
	}
	for i := from; i < to; i++ {
		c.tasks[i].Add(1)
	}
}

func (c *counter) check(t *testing.T, times int32) {
	t.Helper()
	if c.bad.Load() != 0 {
		t.Errorf("%d calls with a thread or range that cannot be", c.bad.Load())
	}
	for i := range c.tasks {
		if got := c.tasks[i].Load(); got != times {
			t.Fatalf("task %d of %d was computed %d times, want %d", i, len(c.tasks), got, times)
		}
	}
}

func TestPoolEveryTaskOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 16} {
		t.Run(fmt.Sprint(procs, " procs"), func(t *testing.T) {
			setProcs(t, procs)
			p := newPool(0)
			defer p.close()
			team := p.newTeam()
			if err := team.acquire(0); err != nil {
				t.Fatal(err)
			}
			defer team.release()
			if team.size != procs {
				t.Fatalf("team of %d threads, want %d", team.size, procs)
			}
			for _, n := range []int{0, 1, 2, 3, 15, 16, 17, 100, 1001} {
				for _, grain := range []int{0, 1, 3, 7, 64, 5000} {
					c := &counter{tasks: make([]atomic.Int32, n), size: team.size}
					do := c.do
					const times = 20
					for range times {
						team.run(n, grain, do)
					}
					c.check(t, times)
				}
			}
		})
	}
}

// Workers that sleep between runs must wake, whatever state they are met in.
func TestPoolWakes(t *testing.T) {
	setProcs(t, 4)
	p := newPool(4)
	defer p.close()
	team := p.newTeam()
	for i := range 60 {
		if err := team.acquire(0); err != nil {
			t.Fatal(err)
		}
		c := &counter{tasks: make([]atomic.Int32, 64), size: 4}
		for range 3 {
			team.run(64, 1, c.do)
			time.Sleep(time.Duration(i%6) * spinTime / 3)
		}
		c.check(t, 3)
		team.release()
	}
}

// A caller that waits for slow workers sleeps after a while and is woken.
func TestPoolCallerSleeps(t *testing.T) {
	setProcs(t, 4)
	p := newPool(4)
	defer p.close()
	team := p.newTeam()
	if err := team.acquire(0); err != nil {
		t.Fatal(err)
	}
	defer team.release()
	var slow atomic.Int32
	for range 20 {
		c := &counter{tasks: make([]atomic.Int32, 8), size: 4}
		team.run(8, 1, func(thread, from, to int) {
			if thread > 0 {
				slow.Add(1)
				time.Sleep(5 * spinTime)
			}
			c.do(thread, from, to)
			if thread == 0 {
				time.Sleep(spinTime / 4) // let the workers have some
			}
		})
		c.check(t, 1)
		if n := team.busy.Load(); n != 0 {
			t.Fatalf("%d workers are said to be busy after the run", n)
		}
	}
	if slow.Load() == 0 {
		t.Error("no worker did anything in 20 runs")
	}
}

func TestPoolThreadsStayInBudget(t *testing.T) {
	for _, procs := range []int{1, 2, 16} {
		t.Run(fmt.Sprint(procs, " procs"), func(t *testing.T) {
			setProcs(t, procs)
			const budget = 5
			p := newPool(budget)
			defer p.close()
			limit := int32(min(budget, procs))
			var busy, worst, held atomic.Int32
			var wg sync.WaitGroup
			for user := range 12 {
				wg.Go(func() {
					team := p.newTeam()
					for round := range 40 {
						if err := team.acquire(1 + (user+round)%budget); err != nil {
							t.Error(err)
							return
						}
						if n := held.Add(int32(team.size)); n > limit {
							t.Errorf("teams hold %d threads, the budget is %d", n, limit)
						}
						c := &counter{tasks: make([]atomic.Int32, 37), size: team.size}
						do := func(thread, from, to int) {
							now := busy.Add(1)
							for old := worst.Load(); now > old && !worst.CompareAndSwap(old, now); old = worst.Load() {
							}
							c.do(thread, from, to)
							busy.Add(-1)
						}
						team.run(37, 2, do)
						team.run(37, 1, do)
						held.Add(-int32(team.size))
						team.release()
						c.check(t, 2)
					}
				})
			}
			wg.Wait()
			if worst.Load() > limit {
				t.Errorf("%d threads computed at once, the budget is %d", worst.Load(), limit)
			}
			if p.free != p.threads || p.threads != int(limit) {
				t.Errorf("%d of %d threads are free at the end", p.free, p.threads)
			}
		})
	}
}

// waitForQueue returns once n callers wait for threads.
func waitForQueue(p *pool, n int) {
	for queued := -1; queued != n; goruntime.Gosched() {
		p.mu.Lock()
		queued = p.tail - p.head
		p.mu.Unlock()
	}
}

// A team gets what is free, but leaves a thread to each that waits behind it.
func TestPoolSharesThreads(t *testing.T) {
	setProcs(t, 5)
	p := newPool(5)
	defer p.close()
	teams := []*team{p.newTeam(), p.newTeam(), p.newTeam(), p.newTeam()}
	for i, limit := range []int{3, 9} {
		if err := teams[i].acquire(limit); err != nil {
			t.Fatal(err)
		}
	}
	if teams[0].size != 3 || teams[1].size != 2 {
		t.Errorf("of 5 threads the teams have %d and %d, want 3 and 2", teams[0].size, teams[1].size)
	}
	var wg sync.WaitGroup
	for i, team := range teams[2:] {
		wg.Go(func() {
			if err := team.acquire(0); err != nil {
				t.Error(err)
			}
		})
		waitForQueue(p, i+1)
	}
	teams[0].release()
	wg.Wait()
	if teams[2].size != 2 || teams[3].size != 1 {
		t.Errorf("of 3 threads that came free the two that waited have %d and %d, want 2 and 1", teams[2].size, teams[3].size)
	}
	for _, team := range teams {
		team.release()
	}
}

// One that waits for a thread gets the next that comes free, even if those who
// came later want it too.
func TestPoolServesInOrder(t *testing.T) {
	setProcs(t, 2)
	p := newPool(1)
	defer p.close()
	first := p.newTeam()
	if err := first.acquire(0); err != nil {
		t.Fatal(err)
	}
	const users = 8
	order := make(chan int, users)
	for i := range users {
		go func() {
			team := p.newTeam()
			if err := team.acquire(0); err != nil {
				t.Error(err)
			}
			order <- i
			team.release()
		}()
		waitForQueue(p, i+1)
	}
	first.release()
	for want := range users {
		if got := <-order; got != want {
			t.Fatalf("user %d got the thread, it was the turn of %d", got, want)
		}
	}
}

func TestPoolCloseWhileRunning(t *testing.T) {
	setProcs(t, 4)
	before := goruntime.NumGoroutine()
	p := newPool(4)
	var stopped atomic.Bool
	var runs atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			team := p.newTeam()
			for {
				if err := team.acquire(2); errors.Is(err, errClosed) {
					return
				} else if err != nil {
					t.Error(err)
					return
				}
				team.run(100, 3, func(thread, from, to int) {
					if stopped.Load() {
						t.Error("a run goes on after close has returned")
					}
				})
				team.release()
				runs.Add(1)
			}
		})
	}
	for runs.Load() < 20 {
		time.Sleep(time.Millisecond)
	}
	p.close()
	stopped.Store(true)
	wg.Wait()
	if err := p.newTeam().acquire(1); !errors.Is(err, errClosed) {
		t.Errorf("acquire after close: %v, want %v", err, errClosed)
	}
	p.close() // twice does no harm
	waitForGoroutines(t, before)
}

// waitForGoroutines fails unless the number of goroutines comes down to n.
func waitForGoroutines(t *testing.T, n int) {
	t.Helper()
	for range 500 {
		if goruntime.NumGoroutine() <= n {
			return
		}
		goruntime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines are left, want %d:\n%s", goruntime.NumGoroutine(), n, buf[:goruntime.Stack(buf, true)])
}

func TestPoolForgottenIsCollected(t *testing.T) {
	setProcs(t, 4)
	before := goruntime.NumGoroutine()
	func() {
		p := newPool(4)
		team := p.newTeam()
		if err := team.acquire(0); err != nil {
			t.Fatal(err)
		}
		c := &counter{tasks: make([]atomic.Int32, 100), size: 4}
		team.run(100, 1, c.do)
		team.release()
		if n := goruntime.NumGoroutine(); n != before+3 {
			t.Fatalf("%d workers, want 3", n-before)
		}
	}()
	waitForGoroutines(t, before)
}

func TestPoolAllocatesNothing(t *testing.T) {
	setProcs(t, 4)
	p := newPool(4)
	defer p.close()
	team := p.newTeam()
	c := &counter{tasks: make([]atomic.Int32, 100), size: 4}
	do := c.do
	run := func() {
		if err := team.acquire(0); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			team.run(100, 1, do)
		}
		team.release()
	}
	if allocs := testing.AllocsPerRun(100, run); allocs != 0 { // of one thread: it sets GOMAXPROCS
		t.Errorf("%v allocations a run", allocs)
	}
	// Of four threads, none of which ends before all have begun: otherwise the caller
	// might do all of it.
	const threads = 4
	var begun atomic.Int64
	var all int64
	together := func(_, _, _ int) {
		begun.Add(1)
		for begun.Load() < all {
			goruntime.Gosched()
		}
	}
	run = func() {
		if err := team.acquire(0); err != nil {
			t.Fatal(err)
		}
		all += threads
		team.run(threads, 1, together)
		team.release()
	}
	run() // starts the workers
	// A goroutine that waits takes a record for that from a store of its processor's,
	// and Go makes one where that is empty: now and then, until all have enough.
	if n := mallocs(100, run); n > 50 {
		t.Errorf("%d allocations of four threads in 100 runs", n)
	}
}

// mallocs is how often the process allocates while f runs so many times, in the
// best of some attempts.
func mallocs(runs int, f func()) uint64 {
	var before, after goruntime.MemStats
	least := uint64(math.MaxUint64)
	for attempt := 0; attempt < 5 && least > 0; attempt++ {
		goruntime.ReadMemStats(&before)
		for range runs {
			f()
		}
		goruntime.ReadMemStats(&after)
		least = min(least, after.Mallocs-before.Mallocs)
	}
	return least
}

// Spinning threads must not hold up the garbage collector, which has to stop
// all goroutines: a loop that could not be stopped would do so for as long as
// the run lasts.
func TestPoolLetsTheCollectorIn(t *testing.T) {
	setProcs(t, 4)
	p := newPool(4)
	defer p.close()
	var stop atomic.Bool
	var runs atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		team := p.newTeam()
		if err := team.acquire(0); err != nil {
			t.Error(err)
			return
		}
		defer team.release()
		do := func(thread, from, to int) {}
		for !stop.Load() {
			team.run(8, 1, do)
			runs.Add(1)
		}
	})
	for range 20 {
		goruntime.GC()
	}
	stop.Store(true)
	wg.Wait()
	if runs.Load() == 0 {
		t.Error("nothing ran beside the collector")
	}
}

// An idle pool has to leave its cores alone.
func TestPoolParksWhenIdle(t *testing.T) {
	setProcs(t, 4)
	p := newPool(4)
	defer p.close()
	team := p.newTeam()
	if err := team.acquire(0); err != nil {
		t.Fatal(err)
	}
	defer team.release()
	team.run(8, 1, func(thread, from, to int) {})
	parked := 0
	for range 1000 {
		parked = 0
		for _, w := range team.workers {
			if w.state.Load() == workerParked {
				parked++
			}
		}
		if parked == 3 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d of 3 workers sleep", parked)
}
