package runtime

import (
	"fmt"
	"image"
	"os"
	goruntime "runtime"
	"strings"
	"sync"
)

// Model is one network with its weights.  It never changes after it is made,
// and any number of goroutines may use it at once.
type Model struct {
	program *Program
	weights weightSource
	kernels *kernelSet
	pool    *pool

	peak func() float64 // of the model's threads, in GFLOP/s; measured once

	mu   sync.Mutex
	idle []*Workspace // of batch 1, for Classify and Embed
}

// NewModel makes a model of a compiled program.  Generated packages call it
// from New, with their own program and embedded weights (nil if the weights
// are in a file).  Errors: weights that are missing, damaged or of another
// network, and options that this machine cannot fulfil.
func NewModel(p *Program, embedded []byte, opts ...Option) (*Model, error) {
	o := options{threads: goruntime.GOMAXPROCS(0), kernels: os.Getenv(KernelsEnv)}
	for _, set := range opts {
		set(&o)
	}
	kernels, err := chooseKernels(o.kernels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	if o.threads < 1 {
		return nil, fmt.Errorf("%s: %d threads, want at least 1", p.Name, o.threads)
	}
	if o.open == nil {
		if embedded == nil {
			return nil, fmt.Errorf("%s: this package has no embedded weights: pass WithWeightsFile, WithWeights or WithWeightsBytes", p.Name)
		}
		o.open = func(p *Program) (weightSource, error) { return weightsFromBytes(p, embedded) }
	}
	weights, err := o.open(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	m := &Model{program: p, weights: weights, kernels: kernels, pool: newPool(o.threads)}
	m.peak = sync.OnceValue(func() float64 { return measurePeak(kernels, m.pool.threads) })
	return m, nil
}

// Close waits until no workspace runs, stops the model's threads and gives back
// its mapped weights.  Later runs fail.
func (m *Model) Close() error {
	m.pool.close()
	return m.weights.close()
}

// Verify reads all weights, which New does not, and fails if they are not those
// that were packed when the network was compiled.
func (m *Model) Verify() error {
	if err := m.weights.verify(m.program); err != nil {
		return fmt.Errorf("%s: %w", m.program.Name, err)
	}
	return nil
}

// Threads is the number of threads that all workspaces of the model share.
func (m *Model) Threads() int { return m.pool.threads }

// KernelsEnv is the environment variable that forces a kernel level, for
// instance avx2 or purego; WithKernels goes before it.
const KernelsEnv = "RESNETC_KERNELS"

// Levels are the kernel levels that this build has and this machine can run,
// the fastest first.
func Levels() []Level {
	var levels []Level
	for _, k := range kernelSets() {
		levels = append(levels, k.level)
	}
	return levels
}

// kernelSets lists the levels, the fastest first.
func kernelSets() []*kernelSet { return append(assemblyKernels(), genericKernels()) }

// chooseKernels picks the best level, or the one called name.
func chooseKernels(name string) (*kernelSet, error) {
	sets := kernelSets()
	if name == "" {
		return sets[0], nil
	}
	var have []string
	for _, k := range sets {
		if k.level.String() == name {
			return k, nil
		}
		have = append(have, k.level.String())
	}
	return nil, fmt.Errorf("no kernels %q in this build on this machine, want one of %s", name, strings.Join(have, ", "))
}

// Kernels says which level of kernels the model uses.
func (m *Model) Kernels() Level { return m.kernels.level }

// Name is the network's name.
func (m *Model) Name() string { return m.program.Name }

// InputShape is the channels, height and width of one input image.
func (m *Model) InputShape() [3]int { return m.program.Input }

// Classes is the number of logits of one image: all elements of the network's
// first output.
func (m *Model) Classes() int { return m.program.Logits.elements() }

// Features is the number of values that Embed gives; 0 if the network has no
// second output.
func (m *Model) Features() int { return m.program.Features.elements() }

// Labels are the names of the classes; nil if none were compiled in.
func (m *Model) Labels() []string { return m.program.Labels }

// Classify gives the k most probable classes of a picture, best first.  The
// picture is resized, cropped and normalized as the network was trained.
func (m *Model) Classify(img image.Image, k int) ([]Prediction, error) {
	logits := make([]float32, m.Classes())
	if err := m.withImage(img, func(w *Workspace, src []float32) error { return w.Run(logits, src) }); err != nil {
		return nil, err
	}
	return topK(logits, m.program.Labels, k)
}

// Embed gives the features of a picture, the values before the last linear
// layer, prepared like for Classify.
func (m *Model) Embed(img image.Image) ([]float32, error) {
	features := make([]float32, m.Features())
	return features, m.withImage(img, func(w *Workspace, src []float32) error { return w.Embed(features, src) })
}

// Preprocess turns a picture into the network's input, float32s in the order
// of InputShape, as Classify does.  dst has room for one image.
func (m *Model) Preprocess(dst []float32, img image.Image) error {
	s := m.program.Input
	if s[0] != 3 {
		return fmt.Errorf("%s: the network takes %d channels; pictures have 3: use Workspace.Run", m.program.Name, s[0])
	}
	if err := preprocess(dst, img, m.program.Preprocess, s[1], s[2]); err != nil {
		return fmt.Errorf("%s: %w", m.program.Name, err)
	}
	return nil
}

// withImage calls f with an idle workspace and the preprocessed picture.
func (m *Model) withImage(img image.Image, f func(w *Workspace, src []float32) error) error {
	src := make([]float32, m.program.inputSize())
	if err := m.Preprocess(src, img); err != nil {
		return err
	}
	m.mu.Lock()
	var w *Workspace
	if n := len(m.idle); n > 0 {
		w, m.idle = m.idle[n-1], m.idle[:n-1]
	}
	m.mu.Unlock()
	if w == nil {
		w = m.NewWorkspace(1)
	}
	err := f(w, src)
	m.mu.Lock()
	m.idle = append(m.idle, w)
	m.mu.Unlock()
	return err
}
