package runtime

import (
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"sync"
	"time"
)

// Trainer is a network in training: its parameters, the optimizer's state and
// the memory of a step.  One goroutine may use it at a time.
type Trainer struct {
	program *TrainProgram
	kernels *trainKernelSet
	w       *lane // whose model's weights are the store
	batch   int
	store   []float32
	logits  []float32

	step, seed int32
	labels     []int32
	rate       float32
	evaluating bool
	last       int // images of the last step

	// The row in progress, which tasks read.
	row     *TrainLayer
	phase   int
	chunks  int       // of TrainWeightGrad
	sums    []float64 // two for each channel of a block, plane and image
	partial []float32 // sums of TrainWeightGrad's chunks
	scratch []trainThread
	body    func(thread, from, to int)

	links     []link // by row
	chain     *link  // in progress
	group     int    // images of its tasks
	chainBody func(thread, from, to int)

	collective  Collective // nil if this trainer is alone
	ranks, rank int
	started     int     // buckets of the step in progress
	reduced     int     // those that have their mean
	bucket      *Bucket // that meanBody works on
	meanBody    func(thread, from, to int)
}

// trainThread is what one thread has to itself.
type trainThread struct {
	index   int
	channel channelArgs
	grad    weightGradArgs
	sums    [2 * block]float32
	coef    [6 * block]float32
	wino    winogradArgs
	pool    maxPoolGradArgs
	lane    lane                       // for rows that the thread computes alone
	spent   []time.Duration            // by the stages of the chain in progress
	turned  [9 * block * block]float32 // taps of a 3×3 kernel
	_       [128]byte                  // no cache line belongs to two threads
}

// NewTrainer makes a trainer for steps of up to batch images.  The parameters
// are as [Trainer.Initialize] leaves them for the seed 0.  Of the options,
// those that choose threads and kernels count, and [WithCollective].  Errors: a batch below 1, and
// options that this machine cannot fulfil.
func NewTrainer(p *TrainProgram, batch int, opts ...Option) (*Trainer, error) {
	o := options{threads: goruntime.GOMAXPROCS(0), kernels: os.Getenv(KernelsEnv)}
	for _, set := range opts {
		set(&o)
	}
	if o.open != nil {
		return nil, fmt.Errorf("%s: a trainer takes no packed weights: use SetParameter", p.Name)
	}
	if batch < 1 {
		return nil, fmt.Errorf("%s: a batch of %d images, want at least 1", p.Name, batch)
	}
	if o.threads < 1 {
		return nil, fmt.Errorf("%s: %d threads, want at least 1", p.Name, o.threads)
	}
	kernels, err := chooseKernels(o.kernels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	store := alignedFloats(p.Store)
	m := &Model{
		program: &Program{Name: p.Name, Arena: p.Arena, Scratch: p.Scratch, ThreadScratch: p.ThreadScratch, Input: p.Input, Logits: p.Logits},
		weights: weightSource{floats: store},
		kernels: kernels,
		pool:    newPool(o.threads),
	}
	m.peak = sync.OnceValue(func() float64 { return measurePeak(kernels, m.pool.threads) })
	w := newLane(m, batch, m.pool.threads)
	w.times = make([]layerTime, len(p.Layers))
	t := &Trainer{
		program: p, kernels: chooseTrainKernels(kernels.level), w: &w, batch: batch, store: store,
		logits: make([]float32, batch*p.Logits.elements()),
	}
	w.team = m.pool.newTeam()
	w.body = w.tasks
	t.scratch = make([]trainThread, m.pool.threads)
	t.links = p.chains()
	longest := 0
	for i := range t.links {
		longest = max(longest, len(t.links[i].chain))
	}
	for i := range t.scratch {
		s := &t.scratch[i]
		s.index, s.spent = i, make([]time.Duration, longest)
		s.lane = lane{m: m, memory: w.memory, scratch: w.scratch[i*p.ThreadScratch:], threads: w.threads[i : i+1]}
	}
	sums, partial := p.reserved(batch)
	t.sums, t.partial = make([]float64, sums), alignedFloats(partial)
	t.body, t.chainBody = t.tasks, t.chainRange
	if err := t.join(o.trainer); err != nil {
		m.pool.close()
		return nil, err
	}
	t.Initialize(0)
	return t, nil
}

// Initialize sets all parameters to what training from scratch begins with, by
// random numbers from the seed, and the optimizer's state and the number of
// steps to zero.  The seed is that of dropout too.
func (t *Trainer) Initialize(seed uint64) {
	t.step, t.seed = 0, int32(seed)
	for i := range t.program.Parameters {
		t.program.Parameters[i].fill(t.store, seed, i)
	}
	for i := range t.program.State {
		t.program.State[i].fill(t.store, seed, i)
	}
}

// Close stops the trainer's threads.  Later steps fail.
func (t *Trainer) Close() error {
	t.w.m.pool.close()
	return nil
}

// Batch is the largest number of images of a step.
func (t *Trainer) Batch() int { return t.batch }

// InputShape is the channels, height and width of one image.
func (t *Trainer) InputShape() [3]int { return t.program.Input }

// Classes is the number of logits of one image.
func (t *Trainer) Classes() int { return t.program.Classes }

// Kernels says which level of kernels the trainer uses.
func (t *Trainer) Kernels() Level { return t.w.m.kernels.level }

// Threads is the number of threads of a step.
func (t *Trainer) Threads() int { return t.w.m.pool.threads }

// Bytes is the size of all memory that the trainer holds.
func (t *Trainer) Bytes() int { return int(t.program.Bytes(t.batch, t.Threads())) }

// Steps is the number of steps so far, SetSteps sets it: dropout, stochastic
// depth and AdamW depend on it.
func (t *Trainer) Steps() int { return int(t.step) }

// SetSteps sets the number of steps so far, for a run that is resumed.
func (t *Trainer) SetSteps(n int) { t.step = int32(n) }

// Step runs forward, backward and update on one or more images, at most Batch,
// in NCHW order with a label each, and returns the mean loss before the
// update.  After an error nothing has changed, but for one of a [Collective].
func (t *Trainer) Step(images []float32, labels []int32, rate float32) (loss float32, err error) {
	p := t.program
	size := p.Input[0] * p.Input[1] * p.Input[2]
	n := len(labels)
	if n < 1 || n > t.batch || len(images) != n*size {
		return 0, fmt.Errorf("%s: %d values and %d labels, want %d (%d×%d×%d) for each of 1 to %d images and a label each",
			p.Name, len(images), n, size, p.Input[0], p.Input[1], p.Input[2], t.batch)
	}
	for i, l := range labels {
		if l < 0 || int(l) >= p.Classes {
			return 0, fmt.Errorf("%s: label %d is %d, want a class from 0 to %d", p.Name, i, l, p.Classes-1)
		}
	}
	for i := range p.Layers {
		if r := &p.Layers[i]; r.Op == TrainBatchNorm && n*r.Layer.In.Height*r.Layer.In.Width < 2 {
			return 0, fmt.Errorf("%s: layer %q has one element per channel, and a batch norm needs two or more to train: make the batch or the images larger", p.Name, r.Layer.Name)
		}
	}
	if err := t.acquire(); err != nil {
		return 0, err
	}
	defer t.w.team.release()
	t.w.see(images, 0, n)
	t.useChains(n)
	t.labels, t.rate, t.started, t.reduced = labels, rate, 0, 0
	at := time.Now()
	for i := range p.Layers {
		r := &p.Layers[i]
		if err := t.reduce(i, false); err != nil {
			return 0, err
		}
		others := t.runRow(i)
		if r.Op == TrainLoss {
			loss = t.store[r.Param]
		}
		if err := t.reduce(i, true); err != nil {
			return 0, err
		}
		at = t.measure(i, at.Add(others))
	}
	each := p.Logits.elements()
	for i := range n {
		unpack(t.logits[i*each:(i+1)*each], t.w.arena[t.w.base(p.Logits, i):], p.Logits)
	}
	t.w.src, t.labels, t.last = nil, nil, n
	t.step++
	return loss, nil
}

// acquire takes the threads of a step.
func (t *Trainer) acquire() error {
	err := t.w.team.acquire(0)
	if errors.Is(err, errClosed) {
		err = errors.New("the trainer is closed")
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", t.program.Name, err)
	}
	return err
}

// Logits are those of the last step, Classes for each of its images.
func (t *Trainer) Logits() []float32 { return t.logits[:t.last*t.program.Logits.elements()] }

// phases is as many as any row has.
const phases = 3

// runLayer does one row, phase by phase.
func (t *Trainer) runLayer(r *TrainLayer) { t.runPhases(r, 0, phases) }

// runPhases does the phases of a row from one up to another.
func (t *Trainer) runPhases(r *TrainLayer, from, to int) {
	if r.Op == TrainForward {
		if from < to {
			t.w.compute(&r.Layer)
		}
		return
	}
	switch {
	case r.Repeated:
		from = 2 // the factors are there
	case t.evaluating && r.Op == TrainBatchNorm:
		from = 1 // no statistics
	case r.Op == TrainWeightGrad && !r.gatherDY() && !r.gatherX():
		from = gradProducts
	}
	t.row = r
	for t.phase = from; t.phase < to; t.phase++ {
		n := t.countTasks(r)
		if n == 0 {
			return
		}
		t.w.team.run(n, 1, t.body)
	}
}

// countTasks is how many tasks the phase at hand of a row has; 0 after the last phase.
func (t *Trainer) countTasks(r *TrainLayer) int {
	images := t.w.images
	switch {
	case r.Op == TrainBatchNorm && t.phase < 3, r.Op == TrainChannelGrad && t.phase < 3, r.Op == TrainBiasGrad && t.phase < 2:
		if t.phase == 1 {
			return r.Layer.In.planes()
		}
		return images * r.Layer.In.planes()
	case r.Op == TrainWeightGrad && t.phase < gradPhases:
		return t.gradTasks(r)
	case t.phase > 0:
		return 0
	}
	switch r.Op {
	case TrainTurn:
		_, in, _ := r.Slot.weightShape()
		return in * r.Slot.Merged
	case TrainTransform:
		_, in, _ := r.Slot.weightShape()
		return in
	case TrainLossGrad, TrainSoftmaxGrad:
		return images
	case TrainReLUGrad, TrainMaxPoolGrad, TrainAvgPoolGrad, TrainSpread, TrainSlice, TrainDrop:
		return images * r.Layer.Out.planes()
	case TrainSGD, TrainAdamW, TrainSum:
		return (r.Size + updateChunk - 1) / updateChunk
	}
	return 1
}

// tasks does the tasks of the phase at hand from one up to another.
func (t *Trainer) tasks(thread, from, to int) {
	for task := from; task < to; task++ {
		t.task(t.row, &t.scratch[thread], t.phase, task)
	}
}

func (t *Trainer) task(r *TrainLayer, s *trainThread, phase, task int) {
	switch r.Op {
	case TrainBatchNorm:
		t.batchNorm(r, s, phase, task)
	case TrainChannelGrad:
		t.channelGrad(r, s, phase, task)
	case TrainBiasGrad:
		t.biasGrad(r, s, phase, task)
	case TrainRunningAverage:
		t.runningAverage(r)
	case TrainWeightGrad:
		t.weightGrad(r, s, task)
	case TrainTurn:
		t.turn(r, s, task)
	case TrainTransform:
		t.transform(r, s, task)
	case TrainLoss:
		t.loss(r)
	case TrainLossGrad:
		t.lossGrad(r, task)
	case TrainSoftmaxGrad:
		t.softmaxGrad(r, task)
	case TrainSGD:
		t.sgd(r, task)
	case TrainAdamW:
		t.adamW(r, task)
	case TrainSum:
		t.sum(r, task)
	case TrainGradNorm:
		t.gradNorm(r)
	default:
		image, plane := task/r.Layer.Out.planes(), task%r.Layer.Out.planes()
		t.planeTask(r, s, image, plane)
	}
}

// planeTask computes one plane of an image of a row's result.
func (t *Trainer) planeTask(r *TrainLayer, s *trainThread, image, plane int) {
	switch r.Op {
	case TrainReLUGrad:
		t.reluGrad(r, s, image, plane)
	case TrainMaxPoolGrad:
		t.maxPoolGrad(r, s, image, plane)
	case TrainAvgPoolGrad:
		t.avgPoolGrad(r, image, plane)
	case TrainSpread:
		t.spread(r, image, plane)
	case TrainSlice:
		t.slice(r, image, plane)
	case TrainDrop:
		t.drop(r, image, plane)
	}
}

// plane is one plane of an image of a buffer.
func (t *Trainer) plane(b Buffer, image, plane int) []float32 {
	return t.w.arena[t.w.base(b, image)+plane*b.plane():][:b.plane()]
}
