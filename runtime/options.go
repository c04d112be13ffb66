package runtime

import "io"

// Option changes how New makes a model.
type Option func(*options)

type options struct {
	threads int
	kernels string
	open    func(*Program) (weightSource, error)

	trainer any // what only trainers know: a Collective
}

// WithThreads sets how many threads all workspaces of the model share;
// GOMAXPROCS without it.
func WithThreads(n int) Option { return func(o *options) { o.threads = n } }

// WithKernels forces a kernel level; the best that the machine can run without it.
func WithKernels(l Level) Option { return func(o *options) { o.kernels = l.String() } }

// WithWeightsFile maps the packed weights that resnetc compile wrote.
func WithWeightsFile(path string) Option {
	return func(o *options) {
		o.open = func(p *Program) (weightSource, error) { return weightsFromFile(p, path) }
	}
}

// WithWeights reads the packed weights from r, once, in New.
func WithWeights(r io.Reader) Option {
	return func(o *options) {
		o.open = func(p *Program) (weightSource, error) { return weightsFromReader(p, r) }
	}
}

// WithWeightsBytes uses the packed weights in b, which must not change while
// the model is in use.  They are copied only if b is not 64-byte aligned.
func WithWeightsBytes(b []byte) Option {
	return func(o *options) {
		o.open = func(p *Program) (weightSource, error) { return weightsFromBytes(p, b) }
	}
}
