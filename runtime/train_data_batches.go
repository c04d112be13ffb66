package runtime

import (
	"context"
	"fmt"
)

// Batches calls do with all pictures in their order, up to batch at a time, as
// a network for images of the shape in (channels, height, width) sees them at
// inference: normalized, NCHW, with a label each, without those that are skipped.  The slices are do's until it
// returns.  It ends with the first error, or with ErrInterrupted when ctx ends.
func (d *Dataset) Batches(ctx context.Context, in [3]int, p Preprocess, batch int, do func(images []float32, labels []int32) error) error {
	if batch < 1 {
		return fmt.Errorf("batches of %d images, want at least 1", batch)
	}
	if err := d.fits(in, d.count, batch, Augment{}, p, false); err != nil {
		return err
	}
	l := newLoader(d, in, loaderOptions{Preprocess: p, Batch: batch})
	defer l.stop()
	for {
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		b, err := l.next()
		if err != nil || b == nil {
			return err
		}
		n := len(b.which)
		if n == 0 { // all of them skipped
			l.release(b)
			continue
		}
		if err := do(b.images[:n*in[0]*in[1]*in[2]], b.labels[:n]); err != nil {
			return err
		}
		l.release(b)
	}
}
