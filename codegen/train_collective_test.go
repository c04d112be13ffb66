package codegen

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/resnetc/resnetc/ir"
	"github.com/resnetc/resnetc/passes"
	"github.com/resnetc/resnetc/runtime"
	"github.com/resnetc/resnetc/zoo"
	"github.com/resnetc/resnetc/zoo/golden"
)

// localGroup is the collective of trainers in one process.
type localGroup struct {
	sync.Mutex
	size   int
	rounds map[int]*localRound // by bucket
}

// localRound is the reduction of a bucket: the last rank to start it adds up.
type localRound struct {
	parts          [][]float32
	started, ended int
	done           chan struct{}
}

type localRank struct {
	*localGroup
	rank int
}

func (r localRank) Size() int { return r.size }
func (r localRank) Rank() int { return r.rank }

func (r localRank) Start(bucket int, data []float32) error {
	r.Lock()
	defer r.Unlock()
	round := r.rounds[bucket]
	if round == nil {
		round = &localRound{parts: make([][]float32, r.size), done: make(chan struct{})}
		r.rounds[bucket] = round
	}
	round.parts[r.rank] = data
	if round.started++; round.started == r.size {
		go round.add()
	}
	return nil
}

func (round *localRound) add() {
	for i := range round.parts[0] {
		sum := float32(0)
		for _, p := range round.parts {
			sum += p[i]
		}
		for _, p := range round.parts {
			p[i] = sum
		}
	}
	close(round.done)
}

func (r localRank) Wait(bucket int) error {
	r.Lock()
	round := r.rounds[bucket]
	r.Unlock()
	<-round.done
	r.Lock()
	defer r.Unlock()
	if round.ended++; round.ended == r.size {
		delete(r.rounds, bucket)
	}
	return nil
}

// stepRanks takes a step with every trainer at once, each with its part of the batch.
func stepRanks(t *testing.T, ranks []*runtime.Trainer, images []float32, labels []int32) (losses []float32) {
	t.Helper()
	losses = make([]float32, len(ranks))
	errs := make([]error, len(ranks))
	var wg sync.WaitGroup
	for i, tr := range ranks {
		wg.Go(func() {
			n, size := len(labels)/len(ranks), len(images)/len(ranks)
			losses[i], errs[i] = tr.Step(images[i*size:][:size], labels[i*n:][:n], 0.1)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return losses
}

func rankTrainers(t *testing.T, graph func() *ir.Graph, size, batch int) []*runtime.Trainer {
	t.Helper()
	group := &localGroup{size: size, rounds: map[int]*localRound{}}
	var ranks []*runtime.Trainer
	for rank := range size {
		tr, err := trainerWith(graph(), passes.Options{}, batch, 1, runtime.WithCollective(localRank{group, rank}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tr.Close() })
		ranks = append(ranks, tr)
	}
	return ranks
}

// TestCollective trains on two halves of a batch: the gradients are the means of
// those that two trainers have by themselves, and the parameters stay equal.
func TestCollective(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 4, Input: []int{4, 3, 16, 16}, Classes: 10, Momentum: 0.9}
	graph := func() *ir.Graph { return trainingGraph(t, s) }
	images, labels := formulaBatch(s, 0)
	var alone [2][]runtime.Tensor
	var wantLosses []float32
	var before []runtime.Tensor
	for i := range alone {
		tr, err := trainerOf(graph(), 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		before = tr.Parameters()
		loss, err := tr.Step(images[i*len(images)/2:][:len(images)/2], labels[2*i:][:2], 0.1)
		if err != nil {
			t.Fatal(err)
		}
		wantLosses, alone[i] = append(wantLosses, loss), tr.Gradients()
		tr.Close()
	}
	ranks := rankTrainers(t, graph, 2, 2)
	if losses := stepRanks(t, ranks, images, labels); !slices.Equal(losses, wantLosses) {
		t.Errorf("losses %v, want %v, of each rank's images", losses, wantLosses)
	}
	after := map[string][]float32{}
	for _, x := range ranks[0].Parameters() {
		after[x.Name] = x.Data
	}
	for i, x := range ranks[1].Gradients() {
		if y := ranks[0].Gradients()[i]; !slices.Equal(x.Data, y.Data) {
			t.Errorf("gradient %s differs between the ranks", x.Name)
		}
		param := before[slices.IndexFunc(before, func(p runtime.Tensor) bool { return p.Name == x.Name })]
		for k, g := range x.Data {
			mean := (alone[0][i].Data[k] + alone[1][i].Data[k]) / 2
			if g != mean {
				t.Fatalf("gradient %s: element %d is %v, want %v", x.Name, k, g, mean)
			}
			// The first step of SGD, whose velocity begins with 0.
			if want := float64(param.Data[k]) - 0.1*float64(mean); !(math.Abs(float64(after[x.Name][k])-want) <= 1e-6*max(1, math.Abs(want))) {
				t.Fatalf("parameter %s: element %d is %v, want %v", x.Name, k, after[x.Name][k], want)
			}
		}
	}
	for k := 1; k < 3; k++ {
		images, labels = formulaBatch(s, k)
		stepRanks(t, ranks, images, labels)
	}
	for i, x := range ranks[1].Parameters() {
		if y := ranks[0].Parameters()[i]; slices.Equal(x.Data, y.Data) == strings.Contains(x.Name, ".running_") {
			t.Errorf("%s: statistics are to differ between ranks after three steps, and nothing else", x.Name)
		}
	}
}

// TestCollectiveWhole compares three ranks with one trainer that has the whole
// batch, of a network without batch norm but with dropout, under clipping.
func TestCollectiveWhole(t *testing.T) {
	graph := func() *ir.Graph {
		g, err := ir.Parse("net.ir", []byte(`graph net
input x: f32[N,3,8,8]
param w: f32[20,3,3,3]
param v: f32[5,20]
c = conv2d(x, w) {padding=[1,1,1,1]}
d = dropout(c) {p=0.3}
s = stochastic_depth(d) {p=0.4}
r = relu(s)
p = global_avg_pool(r)
f = flatten(p)
y = linear(f, v)
output y
`))
		if err != nil {
			t.Fatal(err)
		}
		zoo.Formula(g, "")
		if err := passes.Gradient(g, passes.TrainOptions{Momentum: 0.9, ClipNorm: 0.5}); err != nil {
			t.Fatal(err)
		}
		return g
	}
	s := &golden.Training{Batch: 6, Input: []int{6, 3, 8, 8}, Classes: 5}
	whole, err := trainerOf(graph(), 6, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	ranks := rankTrainers(t, graph, 3, 2)
	for k := range 4 {
		images, labels := formulaBatch(s, k)
		want, err := whole.Step(images, labels, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, l := range stepRanks(t, ranks, images, labels) {
			sum += float64(l)
		}
		if !(math.Abs(sum/3-float64(want)) <= 1e-5) {
			t.Errorf("step %d: the mean loss is %v, want %v", k, sum/3, want)
		}
		norm := whole.GradientNorm()
		for _, tr := range ranks {
			if got := tr.GradientNorm(); !(math.Abs(float64(got-norm)) <= 1e-5) {
				t.Errorf("step %d: the norm of the gradients is %v, want %v", k, got, norm)
			}
		}
	}
	for i, x := range whole.Parameters() {
		want := make([]float64, len(x.Data))
		for k, v := range x.Data {
			want[k] = float64(v)
		}
		for _, tr := range ranks {
			if err := nearTensor(x.Name, tr.Parameters()[i].Data, want); err != nil {
				t.Error(err)
			}
		}
	}
}

// brokenCollective fails at the n-th call.
type brokenCollective struct {
	size, rank int
	calls, n   int
}

func (b *brokenCollective) Size() int                  { return b.size }
func (b *brokenCollective) Rank() int                  { return b.rank }
func (b *brokenCollective) Start(int, []float32) error { return b.call() }
func (b *brokenCollective) Wait(int) error             { return b.call() }

func (b *brokenCollective) call() error {
	if b.calls++; b.calls == b.n {
		return errors.New("the cable is cut")
	}
	return nil
}

// TestCollectiveErrors wants a failed reduction to change no weight, and one of
// a single trainer never to happen, at no cost.
func TestCollectiveErrors(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 2, Input: []int{2, 3, 8, 8}, Classes: 10, Momentum: 0.9}
	images, labels := formulaBatch(s, 0)
	alone, err := trainerOf(trainingGraph(t, s), s.Batch, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	start := alone.Parameters()
	for _, c := range []struct {
		collective *brokenCollective
		want       string // in the error of New, or of a step; "" for none
	}{
		{&brokenCollective{size: 0}, "a collective of size 0 with rank 0, want a rank from 0 to size-1"},
		{&brokenCollective{size: 2, rank: 2}, "a collective of size 2 with rank 2"},
		{&brokenCollective{size: 2, n: 1}, "starting to reduce bucket 0 of the gradients: the cable is cut"},
		{&brokenCollective{size: 2, n: 7}, "reducing bucket"},
		{&brokenCollective{size: 1, n: 1}, ""},
	} {
		tr, err := trainerWith(trainingGraph(t, s), passes.Options{}, s.Batch, 2, runtime.WithCollective(c.collective))
		if err == nil {
			defer tr.Close()
			_, err = tr.Step(images, labels, 0.1)
		}
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if tr != nil {
				for i, x := range tr.Parameters() {
					if !strings.Contains(x.Name, ".running_") && !slices.Equal(x.Data, start[i].Data) {
						t.Errorf("%s has changed by a failed step", x.Name)
					}
				}
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := alone.Step(images, labels, 0.1); err != nil {
			t.Fatal(err)
		}
		for i, x := range tr.Parameters() {
			if !slices.Equal(x.Data, alone.Parameters()[i].Data) {
				t.Errorf("%s differs from that of a trainer without a collective", x.Name)
			}
		}
		if n := testing.AllocsPerRun(3, func() {
			if _, err := tr.Step(images, labels, 0.1); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations a step", n)
		}
	}
}

// TestCollectiveAllocations wants a step with buckets to reduce to allocate nothing.
func TestCollectiveAllocations(t *testing.T) {
	s := &golden.Training{Model: "resnet20_cifar", Batch: 2, Input: []int{2, 3, 8, 8}, Classes: 10, Momentum: 0.9}
	images, labels := formulaBatch(s, 0)
	calls := &brokenCollective{size: 2}
	tr, err := trainerWith(trainingGraph(t, s), passes.Options{}, s.Batch, 2, runtime.WithCollective(calls))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if n := testing.AllocsPerRun(3, func() {
		if _, err := tr.Step(images, labels, 0.1); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
	if want := 4 * 2 * 4; calls.calls != want {
		t.Errorf("%d calls of four steps with four buckets, want %d", calls.calls, want)
	}
}

// TestBuckets wants the gradients in a few stretches without gaps, most of which
// are complete long before the last.
func TestBuckets(t *testing.T) {
	for name, atLeast := range map[string]int{"resnet20_cifar": 3, "resnet18": 4} {
		g := trainingGraph(t, &golden.Training{Model: name, Input: []int{1, 3, 32, 32}, Momentum: 0.9})
		if err := passes.Run(g, passes.Options{}); err != nil {
			t.Fatal(err)
		}
		l, err := lowerTrain(g)
		if err != nil {
			t.Fatal(err)
		}
		p := &l.program
		first := slices.IndexFunc(p.Layers, func(r runtime.TrainLayer) bool { return r.Op == runtime.TrainSGD })
		covered, text := 0, ""
		for i, b := range p.Buckets {
			text += fmt.Sprintf(" %d after row %d", b.Size, b.Ready)
			if i > 0 && (b.Offset != p.Buckets[i-1].Offset+p.Buckets[i-1].Size || b.Ready < p.Buckets[i-1].Ready) {
				t.Errorf("%s: bucket %d does not follow the one before", name, i)
			}
			if b.Ready >= first {
				t.Errorf("%s: bucket %d is complete after row %d, and the updates begin with %d", name, i, b.Ready, first)
			}
			covered += b.Size
		}
		t.Logf("%s, %d rows before the updates:%s", name, first, text)
		for _, s := range p.Gradients {
			covered -= s.Stored()
			inside := func(b runtime.Bucket) bool {
				return b.Offset <= s.Offset && s.Offset+s.Stored() <= b.Offset+b.Size
			}
			if !slices.ContainsFunc(p.Buckets, inside) {
				t.Errorf("%s: the gradient of %s is in no bucket", name, s.Name)
			}
		}
		if covered != 0 || len(p.Buckets) < atLeast || p.Buckets[0].Ready > p.Buckets[len(p.Buckets)-1].Ready*9/10 {
			t.Errorf("%s: buckets%s, %d float32s beyond the gradients", name, text, covered)
		}
	}
}
