package runtime

import (
	"fmt"
	"math"
	"testing"
)

// softmaxRegression is a small real network: logits = W·x + b, trained by SGD
// with momentum, and a statistic like batch norm's.
type softmaxRegression struct {
	batch, classes int
	in             [3]int
	w, b, mean     []float32
	vw, vb         []float32
	logits         []float32
	gw, gb         []float32
	onStep         func(step int) // called first; may be nil
	steps          int            // taken in this process
	done           int            // as a StepCounter; the update depends on it
}

func newSoftmaxRegression(batch int, in [3]int, classes int) *softmaxRegression {
	n := in[0] * in[1] * in[2]
	m := &softmaxRegression{
		batch: batch, classes: classes, in: in,
		w: make([]float32, classes*n), b: make([]float32, classes), mean: make([]float32, n),
		vw: make([]float32, classes*n), vb: make([]float32, classes),
		gw: make([]float32, classes*n), gb: make([]float32, classes), logits: make([]float32, batch*classes),
	}
	r := formulaStream("linear.weight")
	for i := range m.w {
		m.w[i] = float32(0.01 * (r.float() - 0.5))
	}
	return m
}

func (m *softmaxRegression) Batch() int         { return m.batch }
func (m *softmaxRegression) InputShape() [3]int { return m.in }
func (m *softmaxRegression) Classes() int       { return m.classes }
func (m *softmaxRegression) Logits() []float32  { return m.logits }

func (m *softmaxRegression) Steps() int     { return m.done }
func (m *softmaxRegression) SetSteps(n int) { m.done = n }

func (m *softmaxRegression) forward(logits, images []float32) {
	n := len(m.mean)
	for i := range len(logits) / m.classes {
		for c := range m.classes {
			sum := m.b[c]
			for j, x := range images[i*n:][:n] {
				sum += (x - m.mean[j]) * m.w[c*n+j]
			}
			logits[i*m.classes+c] = sum
		}
	}
}

func (m *softmaxRegression) Evaluate(logits, images []float32) error {
	m.forward(logits, images)
	return nil
}

func (m *softmaxRegression) Step(images []float32, labels []int32, lr float32) (float32, error) {
	if m.onStep != nil {
		m.onStep(m.steps)
	}
	m.steps++
	m.done++
	lr *= 1 + 1/float32(m.done)
	n := len(m.mean)
	for i := range m.batch { // the statistic depends on the order of the batches
		for j, x := range images[i*n:][:n] {
			m.mean[j] += (x - m.mean[j]) / 256
		}
	}
	m.forward(m.logits, images)
	clear(m.gw)
	clear(m.gb)
	var loss float64
	for i, label := range labels {
		row := m.logits[i*m.classes:][:m.classes]
		loss += CrossEntropy(row, int(label))
		for c := range row {
			p := float32(math.Exp(-CrossEntropy(row, c)))
			if c == int(label) {
				p--
			}
			m.gb[c] += p
			for j, x := range images[i*n:][:n] {
				m.gw[c*n+j] += p * (x - m.mean[j])
			}
		}
	}
	update := func(w, v, g []float32) {
		for i := range w {
			v[i] = 0.9*v[i] + g[i]/float32(m.batch)
			w[i] -= lr * v[i]
		}
	}
	update(m.w, m.vw, m.gw)
	update(m.b, m.vb, m.gb)
	return float32(loss / float64(m.batch)), nil
}

func (m *softmaxRegression) Parameters() []Tensor {
	return []Tensor{{"linear.weight", []int{m.classes, len(m.mean)}, m.w}, {"linear.bias", []int{m.classes}, m.b}, {"running_mean", []int{len(m.mean)}, m.mean}}
}

func (m *softmaxRegression) OptimizerState() []Tensor {
	return []Tensor{{"linear.weight", []int{m.classes, len(m.mean)}, m.vw}, {"linear.bias", []int{m.classes}, m.vb}}
}

func set(list []Tensor, name string, data []float32) error {
	for _, t := range list {
		if t.Name == name && len(t.Data) == len(data) {
			copy(t.Data, data)
			return nil
		}
	}
	return fmt.Errorf("no tensor %s of %d values", name, len(data))
}

func (m *softmaxRegression) SetParameter(name string, data []float32) error {
	return set(m.Parameters(), name, data)
}

func (m *softmaxRegression) SetOptimizerState(name string, data []float32) error {
	return set(m.OptimizerState(), name, data)
}

// blobs is a dataset of n pictures, each class brighter in another corner.
func blobs(t testing.TB, n int, seed uint64) *Dataset {
	d := &Dataset{name: "blobs", count: 4, shape: [3]int{3, 6, 6}}
	r := randomStream{seed}
	for i := range n {
		label := i * 7 % 4
		d.labels = append(d.labels, int32(label))
		for y := range 6 {
			for x := range 6 {
				v := r.intn(150)
				if y/3*2+x/3 == label {
					v += 100
				}
				d.pixels = append(d.pixels, uint8(v), uint8(v/2+r.intn(60)), uint8(r.intn(256)))
			}
		}
	}
	d, err := newDataset(d)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
