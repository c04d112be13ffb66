package runtime

import "fmt"

// Collective joins trainers, in goroutines or in processes, that take steps
// together, each with images of its own: their gradients become the mean over
// all of them.  The trainers are of one program and begin with the same
// parameters, so that these stay the same.
//
// While a step is on its way back it starts buckets of gradients that are
// complete, in an order that does not change, and waits for all of them before
// it updates parameters: what a collective does meanwhile costs no time.  The
// methods are called from one goroutine at a time, and allocate nothing if the
// collective does not.
type Collective interface {
	// Size is the number of trainers.
	Size() int
	// Rank is the number of this one, from 0 to Size-1.
	Rank() int
	// Start begins to replace each element of data by its sum over all ranks,
	// and returns at once.  Until Wait has returned data belongs to the
	// collective.  All ranks start the same buckets, of the same lengths, in
	// the same order, each once a step; they count from 0.
	Start(bucket int, data []float32) error
	// Wait returns when a bucket that was started has its sums, which have the
	// same bits on all ranks.
	Wait(bucket int) error
}

// WithCollective joins a trainer to others.  All of them must take a step with
// the same number of images, for what they compute is the mean over the ranks.
// Batch norms normalize by the images of their own rank, and so do the running
// statistics differ: save those of one rank.  The loss and the logits of a step
// are those of its own images.  Dropout and stochastic depth treat the images of
// all ranks, one rank after another, as those of one batch.
//
// If the collective fails then so does the step.  It has changed no parameter
// then, but running statistics: stop, and go on from a checkpoint.
func WithCollective(c Collective) Option { return func(o *options) { o.trainer = c } }

// Bucket is a stretch of the store with gradients that are complete after the
// same row.
type Bucket struct {
	Offset, Size int // float32s
	Ready        int // the row
}

// join makes the trainer use the collective that the options hold, if there is
// one; that of size 1 has nothing to do.
func (t *Trainer) join(option any) error {
	c, ok := option.(Collective)
	if !ok {
		return nil
	}
	size, rank := c.Size(), c.Rank()
	if size < 1 || rank < 0 || rank >= size {
		return fmt.Errorf("%s: a collective of size %d with rank %d, want a rank from 0 to size-1", t.program.Name, size, rank)
	}
	if size == 1 {
		return nil
	}
	t.collective, t.ranks, t.rank = c, size, rank
	t.meanBody = t.meanTasks
	return nil
}

// startBuckets starts those that are complete after a row.
func (t *Trainer) startBuckets(row int) error {
	for t.started < len(t.program.Buckets) && t.program.Buckets[t.started].Ready <= row {
		i, b := t.started, &t.program.Buckets[t.started]
		if err := t.collective.Start(i, t.store[b.Offset:][:b.Size]); err != nil {
			return fmt.Errorf("%s: starting to reduce bucket %d of the gradients: %w", t.program.Name, i, err)
		}
		t.started++
	}
	return nil
}

// waitBuckets waits for those that were started, and makes means of the sums.
func (t *Trainer) waitBuckets() error {
	for ; t.reduced < t.started; t.reduced++ {
		if err := t.collective.Wait(t.reduced); err != nil {
			return fmt.Errorf("%s: reducing bucket %d of the gradients: %w", t.program.Name, t.reduced, err)
		}
		t.bucket = &t.program.Buckets[t.reduced]
		t.w.team.run((t.bucket.Size+updateChunk-1)/updateChunk, 1, t.meanBody)
	}
	return nil
}

// reduce does what a collective has to do around a row: to wait before the
// first that uses gradients, and to start what is complete after one.
func (t *Trainer) reduce(row int, done bool) error {
	switch {
	case t.collective == nil:
		return nil
	case done:
		return t.startBuckets(row)
	case t.program.Layers[row].Op.isUpdate():
		return t.waitBuckets()
	}
	return nil
}

// meanTasks divides chunks of the bucket at hand by the number of ranks.
func (t *Trainer) meanTasks(_, from, to int) {
	scale := 1 / float32(t.ranks)
	part := t.store[t.bucket.Offset:][:t.bucket.Size]
	part = part[from*updateChunk : min(to*updateChunk, len(part))]
	for i := range part {
		part[i] *= scale
	}
}

// isUpdate reports whether a row uses complete gradients.
func (o TrainOp) isUpdate() bool { return o == TrainGradNorm || o == TrainSGD || o == TrainAdamW }
