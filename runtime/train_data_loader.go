package runtime

import (
	"fmt"
	goruntime "runtime"
	"sync"
)

// loader prepares batches in goroutines of its own, a few ahead of the one in
// use, so that reading and augmentation overlap with the arithmetic.  Batches
// come in order and hold the same bits however many goroutines there are.
// After the first ones nothing is allocated for data in memory.
type loader struct {
	data    *Dataset
	seed    uint64
	batch   int
	steps   int // in an epoch
	quit    chan struct{}
	free    chan *loadedBatch // to be filled
	jobs    chan *loadedBatch // with their pictures chosen
	ordered chan *loadedBatch // the same, as next gives them
	wait    sync.WaitGroup
}

// loadedBatch is one batch; its memory is used again after release.
type loadedBatch struct {
	step, epoch int
	images      []float32
	labels      []int32
	which       []int32
	ready       chan error // one value when the batch is complete
}

// loaderOptions say what batches a loader gives.
type loaderOptions struct {
	Augment    Augment
	Preprocess Preprocess
	Seed       uint64
	Batch      int
	Training   bool // shuffled, augmented, only full batches and no end
	From       int  // the first step
	Workers    int  // 0 for half of the processors
}

// newLoader starts the goroutines; stop ends them.
func newLoader(d *Dataset, in [3]int, o loaderOptions) *loader {
	workers := o.Workers
	if workers <= 0 {
		workers = max(1, goruntime.GOMAXPROCS(0)/2)
	}
	ahead := workers + 2
	l := &loader{
		data:    d,
		seed:    o.Seed,
		batch:   o.Batch,
		steps:   stepsPerEpoch(d, o.Batch),
		quit:    make(chan struct{}),
		free:    make(chan *loadedBatch, ahead),
		jobs:    make(chan *loadedBatch, ahead),
		ordered: make(chan *loadedBatch, ahead),
	}
	if !o.Training {
		l.steps = (d.Len() + o.Batch - 1) / o.Batch
	}
	size := in[0] * in[1] * in[2]
	for range ahead {
		l.free <- &loadedBatch{
			images: make([]float32, o.Batch*size),
			labels: make([]int32, o.Batch),
			which:  make([]int32, 0, o.Batch),
			ready:  make(chan error, 1),
		}
	}
	l.wait.Go(func() { l.choose(o) })
	for range workers {
		s := newSampler(d, o.Augment, o.Preprocess, in, o.Seed)
		l.wait.Go(func() { l.work(s, o.Training) })
	}
	return l
}

// stepsPerEpoch is the number of full batches; an epoch of a formula is one.
func stepsPerEpoch(d *Dataset, batch int) int {
	if d.formula != nil {
		return 1
	}
	return d.Len() / batch
}

// choose says which pictures each batch holds.
func (l *loader) choose(o loaderOptions) {
	defer close(l.ordered)
	defer close(l.jobs)
	order := make([]int32, l.data.Len())
	epoch := -1
	for step := o.From; o.Training || step < l.steps; step++ {
		var b *loadedBatch
		select {
		case b = <-l.free:
		case <-l.quit:
			return
		}
		b.step, b.epoch = step, step/l.steps
		if b.epoch != epoch {
			epoch = b.epoch
			if o.Training {
				shuffle(order, l.seed, epoch)
			} else {
				for i := range order {
					order[i] = int32(i)
				}
			}
		}
		b.which = b.which[:0]
		if l.data.formula == nil {
			at := step % l.steps * l.batch
			b.which = append(b.which, order[at:min(at+l.batch, len(order))]...)
		}
		l.jobs <- b // as many places as batches: neither of them waits
		l.ordered <- b
	}
}

func (l *loader) work(s *sampler, training bool) {
	for b := range l.jobs {
		select {
		case <-l.quit: // nobody waits for what is left
			b.ready <- nil
		default:
			b.ready <- l.fill(b, s, training)
		}
	}
}

func (l *loader) fill(b *loadedBatch, s *sampler, training bool) (err error) {
	if f := l.data.formula; f != nil {
		f.batch(b.step, b.images, b.labels, l.data.count)
		return nil
	}
	size := len(b.images) / l.batch
	n := 0
	for _, which := range b.which {
		dst := b.images[n*size:][:size]
		if training {
			b.labels[n], err = s.train(dst, b.epoch, int(which))
		} else if b.labels[n], err = s.test(dst, int(which)); err == errSkipped {
			continue
		}
		if err != nil {
			return fmt.Errorf("epoch %d, picture %d: %w", b.epoch+1, which, err)
		}
		n++
	}
	b.which = b.which[:n]
	return nil
}

// next gives the next batch, or nil after the last one.
func (l *loader) next() (*loadedBatch, error) {
	b, ok := <-l.ordered
	if !ok {
		return nil, nil
	}
	return b, <-b.ready
}

// release gives a batch back.
func (l *loader) release(b *loadedBatch) { l.free <- b }

// stop ends the goroutines and waits for them.
func (l *loader) stop() {
	close(l.quit)
	l.wait.Wait()
}
