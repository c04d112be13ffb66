package runtime

import (
	"fmt"
	"time"
)

// Workspace is the memory that a run needs.  One goroutine may use it at a
// time; after it is made, a run allocates nothing.
type Workspace struct {
	m       *Model
	batch   int
	team    *team
	arena   []float32
	scratch []float32 // of all threads together, or cut into one part for each
	threads []thread
	elapsed []time.Duration // by layer, over all runs
	runs    []int
	counts  []int // images, by layer, over all runs

	// The layer in progress, which task reads.
	src    []float32
	images int
	layer  *Layer
	grid   grid
	body   func(thread, from, to int) // w.tasks, bound once so that a run allocates nothing
}

// thread holds the kernel arguments of one thread: kernels take a pointer to
// them, and in a local variable they would move to the heap at every call.
type thread struct {
	conv    convArgs
	pool    poolArgs
	eltwise eltwiseArgs
	wino    winogradArgs
	_       [128]byte // no cache line belongs to two threads
}

// NewWorkspace makes the memory for runs of up to batch images (at least 1).
func (m *Model) NewWorkspace(batch int) *Workspace {
	batch = max(batch, 1)
	w := &Workspace{
		m:       m,
		batch:   batch,
		team:    m.pool.newTeam(),
		arena:   alignedFloats(m.program.Arena * batch),
		scratch: alignedFloats(max(m.program.Scratch, m.program.ThreadScratch*m.pool.threads)),
		threads: make([]thread, m.pool.threads),
		elapsed: make([]time.Duration, len(m.program.Layers)),
		runs:    make([]int, len(m.program.Layers)),
		counts:  make([]int, len(m.program.Layers)),
	}
	w.body = w.tasks
	return w
}

// Batch is the largest number of images of one run.
func (w *Workspace) Batch() int { return w.batch }

// Bytes is the size of the workspace's memory.
func (w *Workspace) Bytes() int { return 4 * (len(w.arena) + len(w.scratch)) }

// Run computes the logits of one or more images.  src holds the images in
// NCHW order, dst gets Classes values for each; their lengths say how many
// images there are, at most Batch.
func (w *Workspace) Run(dst, src []float32) error {
	p := w.m.program
	return w.run(dst, src, p.Logits, p.LogitLayers)
}

// Embed computes the features of one or more images, Features values for
// each, and stops there; otherwise it is like Run.
func (w *Workspace) Embed(dst, src []float32) error {
	p := w.m.program
	if p.Features.Channels == 0 {
		return fmt.Errorf("%s: the network has no features, only one output", p.Name)
	}
	return w.run(dst, src, p.Features, p.FeatureLayers)
}

func (w *Workspace) run(dst, src []float32, out Buffer, layers int) error {
	p := w.m.program
	size, each := p.inputSize(), out.elements()
	n := len(src) / size
	if n < 1 || n*size != len(src) || n > w.batch {
		return fmt.Errorf("%s: src has %d values, want a multiple of %d (%d×%d×%d) for 1 to %d images",
			p.Name, len(src), size, p.Input[0], p.Input[1], p.Input[2], w.batch)
	}
	if len(dst) != n*each {
		return fmt.Errorf("%s: dst has %d values, want %d (%d for each of %d images)", p.Name, len(dst), n*each, each, n)
	}
	if err := w.team.acquire(0); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	defer w.team.release()
	w.src, w.images = src, n
	at := time.Now()
	for i := range p.Layers[:layers] {
		l := &p.Layers[i]
		w.layer = l
		if l.Winograd > 0 {
			w.winograd(l)
		} else {
			w.grid = l.grid(w.m.kernels.level, n, w.team.size)
			w.team.run(w.grid.tasks, 1, w.body)
		}
		now := time.Now()
		w.elapsed[i] += now.Sub(at)
		w.runs[i]++
		w.counts[i] += n
		at = now
	}
	for i := range n {
		unpack(dst[i*each:(i+1)*each], w.arena[w.base(out, i):], out)
	}
	w.src = nil
	return nil
}

// grid cuts a layer into tasks.
type grid struct {
	tasks  int
	splits int // convolution: row ranges of each group of output blocks
	group  int // convolution: output blocks of a task

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
func (w *Workspace) tasks(thread, from, to int) {
	for task := from; task < to; task++ {
		w.task(w.layer, thread, task)
	}
}

func (w *Workspace) task(l *Layer, thread, task int) {
	t := &w.threads[thread]
	if l.Winograd > 0 {
		w.winogradTask(l, thread, task)
		return
	}
	if l.Op == OpConv {
		w.conv(l, t, task)
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
func (w *Workspace) base(b Buffer, image int) int { return b.Offset*w.images + image*b.size() }

// Profile gives the time of each layer over all runs so far.  The first call
// for a model takes a moment to measure the machine's peak.
func (w *Workspace) Profile() Profile {
	p := w.m.program
	layers := make([]LayerProfile, len(p.Layers))
	for i := range p.Layers {
		l := &p.Layers[i]
		layers[i] = LayerProfile{
			Name:     l.Name,
			Op:       l.Op.String(),
			Duration: w.elapsed[i],
			Runs:     w.runs[i],
			MACs:     l.MACs * w.counts[i],
			Bytes:    l.weightBytes()*w.runs[i] + l.imageBytes()*w.counts[i],
		}
	}
	return Profile{Name: p.Name, Kernels: w.m.kernels.level, Layers: layers, Peak: w.m.peak()}
}

// ResetProfile forgets the times of earlier runs.
func (w *Workspace) ResetProfile() {
	clear(w.elapsed)
	clear(w.runs)
	clear(w.counts)
}
