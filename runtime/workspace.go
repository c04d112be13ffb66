package runtime

import (
	"fmt"
	"time"
)

// Workspace is the memory that a run needs.  One goroutine may use it at a
// time; after it is made, a run allocates nothing.
//
// A run goes through the network layer by layer, all images and all threads
// together; through the first layers, whose activations are larger than their
// weights, image by image.  If the activations of an image fit into a thread's cache, many
// images are divided among the threads instead, and each goes through the
// whole network with a few at a time: nothing leaves its cache, and nobody
// waits for anybody.
type Workspace struct {
	lane                              // all threads together
	batch  int                        // images of a run at most
	group  int                        // images that a thread takes at a time; 0 if they do not fit into its cache
	alone  []lane                     // for each thread, where groups may be run
	groups groups                     // the run in progress
	each   func(thread, from, to int) // w.runGroups, bound once so that a run allocates nothing
}

// groups is what the threads of a run that is divided among them need to know.
type groups struct {
	count    int
	images   int
	dst, src []float32
	out      Buffer
	layers   int
}

// groupBytes is how many bytes of activations a thread keeps in its L2 cache,
// beside weights: half of 1 MiB.
const groupBytes = 512 << 10

// NewWorkspace makes the memory for runs of up to batch images (at least 1).
func (m *Model) NewWorkspace(batch int) *Workspace {
	batch = max(batch, 1)
	w := &Workspace{batch: batch}
	together := batch
	if arena := 4 * m.program.Arena; arena <= 2*groupBytes {
		w.group = max(1, groupBytes/max(arena, 1))
		together = min(batch, w.group*m.pool.threads)
		w.each = w.runGroups
		for range m.pool.threads {
			w.alone = append(w.alone, newLane(m, min(batch, w.group), 1))
		}
	}
	w.lane = newLane(m, together, m.pool.threads)
	w.lane.team = m.pool.newTeam()
	if w.group == 0 {
		w.lane.single = m.program.Single
	}
	// A method value, once, of the lane where it stays.
	w.lane.body = w.lane.tasks
	return w
}

// Batch is the largest number of images of one run.
func (w *Workspace) Batch() int { return w.batch }

// Bytes is the size of the workspace's memory.
func (w *Workspace) Bytes() int {
	n := len(w.memory) + len(w.scratch)
	for i := range w.alone {
		n += len(w.alone[i].memory) + len(w.alone[i].scratch)
	}
	return 4 * n
}

// Run computes the logits of one or more images.  src holds the images in
// NCHW order, dst gets Classes values for each; their lengths say how many
// images there are, at most Batch.
func (w *Workspace) Run(dst, src []float32) error {
	p := w.m.program
	return w.compute(dst, src, p.Logits, p.LogitLayers)
}

// Embed computes the features of one or more images, Features values for
// each, and stops there; otherwise it is like Run.
func (w *Workspace) Embed(dst, src []float32) error {
	p := w.m.program
	if p.Features.Channels == 0 {
		return fmt.Errorf("%s: the network has no features, only one output", p.Name)
	}
	return w.compute(dst, src, p.Features, p.FeatureLayers)
}

func (w *Workspace) compute(dst, src []float32, out Buffer, layers int) error {
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
	if !w.divided(n) {
		w.walk(dst, src, n, out, layers)
		return nil
	}
	count := (n + w.group - 1) / w.group
	count = min(n, (count+w.team.size-1)/w.team.size*w.team.size) // as many for each thread
	w.groups = groups{count: count, images: n, dst: dst, src: src, out: out, layers: layers}
	w.team.run(count, 1, w.each)
	w.groups = groups{}
	return nil
}

// divided reports whether the threads share out n images: not if some would
// wait long for the last.
func (w *Workspace) divided(n int) bool {
	return w.group > 0 && (n > w.group*w.team.size || n%w.team.size == 0 && w.team.size > 1)
}

// runGroups runs groups of images, from one up to another, on one thread.
func (w *Workspace) runGroups(thread, from, to int) {
	g := &w.groups
	size, each := w.m.program.inputSize(), g.out.elements()
	for i := from; i < to; i++ {
		first, last := i*g.images/g.count, (i+1)*g.images/g.count
		w.alone[thread].walk(g.dst[first*each:last*each], g.src[first*size:last*size], last-first, g.out, g.layers)
	}
}

// Profile gives the time of each layer over all runs so far.  The first call
// for a model takes a moment to measure the machine's peak.
func (w *Workspace) Profile() Profile {
	p := w.m.program
	layers := make([]LayerProfile, len(p.Layers))
	for i := range p.Layers {
		l, all := &p.Layers[i], w.times[i]
		for _, a := range w.alone {
			// Threads that run alone run at the same time.
			t := a.times[i]
			t.elapsed /= time.Duration(len(w.alone))
			all.add(t)
		}
		layers[i] = LayerProfile{
			Name:     l.Name,
			Op:       l.Op.String(),
			Duration: all.elapsed,
			Runs:     all.runs,
			MACs:     l.MACs * all.images,
			Bytes:    l.weightBytes()*all.runs + l.ImageBytes()*all.images,
		}
	}
	return Profile{Name: p.Name, Kernels: w.m.kernels.level, Layers: layers, Peak: w.m.peak()}
}

// ResetProfile forgets the times of earlier runs.
func (w *Workspace) ResetProfile() {
	clear(w.times)
	for _, a := range w.alone {
		clear(a.times)
	}
}
