package runtime

import "time"

// lane is one walk through the layers of a network, by one thread or by a team.
type lane struct {
	m       *Model
	team    *team     // nil for one thread
	memory  []float32 // an arena for each image
	single  int       // layers that run image by image
	scratch []float32 // of all threads together, or cut into one part for each
	threads []thread
	times   []layerTime

	// The layer in progress, which tasks read, and its images.
	arena  []float32 // from the first image's on
	src    []float32
	images int
	layer  *Layer
	grid   grid
	body   func(thread, from, to int) // the lane's method tasks
}

// thread holds the kernel arguments of one thread: kernels take a pointer to
// them, and in a local variable they would move to the heap at every call.
type thread struct {
	conv    convArgs
	pool    poolArgs
	eltwise eltwiseArgs
	wino    winogradArgs

	strassen strassenArgs

	read *Layer    // the last one by Winograd's algorithm, whose small weights are in the thread's L2 cache
	_    [128]byte // no cache line belongs to two threads
}

// layerTime is the time of a layer, for the profile.
type layerTime struct {
	elapsed      time.Duration
	runs, images int
}

func (t *layerTime) add(u layerTime) {
	t.elapsed += u.elapsed
	t.runs += u.runs
	t.images += u.images
}

// newLane makes the memory for up to that many images, to be computed by that many threads.
func newLane(m *Model, images, threads int) lane {
	return lane{
		m:       m,
		memory:  alignedFloats(m.program.Arena * images),
		scratch: alignedFloats(max(m.program.Scratch, m.program.ThreadScratch*threads)),
		threads: make([]thread, threads),
		times:   make([]layerTime, len(m.program.Layers)),
	}
}

// walk computes n images up to the layer that gives out, and writes that to dst.
func (w *lane) walk(dst, src []float32, n int, out Buffer, layers int) {
	single := 0
	if n > 1 {
		single = min(w.single, layers)
		for i := range n {
			w.see(src, i, 1)
			w.layers(0, single)
		}
	}
	w.see(src, 0, n)
	w.layers(single, layers)
	each := out.elements()
	for i := range n {
		unpack(dst[i*each:(i+1)*each], w.arena[w.base(out, i):], out)
	}
	w.src = nil
}

// see makes n images, from the one called first on, those that layers compute.
func (w *lane) see(src []float32, first, n int) {
	p := w.m.program
	w.arena, w.src, w.images = w.memory[first*p.Arena:], src[first*p.inputSize():], n
}

// layers computes the layers from one up to another.
func (w *lane) layers(from, to int) {
	at := time.Now()
	for i := from; i < to; i++ {
		w.compute(&w.m.program.Layers[i])
		now := time.Now()
		w.times[i].add(layerTime{now.Sub(at), 1, w.images})
		at = now
	}
}

// compute computes a layer.
func (w *lane) compute(l *Layer) {
	w.layer = l
	if l.Winograd > 0 {
		w.winograd(l)
		return
	}
	if l.Strassen {
		w.strassen(l)
		return
	}
	w.grid = l.grid(w.m.kernels.level, w.images, w.size())
	w.run(w.grid.tasks)
}

// size is the number of threads at work.
func (w *lane) size() int {
	if w.team == nil {
		return 1
	}
	return w.team.size
}

// run does the tasks of the layer in progress, with all threads.
func (w *lane) run(tasks int) {
	if w.team == nil {
		w.tasks(0, 0, tasks)
		return
	}
	w.team.run(tasks, 1, w.body)
}

// grid cuts a layer into tasks.
type grid struct {
	tasks  int
	splits int // convolution: row ranges of each group of output blocks
	group  int // convolution: output blocks of a task
	parts  int // Strassen: parts of the output channels

	phase       winogradPhase
	first, last int // Winograd: rows of tiles in the chunk at hand
}

func (l *Layer) grid(level Level, images, threads int) grid {
	if l.Op == OpConv {
		return l.convGrid(level, images, threads)
	}
	return grid{tasks: images * l.Out.planes()}
}

// tasks does the tasks of the layer in progress from one up to another.
func (w *lane) tasks(thread, from, to int) {
	for task := from; task < to; task++ {
		w.task(w.layer, thread, task)
	}
}

func (w *lane) task(l *Layer, thread, task int) {
	t := &w.threads[thread]
	if l.Winograd > 0 {
		w.winogradTask(l, thread, task)
		return
	}
	if l.Strassen {
		w.strassenTask(l, t, thread, task)
		return
	}
	if l.Op == OpConv {
		w.conv(l, thread, task)
		return
	}
	image, plane := task/l.Out.planes(), task%l.Out.planes()
	switch l.Op {
	case OpMaxPool, OpAvgPool:
		w.window(l, t, image, plane)
	case OpAffine, OpAdd, OpReLU:
		w.eltwise(l, t, image, plane)
	case OpSubsample, OpConcat:
		w.channels(l, image, plane)
	case OpSoftmax:
		if plane == 0 { // one task: a sum runs over all channels
			w.softmax(l, image)
		}
	case OpReorder:
		w.reorder(l, image, plane)
	}
}

// base is where an image of a buffer starts in the arena.
func (w *lane) base(b Buffer, image int) int { return image*w.m.program.Arena + b.Offset }
